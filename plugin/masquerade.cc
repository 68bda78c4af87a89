// SPDX-License-Identifier: Apache-2.0
#include "plugin/masquerade.h"

#include <unistd.h>

#include <array>

#include "plugin/child.h"

namespace namegate::plugin {

namespace {

constexpr std::string_view kChainPrefix = "pod-";
constexpr std::size_t kHostIfnameBytes = 13;  // "ng" and 11 hex digits

// Made again in every transaction: what is there already is left as it is.
std::string table_script() {
    return "add table inet namegate\n"
           "add map inet namegate pods { type ifname : verdict; }\n"
           "add chain inet namegate postrouting { type nat hook postrouting priority srcnat; policy accept; }\n";
}

std::string chain_of(const std::string& host_ifname) { return std::string(kChainPrefix) + host_ifname; }

// An element can only be deleted if it is there, so it is added first; all in one transaction.
std::string clear_script(const std::string& host_ifname) {
    const std::string chain = chain_of(host_ifname);
    const std::string element = "element inet namegate pods { \"" + host_ifname + "\" : jump " + chain + " }\n";
    return "add chain inet namegate " + chain + "\nadd " + element + "delete element inet namegate pods { \"" + host_ifname +
           "\" }\nflush chain inet namegate " + chain + "\n";
}

}  // namespace

std::string masquerade_add_script(const std::string& host_ifname, const std::vector<IpPrefix>& local) {
    const std::string chain = chain_of(host_ifname);
    std::string script = table_script() + "flush chain inet namegate postrouting\nadd rule inet namegate postrouting iifname vmap @pods\n" +
                         clear_script(host_ifname);
    const auto add_rule = [&script, &chain](const std::string& rule) { script += "add rule inet namegate " + chain + " " + rule + "\n"; };
    for (const IpPrefix& prefix : local) {
        add_rule(std::string(prefix.is_v4() ? "ip" : "ip6") + " daddr " + prefix.to_string() + " return");
    }
    add_rule("ip daddr 224.0.0.0/4 return");
    add_rule("ip6 daddr ff00::/8 return");
    add_rule("masquerade");
    return script + "add element inet namegate pods { \"" + host_ifname + "\" : jump " + chain + " }\n";
}

std::string masquerade_remove_script(const std::string& host_ifname) {
    return table_script() + clear_script(host_ifname) + "delete chain inet namegate " + chain_of(host_ifname) + "\n";
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
    NG_TRY(run({"-f", "-"}, masquerade_add_script(host_ifname, local)).with_context("adding the masquerade rules of " + host_ifname));
    return ok();
}

Result<> Masquerade::remove(const std::string& host_ifname) const {
    NG_TRY(run({"-f", "-"}, masquerade_remove_script(host_ifname)).with_context("removing the masquerade rules of " + host_ifname));
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
    std::vector<std::string> names;
    // The first transaction of a node makes the table; asking for it may come before.
    NG_TRY(run({"-f", "-"}, table_script()));
    NG_ASSIGN(const std::string text, run({"list", "map", "inet", "namegate", "pods"}, ""));
    for (std::size_t at = text.find("\"ng"); at != std::string::npos; at = text.find("\"ng", at + 1)) {
        const std::size_t end = text.find('"', at + 1);
        if (end != std::string::npos && end - at - 1 == kHostIfnameBytes) {
            names.push_back(text.substr(at + 1, kHostIfnameBytes));
        }
    }
    return names;
}

}  // namespace namegate::plugin
