// SPDX-License-Identifier: Apache-2.0
//
// The kernel's parser as a function. Test runs pass a query of the pod and a DNS response through both programs; the result is what
// the response opened. Nothing learned is left for the next response.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "datapath/events.h"
#include "dns/never_opens.h"
#include "support/dns_corpus.h"
#include "traffic.h"

namespace namegate::test {

inline constexpr std::uint32_t kCorpusMaxTtl = 1'000'000;

class KernelParser {
  public:
    // Of an endpoint whose policy names kCorpusPatterns.
    KernelParser() {
        scene_.set_ttl({0, 0, kCorpusMaxTtl});
        std::vector<datapath::NeverPrefix> never;
        const dns::NeverOpens standard = dns::NeverOpens::standard();
        for (const dns::NeverOpens::Entry& entry : standard.entries()) {
            never.push_back({entry.aaaa, entry.bytes, entry.length});
        }
        must(datapath::set_never_opens(scene_.datapath(), never));
        std::string domains;
        for (const char* text : kCorpusPatterns) {
            domains += (domains.empty() ? "'" : ", '") + std::string(text) + "'";
        }
        scene_.apply(domain_policy(domains));
        reader_ = must(datapath::EventReader::create(scene_.datapath(), [this](const ng_event& event, std::span<const std::uint8_t>) {
            kind_ = event.kind == NG_EVENT_LIMIT ? kind_ : std::optional<unsigned>(event.kind);
        }));
        inner_ = must(scene_.datapath().inner_map(datapath::MapId::kLearnt, scene_.identity().slot));
    }

    struct Outcome {
        bool asked = false;                         // the query was recorded and the response matched it
        bool decided = false;                       // by the kernel alone
        std::map<IpAddress, std::uint32_t> learnt;  // expiry tick
        std::uint32_t tick = 0;
    };

    Outcome run(const Bytes& answer) {
        Bytes question = answer;
        if (question.size() > 2) {
            question[2] &= 0x7f;
        }
        kind_.reset();
        scene_.resolve(question, answer, port_);
        port_ = port_ == 65535 ? 1024 : static_cast<std::uint16_t>(port_ + 1);
        must(reader_->consume());
        Outcome out;
        out.asked = kind_.has_value();
        out.decided = kind_ == NG_EVENT_ANSWER;
        out.tick = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns);
        for (const auto& [address, value] : must(datapath::map_entries<ng_addr, ng_learnt>(inner_.get()))) {
            out.learnt[datapath::to_address(address)] = *std::max_element(value.expiry, value.expiry + value.count);
            must(datapath::map_erase(inner_.get(), address));
        }
        forget_open_chains();
        return out;
    }

  private:
    // Names whose responses would be held because of this one.
    void forget_open_chains() {
        std::vector<std::uint32_t> sets(NG_JOIN_SETS);
        for (std::uint32_t i = 0; i < NG_JOIN_SETS; ++i) {
            sets[i] = scene_.identity().slot * NG_JOIN_SETS + i;
        }
        must(datapath::map_update_many(must(scene_.datapath().map(datapath::MapId::kJoins)), sets, std::vector<ng_join_set>(NG_JOIN_SETS)));
    }

    Scene scene_;
    Fd inner_;
    std::unique_ptr<datapath::EventReader> reader_;
    std::optional<unsigned> kind_;
    std::uint16_t port_ = 1024;
};

}  // namespace namegate::test
