// SPDX-License-Identifier: Apache-2.0
//
// The reply to `status`. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct FileItem {
    std::string path;
    bool loaded = false;
    std::string in_force;  // "current", "last good" or "nothing"
    std::string since;     // UTC; empty: not known
    std::uint64_t resources = 0;
    Texts problems;

    bool operator==(const FileItem&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("path", &FileItem::path), field("loaded", &FileItem::loaded), field("inForce", &FileItem::in_force),
                          field("since", &FileItem::since), field("resources", &FileItem::resources),
                          field("problems", &FileItem::problems));
    }
};

// The number of endpoints in each mode.
struct ModeCounts {
    std::uint64_t enforced = 0;
    std::uint64_t open = 0;
    std::uint64_t closed = 0;

    bool operator==(const ModeCounts&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("enforced", &ModeCounts::enforced), field("open", &ModeCounts::open), field("closed", &ModeCounts::closed));
    }
};

struct NamedServerItem {
    std::string server;
    std::string named_by;

    bool operator==(const NamedServerItem&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("server", &NamedServerItem::server), field("namedBy", &NamedServerItem::named_by));
    }
};

// The API server as a source of labels.
struct ApiServerItem {
    std::string server;  // empty: not known yet
    bool connected = false;
    std::string since;       // UTC, when it was connected or lost; empty: neither happened yet
    std::string last_error;  // empty: there was none
    std::uint64_t pods = 0;
    std::uint64_t namespaces = 0;
    std::uint64_t service_accounts = 0;
    std::uint64_t refused = 0;
    std::string last_refused;
    // Pods of this node that are not endpoints: those in the node's network, and those in a network that namegate did not make.
    std::optional<std::uint64_t> host_network_pods = {};
    std::optional<std::uint64_t> other_network_pods = {};

    bool operator==(const ApiServerItem&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("server", &ApiServerItem::server), field("connected", &ApiServerItem::connected),
                          field("since", &ApiServerItem::since), field("lastError", &ApiServerItem::last_error),
                          field("pods", &ApiServerItem::pods), field("namespaces", &ApiServerItem::namespaces),
                          field("serviceAccounts", &ApiServerItem::service_accounts), field("refused", &ApiServerItem::refused),
                          field("lastRefused", &ApiServerItem::last_refused),
                          optional_field("hostNetworkPods", &ApiServerItem::host_network_pods),
                          optional_field("otherNetworkPods", &ApiServerItem::other_network_pods));
    }
};

struct StatusReply {
    bool healthy = false;
    std::string version;
    std::int64_t pid = 0;
    std::uint64_t uptime_seconds = 0;
    std::string pins;
    Texts folders;
    std::vector<FileItem> files;
    ModeCounts endpoints;
    NumberMap counters;
    Texts trusted_servers;
    std::vector<NamedServerItem> trusted_servers_named_by;
    Texts degraded;
    Texts warnings;
    std::optional<ApiServerItem> api_server;  // empty: the API server is not a source of labels

    bool operator==(const StatusReply&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("healthy", &StatusReply::healthy), field("version", &StatusReply::version), field("pid", &StatusReply::pid),
                          field("uptimeSeconds", &StatusReply::uptime_seconds), field("pins", &StatusReply::pins),
                          field("folders", &StatusReply::folders), field("files", &StatusReply::files),
                          field("endpoints", &StatusReply::endpoints), field("counters", &StatusReply::counters),
                          field("trustedServers", &StatusReply::trusted_servers),
                          field("trustedServersNamedBy", &StatusReply::trusted_servers_named_by), field("degraded", &StatusReply::degraded),
                          field("warnings", &StatusReply::warnings), optional_field("apiServer", &StatusReply::api_server));
    }
};

}  // namespace namegate::api
