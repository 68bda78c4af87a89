// SPDX-License-Identifier: Apache-2.0
//
// A model of which frames may pass, written from docs/architecture.md, docs/limits.md and the RFCs, not from the programs. It is
// strict: what no rule allows is denied. It uses plain containers, no limits, no shortcuts.
//
// A frame is judged without a change of state; settle() then makes the change that follows from the outcome.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/frame_headers.h"

namespace namegate::test {

struct FrameRule {
    bool allow = true;
    std::optional<std::uint8_t> protocol;
    std::optional<std::uint8_t> icmp_type;
    std::vector<std::uint16_t> ports;  // of the destination; empty: any
    std::vector<FrameAddress> nets;    // of the other side: single addresses; empty: any
    std::string domain;                // instead of nets

    bool operator==(const FrameRule&) const = default;
};
// The first rule that matches the packet decides; none: denied.
using FramePolicy = std::vector<FrameRule>;

struct FrameRules {
    std::array<std::optional<FramePolicy>, 2> direction;  // egress, ingress; nothing: open
    bool closed = false;                                  // not programmed yet
    bool keep = false;                                    // flows that a changed policy denies go on
    bool reject = false;                                  // denied packets get a reply, which lets none of them through
    std::uint32_t generation = 0;
};

enum class Way : std::uint8_t { kOut = 0, kIn = 1 };
// The sender of a frame: the pod; a host whose frame the node received and forwards; the node itself.
enum class Sender : std::uint8_t { kPod, kForwarded, kNode };

// Which packets are one flow. For ICMP: an echo and its reply by identifier; what is neither echo nor error by its request.
struct ModelFlowKey {
    FrameAddress local;
    FrameAddress remote;
    std::uint8_t protocol = 0;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    bool echo = false;

    auto operator<=>(const ModelFlowKey&) const = default;
};
struct ModelFlow {
    Way way = Way::kOut;
    std::uint8_t icmp_type = 0;  // of the packet that began it
    std::uint32_t generation = 0;
    double seen = 0;
    bool node = false;
    bool cut = false;
    bool kept = false;
    bool closing = false;
    std::string domain;  // by which it was admitted
};
struct ModelFragmentKey {
    Way way = Way::kOut;
    FrameAddress local;
    FrameAddress remote;
    std::uint32_t id = 0;
    std::uint8_t protocol = 0;  // of the transport header

    auto operator<=>(const ModelFragmentKey&) const = default;
};
struct ModelFragment {
    std::uint8_t next = 0;  // as its fragment header says: another one where the split part has options
    std::size_t bytes = 0;  // of the first
    double until = 0;
};
struct ModelQuestion {
    FrameAddress local;
    FrameAddress server;
    std::uint16_t port = 0;
    std::uint16_t id = 0;
    Bytes question;

    auto operator<=>(const ModelQuestion&) const = default;
};

// What the model says of one frame, and what changes if that happens.
struct FrameOpinion {
    static FrameOpinion denied(const char* why) {
        FrameOpinion opinion;
        opinion.why = why;
        return opinion;
    }
    static FrameOpinion passed(const char* why) {
        FrameOpinion opinion = denied(why);
        opinion.allowed = true;
        return opinion;
    }

    bool allowed = false;
    bool unsure = false;           // depends on exact timing
    const char* why = "";          // denied: by which rule; allowed: for which reason
    const char* excuse = nullptr;  // allowed, but the programs drop it for a reason: which
    std::optional<std::pair<ModelFlowKey, ModelFlow>> flow;
    std::optional<std::pair<ModelFragmentKey, ModelFragment>> fragment;
    std::optional<ModelQuestion> asked;
    std::optional<ModelQuestion> answered;
    std::optional<std::pair<FrameAddress, std::string>> learnt;
};

// Neighbour discovery and listener reports, which pass without a policy.
bool is_neighbour_message(const FramePacket& packet);

class FrameModel {
  public:
    FrameModel(std::vector<FrameAddress> own, Mac mac, std::vector<FrameAddress> servers)
        : own_(std::move(own)), mac_(mac), servers_(std::move(servers)) {}

    void set_rules(FrameRules rules) { rules_ = std::move(rules); }
    const FrameRules& rules() const { return rules_; }
    void forget();  // all flows, fragments, queries and learned addresses

    FrameOpinion judge(const Bytes& frame, Sender sender, double now) const;
    void settle(const FrameOpinion& opinion);

    std::map<ModelFlowKey, ModelFlow>& flows() { return flows_; }
    std::map<ModelFragmentKey, ModelFragment>& fragments() { return fragments_; }
    const auto& questions() const { return questions_; }
    std::map<FrameAddress, std::set<std::string>>& learnt() { return learnt_; }

  private:
    struct Case {  // one packet in transit
        const FramePacket& packet;
        Way way;
        Sender sender;
        double now;
        const FrameAddress& local() const { return way == Way::kOut ? packet.source : packet.destination; }
        const FrameAddress& remote() const { return way == Way::kOut ? packet.destination : packet.source; }
    };

    bool is_own(const FrameAddress& address) const;
    bool is_own_on_link(const FrameAddress& address) const;
    bool is_server(const FrameAddress& address, std::uint16_t port) const;
    FrameOpinion judge_arp(const Bytes& frame, Way way) const;
    FrameOpinion judge_neighbour(const FramePacket& packet, Way way) const;
    bool has_own_options(const FramePacket& packet) const;
    FrameOpinion judge_packet(const Case& one) const;
    FrameOpinion judge_later_fragment(const Case& one) const;
    std::size_t admitted_fragments(Way way) const;
    FrameOpinion judge_whole_or_first(const Case& one) const;
    FrameOpinion judge_question(const Case& one) const;
    std::optional<FrameOpinion> judge_answer(const Case& one) const;
    std::optional<FrameOpinion> judge_error(const Case& one) const;
    FrameOpinion judge_flow(const Case& one) const;
    FrameOpinion judge_established(const Case& one, const ModelFlowKey& key, const ModelFlow& flow) const;
    FrameOpinion judge_again(const Case& one, const ModelFlowKey& key, const ModelFlow& flow) const;
    FrameOpinion judge_new(const Case& one) const;
    FrameOpinion judge_from_node(const Case& one) const;
    // Whether a policy allows a flow of this direction to begin; by which domain, if by one.
    struct PolicyAnswer {
        bool allowed = false;
        std::string domain;
    };
    PolicyAnswer ask_policy(Way way, const ModelFlowKey& key, std::uint8_t icmp_type, const std::string& known_by) const;
    bool is_open(const FrameAddress& address, const std::string& domain) const;

    std::vector<FrameAddress> own_;
    Mac mac_;
    std::vector<FrameAddress> servers_;
    FrameRules rules_;
    std::map<ModelFlowKey, ModelFlow> flows_;
    std::map<ModelFragmentKey, ModelFragment> fragments_;
    std::map<ModelQuestion, int> questions_;  // responses that they may still get
    std::map<FrameAddress, std::set<std::string>> learnt_;
};

}  // namespace namegate::test
