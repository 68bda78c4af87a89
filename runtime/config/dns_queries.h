// SPDX-License-Identifier: Apache-2.0
//
// dnsQueries and the settings that belong to it: which DNS queries of endpoints reach the network (D19 to D22). A value, and its
// reader, which reports errors at its cursor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "datapath/bpf/abi_limits.h"
#include "policy/documents/cursor.h"
#include "policy/model/dns_queries.h"
#include "policy/model/domain_pattern.h"

namespace namegate::config {

inline constexpr std::size_t kMaxAlwaysAllowed = NG_ALWAYS_ALLOWED;
inline constexpr std::size_t kMaxQueryTypes = NG_QUERY_TYPES;
inline constexpr std::uint32_t kMaxNewNames = 1'000'000;

struct QueryType {
    std::string_view name;
    std::uint16_t number;
};
// Those that dnsQueryTypes may have; the first seven are its default.
inline constexpr std::array<QueryType, 20> kQueryTypes = {{{"A", 1},      {"AAAA", 28},   {"CNAME", 5},  {"HTTPS", 65}, {"SVCB", 64},
                                                           {"SRV", 33},   {"PTR", 12},    {"NS", 2},     {"SOA", 6},    {"MX", 15},
                                                           {"TXT", 16},   {"LOC", 29},    {"NAPTR", 35}, {"DS", 43},    {"SSHFP", 44},
                                                           {"RRSIG", 46}, {"DNSKEY", 48}, {"TLSA", 52},  {"URI", 256},  {"CAA", 257}}};
inline constexpr std::size_t kUsualQueryTypes = 7;
inline constexpr std::array<std::string_view, 3> kDnsQueriesSettings = {"Any", "Log", "Allowed"};  // as policy::DnsQueries
inline constexpr std::array<std::string_view, 2> kDnsRefusals = {"NXDomain", "Refused"};

struct DnsQuerySettings {
    policy::DnsQueries queries = policy::DnsQueries::kAny;     // of endpoints whose policies do not say it
    std::optional<std::vector<policy::DomainPattern>> always;  // dnsAlwaysAllowed: exact names; unset: the cluster's domain
    bool refuse = false;                                       // dnsRefusal: Refused, instead of NXDomain
    std::vector<std::uint16_t> types;                          // numbers of dnsQueryTypes
    std::uint32_t new_names = 0;                               // dnsNewNamesPerMinute; 0: no limit

    DnsQuerySettings();
};

// Reads all but dnsNewNamesPerMinute.
void read_dns_queries(const policy::Cursor& root, DnsQuerySettings& out);

}  // namespace namegate::config
