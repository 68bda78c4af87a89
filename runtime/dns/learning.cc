// SPDX-License-Identifier: Apache-2.0
#include "dns/learning.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace namegate::dns {
namespace {

constexpr std::uint8_t kOpcodeQuery = 0;
constexpr std::uint8_t kRcodeNoError = 0;

using RecordsByOwner = std::multimap<std::string_view, const AnswerRecord*>;

// Returns the index of the name in the chain, and appends the name if it is new. kMaxChainNames: the chain is full.
std::size_t index_in_chain(Learning& learning, const std::string& name) {
    auto& names = learning.chain_names;
    const auto known = std::find(names.begin(), names.end(), name);
    if (known != names.end()) {
        return static_cast<std::size_t>(known - names.begin());
    }
    if (names.size() == kMaxChainNames) {
        learning.chain_cut = true;
        return kMaxChainNames;
    }
    names.push_back(name);
    return names.size() - 1;
}

void add_link(Learning& learning, const ChainLink& link) {
    for (ChainLink& known : learning.links) {
        if (known.from == link.from && known.to == link.to) {
            known.ttl = std::max(known.ttl, link.ttl);
            return;
        }
    }
    learning.links.push_back(link);
}

// Starts at the query name; appends to chain_names while it iterates over them.
void follow_chain(Learning& learning, const RecordsByOwner& records) {
    for (std::size_t from = 0; from < learning.chain_names.size(); ++from) {
        const auto [begin, end] = records.equal_range(learning.chain_names[from]);
        for (auto it = begin; it != end; ++it) {
            if (it->second->type != RecordType::kCname) {
                continue;
            }
            const std::size_t to = index_in_chain(learning, it->second->target);
            if (to < kMaxChainNames) {
                add_link(learning, {static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), it->second->ttl});
            }
        }
    }
}

// Returns, for each name of the chain, the names that lead to it, as bits. At most kMaxChainNames rounds.
std::vector<std::uint32_t> leading_names(const Learning& learning) {
    std::vector<std::uint32_t> leading;
    for (std::size_t i = 0; i < learning.chain_names.size(); ++i) {
        leading.push_back(std::uint32_t{1} << i);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (const ChainLink& link : learning.links) {
            const std::uint32_t joined = leading[link.to] | leading[link.from];
            changed = changed || joined != leading[link.to];
            leading[link.to] = joined;
        }
    }
    return leading;
}

void collect_addresses(Learning& learning, const RecordsByOwner& records) {
    const std::vector<std::uint32_t> leading = leading_names(learning);
    for (std::size_t owner = 0; owner < learning.chain_names.size(); ++owner) {
        std::map<std::pair<IpAddress, bool>, std::uint32_t> ttls;  // by address, and whether it is mapped
        std::vector<std::pair<IpAddress, bool>> order;
        const auto [begin, end] = records.equal_range(learning.chain_names[owner]);
        for (auto it = begin; it != end; ++it) {
            if (it->second->type == RecordType::kCname) {
                continue;
            }
            const std::pair address(it->second->address, it->second->type == RecordType::kAaaa && it->second->address.is_v4());
            if (const auto known = ttls.find(address); known != ttls.end()) {
                known->second = std::max(known->second, it->second->ttl);
            } else if (learning.addresses.size() + order.size() < kMaxLearntAddresses) {
                ttls.emplace(address, it->second->ttl);
                order.push_back(address);
            } else {
                learning.addresses_cut = true;
            }
        }
        for (const auto& one : order) {
            learning.addresses.push_back({one.first, ttls[one], static_cast<std::uint16_t>(owner), leading[owner], one.second});
        }
    }
}

}  // namespace

std::vector<std::string> Learning::names_of(const LearntAddress& address) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < chain_names.size(); ++i) {
        if ((address.names >> i & 1U) != 0) {
            out.push_back(chain_names[i]);
        }
    }
    return out;
}

Learning learn(const Message& message) {
    Learning learning;
    if (!message.is_response || message.opcode != kOpcodeQuery || message.rcode != kRcodeNoError ||
        message.question.dns_class != kClassIn) {
        return learning;
    }
    RecordsByOwner records;
    for (const AnswerRecord& record : message.answers) {
        records.emplace(record.owner, &record);
    }
    learning.chain_names.push_back(message.question.name);
    follow_chain(learning, records);
    collect_addresses(learning, records);
    return learning;
}

}  // namespace namegate::dns
