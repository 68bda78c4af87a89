// SPDX-License-Identifier: Apache-2.0
//
// Random frames through the programs, beside a model written from the rules alone. The programs may pass only what the model
// allows, whatever was sent before. The long form: NAMEGATE_FRAMES=10000000.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>

#include "datapath/policy_collection.h"

#include "support/frame_source.h"
#include "support/rounds.h"
#include "support/scene.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kEpisode = 4000;  // frames; then all state is forgotten
constexpr unsigned kChangeEvery = 300;
constexpr unsigned kAgeEvery = 40;
constexpr unsigned kCollectEvery = 50;  // episodes
constexpr double kLongestEpisode = 8;   // seconds: so that time limits are reached only on purpose
constexpr double kMoment = 0.2;

double boot_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

ng_addr ng_address(const FrameAddress& address) {
    Bytes bytes(16, 0);
    std::copy_n(address.bytes.begin(), address.v6 ? 16 : 4, bytes.begin() + (address.v6 ? 0 : 12));
    if (!address.v6) {
        bytes[10] = bytes[11] = 0xff;
    }
    ng_addr out{};
    std::memcpy(&out, bytes.data(), sizeof out);
    return out;
}

bool same_address(const ng_addr& one, const FrameAddress& other) {
    const ng_addr address = ng_address(other);
    return std::memcmp(&one, &address, sizeof one) == 0;
}

std::uint16_t swapped(std::uint16_t value) { return static_cast<std::uint16_t>(value << 8 | value >> 8); }

std::string hex(const Bytes& bytes) {
    std::string out;
    char digits[3];
    for (const std::uint8_t byte : bytes) {
        std::snprintf(digits, sizeof digits, "%02x", byte);
        out += digits;
    }
    return out;
}

// Differences by kind, with the first of each.
struct Difference {
    unsigned long count = 0;
    std::string first;
};
using Differences = std::map<std::string, Difference>;

struct Tally {
    unsigned long frames = 0;
    unsigned long passed = 0;
    unsigned long unjudged = 0;
    std::map<std::string, unsigned long> allowed;  // by the reason to allow it
    std::map<std::string, unsigned long> denied;   // by the reason to deny it
    std::map<std::string, unsigned long> excused;  // allowed, but dropped for a known reason
    Differences violations;                        // passed, and denied by the model
    Differences losses;                            // dropped, and allowed by the model
};

// Programs and model side by side. All state lives for one episode.
class Pair {
  public:
    Pair()
        : model_({FrameAddress::parse(kPod4), FrameAddress::parse(kPod6)}, kPodMac,
                 {FrameAddress::parse(kDns4), FrameAddress::parse(kDns6)}) {
        scene_.set_ttl({0, 2, 86400});
    }

    void run_episode(std::uint64_t seed, unsigned long frames, Tally& tally) {
        FrameSource source(seed);
        forget();
        questions_lost_ = scene_.count(NG_R_QUESTION_LOST);
        enforce(source.rules());
        const double start = boot_seconds();
        for (unsigned long i = 0; i < frames && boot_seconds() < start + kLongestEpisode; ++i) {
            if (source.one_in(kChangeEvery)) {
                enforce(source.change(model_.rules()));
            }
            if (source.one_in(kAgeEvery)) {
                make_older(source);
            }
            if (!compare(source.frame(), "seed " + std::to_string(seed) + ", frame " + std::to_string(i), tally)) {
                break;  // from here on the states differ
            }
        }
        if (++episodes_ % kCollectEvery == 0) {
            must(datapath::collect_with_lock_held(scene_.datapath(), must(datapath::policies_in_use(scene_.datapath()))));
        }
    }

  private:
    void enforce(FrameRules rules) {
        if (rules.closed) {
            must(datapath::write_closed(scene_.datapath(), scene_.identity()));
        } else {
            datapath::EndpointPolicies behaviour;
            behaviour.keep_flows = rules.keep;
            behaviour.reject = rules.reject;
            scene_.apply(written(rules), behaviour);
        }
        rules.generation = must(datapath::active_config(scene_.datapath(), scene_.identity().slot)).value().generation;
        model_.set_rules(std::move(rules));
    }

    // False: programs and model differ, or the result is not known.
    bool compare(const SentFrame& sent, const std::string& where, Tally& tally) {
        const double before = boot_seconds();
        const FrameOpinion opinion = model_.judge(sent.bytes, sent.sender, before);
        const bool passed = runs(sent).passed();
        ++tally.frames;
        tally.passed += passed ? 1 : 0;
        if (opinion.unsure || boot_seconds() > before + kMoment) {
            ++tally.unjudged;
            return false;
        }
        // The programs may have evicted the query: then they learn nothing of the response, though its flow lets it pass.
        if (opinion.answered && scene_.count(NG_R_QUESTION_LOST) != questions_lost_) {
            ++tally.excused["a response to a query that others evicted"];
            return false;
        }
        if (passed == opinion.allowed) {
            ++(passed ? tally.allowed : tally.denied)[opinion.why];
            model_.settle(opinion);
            return true;
        }
        if (!passed && opinion.excuse != nullptr) {
            ++tally.excused[opinion.excuse];
            return true;
        }
        note((passed ? tally.violations : tally.losses)[opinion.why], sent, where);
        return false;
    }

