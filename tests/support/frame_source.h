// SPDX-License-Identifier: Apache-2.0
//
// Random frames and random policies for frame_model.h. Addresses, ports and identifiers come from small sets, so that frames match
// flows, fragments and queries of other frames. Equal seeds give equal sequences.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "support/frame_model.h"

namespace namegate::test {

struct SentFrame {
    Bytes bytes;
    Sender sender = Sender::kPod;
};

class FrameSource {
  public:
    explicit FrameSource(std::uint64_t seed) : random_(seed) {}

    SentFrame frame();
    FrameRules rules();
    // The same with one rule more or less: a peer that is revoked, and allowed again.
    FrameRules change(FrameRules rules);

    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }

  private:
    template <typename T>
    T pick(std::initializer_list<T> all) {
        return *(all.begin() + static_cast<std::ptrdiff_t>(below(all.size())));
    }
    struct Draft;

    FrameRule egress_rule();
    FrameRule ingress_rule();
    void choose_ends(Draft& draft);
    FrameAddress remote_address(bool v6);
    FrameAddress strange_address(bool v6);
    void fill_tcp(Draft& draft);
    void fill_udp(Draft& draft);
    void fill_icmp(Draft& draft);
    void fill_error(Draft& draft);
    void fill_other(Draft& draft);
    void fill_dns(Draft& draft);
    void fill_neighbour(Draft& draft);
    Bytes quoted(const Draft& draft);
    Bytes random_bytes(std::size_t size);
    void cut(Draft& draft);
    void follow(Draft& draft);
    Bytes options4();
    Bytes headers4(Draft& draft);
    Bytes headers6(Draft& draft);
    Bytes finish(Draft& draft);
    void damage(Bytes& frame);
    Bytes arp(Sender sender);

    std::mt19937_64 random_;
    // Of the last first fragment, for later ones.
    Sender first_sender_ = Sender::kPod;
    FrameAddress first_local_;
    FrameAddress first_remote_;
    std::uint8_t first_protocol_ = 0;
    std::uint32_t first_id_ = 0;
};

inline constexpr std::uint32_t kFrameIds = 3;
inline const char* const kKnownName = "api.example.com";
inline const char* const kLearnt4 = "203.0.113.1";
inline const char* const kLearnt6 = "2001:db8:77::1";

// A resource for each direction that has a policy.
std::string written(const FrameRules& rules);

}  // namespace namegate::test
