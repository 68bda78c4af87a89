// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/connection_json.h"

#include <array>
#include <map>
#include <string_view>
#include <tuple>

#include "daemon/json_text.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

// By enum Seen.
constexpr std::array<std::string_view, 4> kVerdicts = {"allowed", "denied", "would-be-denied", "looked-up"};

// The rules of one reply, each once; connections name them by their place in the list.
class RuleList {
  public:
    std::uint64_t place_of(const Connection& connection) {
        const policy::RuleOrigin& rule = connection.rule;
        const auto [known, is_new] = places_.try_emplace(Key{connection.key.rule, rule.tier, rule.file, rule.line}, places_.size());
        if (is_new) {
            json_.open_object().field("tier", rule.tier).field("rule", connection.key.rule).field("text", rule.text);
            json_.field("file", rule.file).field("line", static_cast<std::uint64_t>(rule.line)).close_object();
        }
        return known->second;
    }
    std::string take() { return json_.take(); }

  private:
    using Key = std::tuple<std::string, std::string, std::string, int>;
    std::map<Key, std::uint64_t> places_;
    JsonText json_;
};

void write_connection(JsonText& out, const Connection& connection, RuleList& rules) {
    const ConnectionKey& key = connection.key;
    out.open_object().field("id", connection.id).field("endpoint", std::uint64_t{connection.endpoint});
    out.field("direction", key.ingress ? "ingress" : "egress").field("verdict", kVerdicts.at(static_cast<std::size_t>(key.seen)));
    out.field("name", key.name).open_list("addresses");
    for (const IpAddress& address : connection.addresses) {
        out.entry(address.to_string());
    }
    out.close_list();
    out.field("protocol", key.seen == Seen::kLookedUp ? std::string() : policy::protocol_name(key.protocol));
    out.field("port", std::uint64_t{key.port}).field("count", connection.count);
    out.field("firstTime", connection.first_time).field("lastTime", connection.last_time);
    if (!key.rule.empty()) {
        out.field("rule", rules.place_of(connection));
    }
    if (!key.reason.empty()) {
        out.field("reason", key.reason);
    }
    out.close_object();
}

}  // namespace

ConnectionLists write_connections(const std::vector<const Connection*>& connections) {
    RuleList rules;
    JsonText edges;
    for (const Connection* connection : connections) {
        write_connection(edges, *connection, rules);
    }
    return {edges.take(), rules.take()};
}

}  // namespace namegate::daemon