    RunResult runs(const SentFrame& sent) {
        switch (sent.sender) {
            case Sender::kPod: return scene_.egress(sent.bytes);
            case Sender::kForwarded: return scene_.ingress(sent.bytes);
            case Sender::kNode: break;
        }
        return scene_.node_sends(sent.bytes);
    }

    // The flows between the two ends of a frame, as the model and the programs have them.
    std::string flows_of(const SentFrame& sent) {
        const FramePacket packet = read_frame(sent.bytes);
        std::string out;
        for (const auto& [key, flow] : model_.flows()) {
            if (key.protocol == packet.protocol && (key.remote == packet.source || key.remote == packet.destination)) {
                out += "model: ports " + std::to_string(key.local_port) + " " + std::to_string(key.remote_port) +
                       (flow.way == Way::kOut ? ", out" : ", in") + (flow.node ? ", the node's" : "") + (flow.cut ? ", cut" : "") +
                       (flow.kept ? ", kept" : "") + (flow.closing ? ", closing" : "") + ", generation " + std::to_string(flow.generation) +
                       ", idle " + std::to_string(boot_seconds() - flow.seen) + " " + flow.domain + "\n";
            }
        }
        for (const datapath::FlowEntry& flow : scene_.flows()) {
            const bool same = same_address(flow.key.remote, packet.source) || same_address(flow.key.remote, packet.destination);
            if (same && flow.key.protocol == packet.protocol) {
                out += "programs: ports " + std::to_string(swapped(flow.key.be_local_port)) + " " +
                       std::to_string(swapped(flow.key.be_remote_port)) + ", direction " + std::to_string(flow.value.direction) +
                       ", flags " + std::to_string(flow.value.flags) + ", generation " + std::to_string(flow.value.generation) + "\n";
            }
        }
        return out + queries();
    }

    // The pending queries of the programs, and of the model how often each was sent without a response.
    std::string queries() {
        std::string out;
        for (const auto& [query, count] : model_.questions()) {
            out += "model: query from port " + std::to_string(query.port) + ", id " + std::to_string(query.id) + ", pending " +
                   std::to_string(count) + "\n";
        }
        const Fd pending = must(scene_.datapath().inner_map(datapath::MapId::kPending, scene_.identity().slot));
        for (std::uint32_t i = 0; i < NG_PENDING_SETS; ++i) {
            const auto set = must(datapath::map_lookup<ng_pending_set>(pending.get(), i));
            for (const ng_pending& query : set.value_or(ng_pending_set{}).way) {
                if (query.question != 0) {
                    out += "programs: query from port " + std::to_string(swapped(query.be_client_port)) + ", id " +
                           std::to_string(swapped(query.be_id)) + ", pending " + std::to_string(query.outstanding) + ", claimed " +
                           std::to_string(query.taken) + "\n";
                }
            }
        }
        return out;
    }

    void note(Difference& difference, const SentFrame& sent, const std::string& where) {
        if (++difference.count == 1) {
            const char* const senders[] = {"the pod", "a forwarder", "the node"};
            difference.first = where + ", from " + senders[static_cast<std::size_t>(sent.sender)] + ": " + hex(sent.bytes) + "\n" +
                               "generation " + std::to_string(model_.rules().generation) + "\n" + flows_of(sent) +
                               (model_.rules().closed ? "closed\n" : written(model_.rules()));
        }
    }

    // One entry of a kind becomes old, in the model and in the maps.
    void make_older(FrameSource& source) {
        switch (source.below(8)) {
            case 0: return end_fragments();
            case 1: return end_lifetime(source);
            default: return make_idle(source);
        }
    }

