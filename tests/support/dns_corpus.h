// SPDX-License-Identifier: Apache-2.0
//
// DNS messages as input for parsers: edge cases written by hand, responses as resolvers send them, and mutations of both. The names
// in them match kCorpusPatterns, almost match, or are unrelated.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/dns_message.h"

namespace namegate::test {

inline constexpr const char* kCorpusPatterns[] = {
    "example.com", "*.example.com", "cdn.example.net", "*.edge.net", "www.*.org", "_sip._tcp.a.test", "b.a"};

struct NamedMessage {
    std::string name;  // valid as a file name
    Bytes bytes;
};

// Each is one thing that a parser may get wrong.
std::vector<NamedMessage> edge_cases();

// Responses to a stub resolver's A and AAAA queries, by shape and in the shares that the .cc file gives: a model, not a capture.
class RealisticAnswers {
  public:
    explicit RealisticAnswers(std::uint64_t seed) : random_(seed) {}
    Bytes next();

  private:
    unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }
    bool chance(unsigned in_ten_thousand) { return below(10'000) < in_ten_thousand; }
    std::string word();
    std::string host();
    std::string cdn_name();
    void add_addresses(DnsMessage& message, const std::string& owner, bool v6, unsigned count);
    unsigned address_count();
    static void add_soa(DnsMessage& message, const std::string& zone);

    std::mt19937_64 random_;
};

// A few changes to one of `from`: bytes, bits, pointers, cuts, parts of another message, wrong counts.
class MessageMutator {
  public:
    explicit MessageMutator(std::uint64_t seed) : random_(seed) {}

    unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }
    Bytes operator()(const std::vector<Bytes>& from);

  private:
    void change(Bytes& bytes, const std::vector<Bytes>& from);

    std::mt19937_64 random_;
};

}  // namespace namegate::test
