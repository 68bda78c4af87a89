// SPDX-License-Identifier: Apache-2.0
//
// An event of the stream that `monitor` gets. Which fields are present depends on the kind. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

// What the staged policies would do with the packet.
struct StagedItem {
    std::optional<bool> allowed = {};
    std::optional<std::string> rule = {};
    std::optional<bool> by_staged = {};
    std::optional<std::string> error = {};  // why there is no verdict

    bool operator==(const StagedItem&) const = default;
    static constexpr auto fields() {
        using Item = StagedItem;
        return std::tuple(optional_field("allowed", &Item::allowed), optional_field("rule", &Item::rule),
                          optional_field("byStaged", &Item::by_staged), optional_field("error", &Item::error));
    }
};

struct EventItem {
    std::optional<unsigned> format_version = {};
    std::optional<std::string> time = {};
    std::string kind;
    std::optional<std::uint64_t> count = {};  // of "lost"

    std::optional<std::uint32_t> endpoint_id = {};
    std::optional<std::string> endpoint = {};
    std::optional<std::string> interface = {};
    std::optional<std::string> name_space = {};
    std::optional<std::string> pod = {};

    // A packet or a flow.
    std::optional<std::string> direction = {};
    std::optional<std::string> protocol = {};
    std::optional<std::uint16_t> local_port = {};
    std::optional<std::string> remote = {};
    std::optional<std::uint16_t> remote_port = {};
    std::optional<std::string> rule = {};
    std::optional<std::string> tier = {};
    std::optional<Texts> names = {};           // the one that was looked up comes last
    std::optional<std::string> tls_name = {};  // the server name that the connection showed

    // A flow that ended.
    std::optional<std::string> started = {};
    std::optional<std::uint64_t> duration_ms = {};
    std::optional<std::uint64_t> packets_sent = {};
    std::optional<std::uint64_t> bytes_sent = {};
    std::optional<std::uint64_t> packets_received = {};
    std::optional<std::uint64_t> bytes_received = {};
    std::optional<std::string> end = {};

    // A DNS response; a refused query has server, name and type.
    std::optional<std::string> server = {};
    std::optional<std::uint64_t> opened = {};
    std::optional<std::string> by = {};
    std::optional<double> latency_ms = {};
    std::optional<std::string> path = {};
    std::optional<std::string> name = {};
    std::optional<std::uint16_t> type = {};
    std::optional<int> rcode = {};
    std::optional<Texts> addresses = {};

    // An address that opened or expired; it has names too.
    std::optional<std::string> address = {};
    std::optional<std::string> expires = {};

    // An event of the node.
    std::optional<std::string> text = {};
    std::optional<std::string> file = {};

    std::optional<std::string> reason = {};
    std::optional<StagedItem> staged = {};

    bool operator==(const EventItem&) const = default;
    static constexpr auto fields() {
        using Item = EventItem;
        return std::tuple(
            optional_field("formatVersion", &Item::format_version), optional_field("time", &Item::time), field("kind", &Item::kind),
            optional_field("count", &Item::count), optional_field("endpointId", &Item::endpoint_id),
            optional_field("endpoint", &Item::endpoint), optional_field("interface", &Item::interface),
            optional_field("namespace", &Item::name_space), optional_field("pod", &Item::pod),
            optional_field("direction", &Item::direction), optional_field("protocol", &Item::protocol),
            optional_field("localPort", &Item::local_port), optional_field("remote", &Item::remote),
            optional_field("remotePort", &Item::remote_port), optional_field("rule", &Item::rule), optional_field("tier", &Item::tier),
            optional_field("names", &Item::names), optional_field("tlsName", &Item::tls_name), optional_field("started", &Item::started),
            optional_field("durationMs", &Item::duration_ms), optional_field("packetsSent", &Item::packets_sent),
            optional_field("bytesSent", &Item::bytes_sent), optional_field("packetsReceived", &Item::packets_received),
            optional_field("bytesReceived", &Item::bytes_received), optional_field("end", &Item::end),
            optional_field("server", &Item::server), optional_field("opened", &Item::opened), optional_field("by", &Item::by),
            optional_field("latencyMs", &Item::latency_ms), optional_field("path", &Item::path), optional_field("name", &Item::name),
            optional_field("type", &Item::type), optional_field("rcode", &Item::rcode), optional_field("addresses", &Item::addresses),
            optional_field("address", &Item::address), optional_field("expires", &Item::expires), optional_field("text", &Item::text),
            optional_field("file", &Item::file), optional_field("reason", &Item::reason), optional_field("staged", &Item::staged));
    }
};

}  // namespace namegate::api
