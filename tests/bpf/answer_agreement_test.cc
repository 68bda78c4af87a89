// SPDX-License-Identifier: Apache-2.0
//
// The kernel's parser and dns/ (ldns) must agree. Both get the same messages: edge cases, inputs that the fuzzers found, responses
// as resolvers send them, and mutations of all of these. What the kernel decides it must decide like dns/; what it does not decide
// it must report.
#include <catch2/catch.hpp>
#include <filesystem>
#include <iomanip>
#include <set>

#include "base/file.h"
#include "dns/learning.h"
#include "dns/lifetime.h"
#include "dns/message.h"
#include "kernel_parser.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kRounds = 40'000;
constexpr unsigned kReported = 10;  // differences shown in full

using Learnt = std::map<IpAddress, std::uint32_t>;  // address -> record TTL

bool is_named(const std::vector<std::string>& names) {
    static const std::vector<policy::DomainPattern> patterns = [] {
        std::vector<policy::DomainPattern> out;
        for (const char* text : kCorpusPatterns) {
            out.push_back(must(policy::DomainPattern::parse(text)));
        }
        return out;
    }();
    return std::any_of(names.begin(), names.end(), [](const std::string& name) {
        return std::any_of(patterns.begin(), patterns.end(), [&name](const auto& pattern) { return pattern.matches(name); });
    });
}

// What dns/ opens for the message.
Learnt learnt_by_dns(const Bytes& bytes) {
    Learnt out;
    const auto message = dns::parse_message(bytes);
    if (!message) {
        return out;
    }
    const dns::Learning learning = dns::learn(*message);
    for (const dns::LearntAddress& address : learning.addresses) {
        static const dns::NeverOpens never = dns::NeverOpens::standard();
        if (is_named(learning.names_of(address)) && never.refuses(address.address, address.mapped) == nullptr) {
            auto& ttl = out[address.address];
            ttl = std::max(ttl, address.ttl);
        }
    }
    return out;
}

// The same for each number of leading records: an undecided message may have opened that many.
std::set<IpAddress> learnt_by_dns_at_most(Bytes bytes) {
    std::set<IpAddress> out;
    const unsigned records = std::min(static_cast<unsigned>(bytes.at(6) << 8 | bytes.at(7)), 200U);
    for (unsigned count = 0; count <= records; ++count) {
        bytes[6] = 0;
        bytes[7] = static_cast<std::uint8_t>(count);
        for (const auto& [address, ttl] : learnt_by_dns(bytes)) {
            out.insert(address);
        }
    }
    return out;
}

std::string hex(const Bytes& bytes) {
    std::string out;
    for (const std::uint8_t byte : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

bool agrees(const KernelParser::Outcome& kernel, const Bytes& bytes) {
    if (!kernel.decided) {
        if (kernel.learnt.empty()) {
            return true;
        }
        const std::set<IpAddress> at_most = learnt_by_dns_at_most(bytes);
        return std::all_of(kernel.learnt.begin(), kernel.learnt.end(), [&](const auto& it) { return at_most.count(it.first) != 0; });
    }
    const Learnt expected = learnt_by_dns(bytes);
    if (expected.size() != kernel.learnt.size()) {
        return false;
    }
    return std::all_of(expected.begin(), expected.end(), [&](const auto& it) {
        const auto found = kernel.learnt.find(it.first);
        const std::uint64_t seconds = dns::effective_ttl_seconds(it.second, {0, 0, kCorpusMaxTtl});
        return found != kernel.learnt.end() &&
               std::abs(datapath::ticks_between(kernel.tick + datapath::ticks_in(seconds), found->second)) <= 8;
    });
}

// Inputs that the fuzzer of the ldns path found.
std::vector<Bytes> kept_by_fuzzer() {
    std::vector<std::string> paths;
    for (const auto& file : std::filesystem::directory_iterator(NAMEGATE_DNS_CORPUS)) {
        paths.push_back(file.path().string());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Bytes> out;
    for (const std::string& path : paths) {
        const std::string content = must(read_file(path, dns::kMaxMessageBytes));
        out.emplace_back(content.begin(), content.end());
    }
    return out;
}

struct Tally {
    unsigned long messages = 0;
    unsigned long asked = 0;
    unsigned long decided = 0;
    unsigned long opened = 0;  // decided, and addresses were learned
    unsigned long different = 0;

    double share() const { return asked == 0 ? 0 : 100.0 * static_cast<double>(decided) / static_cast<double>(asked); }
};

void compare(KernelParser& kernel, const Bytes& bytes, Tally& tally) {
    const auto outcome = kernel.run(bytes);
    ++tally.messages;
    tally.asked += outcome.asked ? 1U : 0U;
    tally.decided += outcome.decided ? 1U : 0U;
    tally.opened += outcome.decided && !outcome.learnt.empty() ? 1U : 0U;
    if (!agrees(outcome, bytes)) {
        ++tally.different;
        if (tally.different <= kReported) {
            UNSCOPED_INFO((outcome.decided ? "decided, " : "undecided, ")
                          << outcome.learnt.size() << " learnt; dns/ says " << learnt_by_dns(bytes).size() << ": " << hex(bytes));
        }
    }
}

void print(const char* what, const Tally& tally) {
    std::cout << std::left << std::setw(11) << what << std::right << std::setw(9) << tally.messages << " messages, " << std::setw(8)
              << tally.asked << " answers to a question, " << std::setw(8) << tally.decided << " decided by the kernel (" << std::fixed
              << std::setprecision(2) << tally.share() << " %), " << std::setw(8) << tally.opened << " of them opened addresses, "
              << tally.different << " differences\n";
}

}  // namespace

TEST_CASE("the kernel parser and dns/ agree on edge cases, realistic responses, and mutated ones") {
    const Rounds run = rounds("two parsers", kRounds);
    KernelParser kernel;
    std::vector<Bytes> known = kept_by_fuzzer();
    Tally edges;
    for (const NamedMessage& message : edge_cases()) {
        INFO(message.name);
        const unsigned long before = edges.different;
        compare(kernel, message.bytes, edges);
        CHECK(edges.different == before);
        known.push_back(message.bytes);
    }
    RealisticAnswers answers(run.seed);
    MessageMutator mutate(run.seed);
    Tally realistic;
    Tally mutated;
    for (const Bytes& bytes : known) {
        compare(kernel, bytes, mutated);
    }
    for (unsigned long round = 0; round < run.count; ++round) {
        if (round % 4 == 0) {
            const Bytes answer = answers.next();
            compare(kernel, answer, realistic);
            if (round % 400 == 0) {
                known.push_back(answer);
            }
        } else {
            compare(kernel, mutate(known), mutated);
        }
        // New responses replace older ones; the edge cases stay.
        if (known.size() > 2000) {
            known.erase(known.end() - 1000, known.end());
        }
    }
    print("edge cases", edges);
    print("realistic", realistic);
    print("mutated", mutated);
    CHECK(realistic.different + mutated.different == 0);
    CHECK(realistic.asked == realistic.messages);
    CHECK(realistic.share() > 99.0);
    CHECK(realistic.opened > realistic.messages / 5);
    CHECK(mutated.opened > mutated.messages / 50);
}