    void make_idle(FrameSource& source) {
        auto& flows = model_.flows();
        if (flows.empty()) {
            return;
        }
        auto& [key, flow] = *std::next(flows.begin(), static_cast<std::ptrdiff_t>(source.below(flows.size())));
        const bool is_icmp = key.protocol == kIcmp || key.protocol == kIcmp6;
        datapath::FlowEntry entry;
        entry.key.remote = ng_address(key.remote);
        entry.key.be_local_port = swapped(key.local_port);
        entry.key.be_remote_port = swapped(key.remote_port);
        entry.key.protocol = key.protocol;
        entry.key.local = key.local.v6 ? 1 : 0;
        const Fd inner = must(scene_.datapath().inner_map(datapath::MapId::kFlows, scene_.identity().slot));
        const auto value = must(datapath::map_lookup<ng_flow>(inner.get(), entry.key));
        if (!value || (is_icmp && key.local_port == 0)) {
            return;
        }
        entry.value = *value;
        const unsigned limit = flow.cut               ? NG_CUT_SECONDS
                               : flow.closing         ? NG_IDLE_CLOSING
                               : key.protocol == kTcp ? NG_IDLE_TCP
                                                      : NG_IDLE_OTHER;
        const unsigned seconds = source.one_in(2) ? limit + 2 : limit - 5;
        scene_.make_idle(entry, seconds);
        flow.seen = boot_seconds() - seconds;
    }

    // The time of all first fragments is over.
    void end_fragments() {
        const std::uint32_t past = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns) - 1;
        change_fragments([past](ng_frag& first) { first.until = past; });
        for (auto& [key, first] : model_.fragments()) {
            first.until = boot_seconds() - 1;
        }
    }

    void change_fragments(const std::function<void(ng_frag&)>& change) {
        const int map = must(scene_.datapath().map(datapath::MapId::kFrags));
        const std::uint32_t begin = scene_.identity().slot * 2 * NG_FRAG_SETS;
        for (std::uint32_t index = begin; index < begin + 2 * NG_FRAG_SETS; ++index) {
            ng_frag_set set = must(datapath::map_lookup<ng_frag_set>(map, index)).value();
            std::for_each(std::begin(set.way), std::end(set.way), change);
            must(datapath::map_update(map, index, set));
        }
    }

    void end_lifetime(FrameSource& source) {
        auto& learnt = model_.learnt();
        if (learnt.empty()) {
            return;
        }
        const auto one = std::next(learnt.begin(), static_cast<std::ptrdiff_t>(source.below(learnt.size())));
        scene_.expire(one->first.v6 ? kLearnt6 : kLearnt4);
        learnt.erase(one);
    }

    template <typename K, typename V>
    static void empty(int map) {
        for (const auto& entry : must(datapath::map_entries<K, V>(map))) {
            must(datapath::map_erase(map, entry.first));
        }
    }

    void forget() {
        model_.forget();
        datapath::Datapath& datapath = scene_.datapath();
        const std::uint32_t slot = scene_.identity().slot;
        empty<ng_flow_key, ng_flow>(must(datapath.inner_map(datapath::MapId::kFlows, slot)).get());
        empty<ng_addr, ng_learnt>(must(datapath.inner_map(datapath::MapId::kLearnt, slot)).get());
        change_fragments([](ng_frag& first) { first = {}; });
        const Fd pending = must(datapath.inner_map(datapath::MapId::kPending, slot));
        for (std::uint32_t i = 0; i < NG_PENDING_SETS; ++i) {
            must(datapath::map_update(pending.get(), i, ng_pending_set{}));
        }
    }

    Scene scene_;
    FrameModel model_;
    unsigned episodes_ = 0;
    std::uint64_t questions_lost_ = 0;  // at the beginning of the episode
};

void print(const char* title, const std::map<std::string, unsigned long>& counts) {
    std::cout << title << "\n";
    for (const auto& [what, count] : counts) {
        std::cout << "  " << count << "  " << what << "\n";
    }
}

void print(const char* title, const Differences& differences) {
    std::cout << title << "\n";
    for (const auto& [what, difference] : differences) {
        std::cout << "  " << difference.count << "  " << what << "; first: " << difference.first << "\n";
    }
}

}  // namespace

TEST_CASE("no random frame passes the programs that a strict model denies") {
    const unsigned long frames = setting("NAMEGATE_FRAMES", 200'000);
    const unsigned long seed = setting("NAMEGATE_SEED", std::random_device{}());
    std::cout << "random frames against a model: " << frames << " frames, seed " << seed << std::endl;
    const auto start = std::chrono::steady_clock::now();
    Pair pair;
    Tally tally;
    for (std::uint64_t i = 0; tally.frames < frames; ++i) {
        pair.run_episode(seed + i, std::min<unsigned long>(kEpisode, frames - tally.frames), tally);
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
    std::cout << tally.frames << " frames in " << seconds << " s: " << tally.passed << " passed, " << tally.unjudged << " not judged\n";
    print("passed, as", tally.allowed);
    print("dropped, by", tally.denied);
    print("allowed by the model, dropped for a reason", tally.excused);
    print("allowed by the model, dropped", tally.losses);
    print("denied by the model, passed", tally.violations);
    CHECK(tally.violations.empty());
    CHECK(tally.losses.empty());
    CHECK(tally.unjudged * 1000 < tally.frames);
}
