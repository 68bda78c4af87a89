// SPDX-License-Identifier: Apache-2.0
#include "plugin/masquerade.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "cni/json.h"
#include "plugin/child.h"

namespace namegate::plugin {

namespace {

using cni::Json;

constexpr std::string_view kChainPrefix = "pod-";
constexpr std::size_t kHostIfnameBytes = 13;  // "ng" and 11 hex digits
constexpr int kSourceNatPriority = 100;

std::string chain_of(const std::string& host_ifname) { return std::string(kChainPrefix) + host_ifname; }

// A transaction in the JSON form of nft -j (libnftables-json(5)).
class Transaction {
  public:
    // Adds the table and the objects that all endpoints share. Every transaction repeats this; existing objects do not change.
    Transaction() {
        command("add", "table", {{"family", "inet"}, {"name", "namegate"}});
        command("add", "map", of_table({{"name", "pods"}, {"type", "ifname"}, {"map", "verdict"}}));
        command(
            "add", "chain",
            of_table(
                {{"name", "postrouting"}, {"type", "nat"}, {"hook", "postrouting"}, {"prio", kSourceNatPriority}, {"policy", "accept"}}));
    }

    void chain(const char* verb, const std::string& name) { command(verb, "chain", of_table({{"name", name}})); }
    void rule(const std::string& chain, Json expressions) {
        command("add", "rule", of_table({{"chain", chain}, {"expr", std::move(expressions)}}));
    }
    void add_element(const std::string& host_ifname) {
        Json element = Json::array({host_ifname, {{"jump", {{"target", chain_of(host_ifname)}}}}});
        command("add", "element", of_table({{"name", "pods"}, {"elem", Json::array({std::move(element)})}}));
    }
    // Leaves an empty chain and no element. Deleting an element that does not exist fails, so it is added first.
    void clear(const std::string& host_ifname) {
        chain("add", chain_of(host_ifname));
        add_element(host_ifname);
        command("delete", "element", of_table({{"name", "pods"}, {"elem", Json::array({host_ifname})}}));
        chain("flush", chain_of(host_ifname));
    }

    std::string text() const { return Json{{"nftables", commands_}}.dump(); }

  private:
    void command(const char* verb, const char* object, Json fields) { commands_.push_back({{verb, {{object, std::move(fields)}}}}); }
    static Json of_table(Json fields) {
        fields["family"] = "inet";
        fields["table"] = "namegate";
        return fields;
    }

    Json commands_ = Json::array();
};

// The expressions of a rule: packets to this prefix keep their source address.
Json returns_for(const IpPrefix& prefix) {
    const Json left = {{"payload", {{"protocol", prefix.is_v4() ? "ip" : "ip6"}, {"field", "daddr"}}}};
    const Json right = {{"prefix", {{"addr", prefix.address().to_string()}, {"len", prefix.length()}}}};
    return Json::array({{{"match", {{"op", "=="}, {"left", left}, {"right", right}}}}, {{"return", nullptr}}});
}

Error unexpected(const std::string& what) { return {Code::kIo, "nft printed JSON of an unexpected form: " + what}; }

}  // namespace

std::string masquerade_add_script(const std::string& host_ifname, const std::vector<IpPrefix>& local) {
    const std::string chain = chain_of(host_ifname);
    Transaction transaction;
    transaction.chain("flush", "postrouting");
    transaction.rule("postrouting", Json::array({{{"vmap", {{"key", {{"meta", {{"key", "iifname"}}}}}, {"data", "@pods"}}}}}));
    transaction.clear(host_ifname);
    for (const IpPrefix& prefix : local) {
        transaction.rule(chain, returns_for(prefix));
    }
    for (const char* multicast : {"224.0.0.0/4", "ff00::/8"}) {
        transaction.rule(chain, returns_for(*IpPrefix::parse(multicast)));
    }
    transaction.rule(chain, Json::array({{{"masquerade", nullptr}}}));
    transaction.add_element(host_ifname);
    return transaction.text();
}

std::string masquerade_remove_script(const std::string& host_ifname) {
    Transaction transaction;
    transaction.clear(host_ifname);
    transaction.chain("delete", chain_of(host_ifname));
    return transaction.text();
}

Result<std::vector<std::string>> masquerade_names(const std::string& text) {
    NG_ASSIGN(const Json document, cni::parse_object(text).with_context("reading the output of nft"));
    const Json* objects = cni::find_member(document, "nftables");
    if (objects == nullptr || !objects->is_array()) {
        return unexpected("no list \"nftables\"");
    }
    const Json* map = nullptr;
    for (const Json& object : *objects) {
        const Json* found = object.is_object() ? cni::find_member(object, "map") : nullptr;
        map = found != nullptr ? found : map;
    }
    if (map == nullptr || !map->is_object()) {
        return unexpected("no map");
    }
    std::vector<std::string> names;
    const Json* elements = cni::find_member(*map, "elem");
    if (elements == nullptr) {  // the map is empty
        return names;
    }
    if (!elements->is_array()) {
        return unexpected("\"elem\" is not a list");
    }
    for (const Json& element : *elements) {
        if (!element.is_array() || element.size() != 2) {
            return unexpected("an element of the map is not a pair");
        }
        const auto* name = element.front().get_ptr<const std::string*>();  // null: not an element of namegate
        if (name != nullptr && name->size() == kHostIfnameBytes && name->starts_with("ng")) {
            names.push_back(*name);
        }
    }
    return names;
}

Result<Masquerade> Masquerade::create() {
    for (const char* path : {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"}) {
        if (::access(path, X_OK) == 0) {
            return Masquerade(path);
        }
    }
    return Error(Code::kNotFound, "ipMasq needs the program nft: install the package nftables, or set ipMasq to false");
}

Result<std::string> Masquerade::run(const std::vector<std::string>& arguments, const std::string& input) const {
    ChildCommand command{program_, {program_}, {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    NG_ASSIGN(ChildOutput output, run_child(command, input));
    if (output.exit_status != 0) {
        return Error(Code::kIo, "nft ended with status " + std::to_string(output.exit_status) + "; its message is in the log");
    }
    return std::move(output.standard_output);
}

Result<> Masquerade::add(const std::string& host_ifname, const std::vector<IpPrefix>& local) const {
    NG_TRY(run({"-j", "-f", "-"}, masquerade_add_script(host_ifname, local)).with_context("adding the masquerade rules of " + host_ifname));
    return ok();
}

Result<> Masquerade::remove(const std::string& host_ifname) const {
    NG_TRY(run({"-j", "-f", "-"}, masquerade_remove_script(host_ifname)).with_context("removing the masquerade rules of " + host_ifname));
    return ok();
}

Result<> Masquerade::check(const std::string& host_ifname) const {
    NG_ASSIGN(const std::vector<std::string> names, list());
    for (const std::string& name : names) {
        if (name == host_ifname) {
            return ok();
        }
    }
    return Error(Code::kNotFound, "the masquerade rules of " + host_ifname + " are gone");
}

Result<std::vector<std::string>> Masquerade::list() const {
    // Creates the table first: listing fails if no endpoint has created it yet.
    NG_TRY(run({"-j", "-f", "-"}, Transaction().text()));
    NG_ASSIGN(const std::string text, run({"-j", "list", "map", "inet", "namegate", "pods"}, ""));
    return masquerade_names(text);
}

}  // namespace namegate::plugin
