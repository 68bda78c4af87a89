// SPDX-License-Identifier: Apache-2.0
#include "dns/learning.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace namegate::dns {
namespace {

constexpr std::uint8_t kOpcodeQuery = 0;
constexpr std::uint8_t kRcodeNoError = 0;

// In the order of the message.
using RecordsByOwner = std::unordered_map<std::string_view, std::vector<const AnswerRecord*>>;

const std::vector<const AnswerRecord*>& records_of(const RecordsByOwner& records, std::string_view owner) {
    static const std::vector<const AnswerRecord*> none;
    const auto found = records.find(owner);
    return found == records.end() ? none : found->second;
}

// Returns the index of the name in the chain and appends a new name; kMaxChainNames if the chain is full.
std::size_t place_of(Learning& learning, const std::string& name) {
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
        for (const AnswerRecord* record : records_of(records, learning.chain_names[from])) {
            if (record->type != RecordType::kCname) {
                continue;
            }
            const std::size_t to = place_of(learning, record->target);
            if (to < kMaxChainNames) {
                add_link(learning, {static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), record->ttl});
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
        std::map<std::pair<IpAddress, bool>, std::size_t> places;  // in learning.addresses, by address and whether it is mapped
        for (const AnswerRecord* record : records_of(records, learning.chain_names[owner])) {
            if (record->type == RecordType::kCname) {
                continue;
            }
            const bool mapped = record->type == RecordType::kAaaa && record->address.is_v4();
            const auto [place, is_new] = places.try_emplace({record->address, mapped}, learning.addresses.size());
            if (is_new) {
                learning.addresses.push_back({record->address, record->ttl, static_cast<std::uint16_t>(owner), leading[owner], mapped});
            } else {
                LearntAddress& known = learning.addresses[place->second];
                known.ttl = std::max(known.ttl, record->ttl);
            }
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
        records[record.owner].push_back(&record);
    }
    learning.chain_names.push_back(message.question.name);
    follow_chain(learning, records);
    collect_addresses(learning, records);
    return learning;
}

}  // namespace namegate::dns
