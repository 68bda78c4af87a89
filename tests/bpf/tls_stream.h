// SPDX-License-Identifier: Apache-2.0
//
// The programs' verdict for the first bytes of a TLS connection, to compare with that of tls_model.h. An early denial of the programs
// counts as one if the model denies the whole stream, or waits for more of it: the name was complete and wrong.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "support/tls_model.h"
#include "tls_connection.h"

namespace namegate::test {

inline constexpr std::size_t kMaxSegment = 3000;  // bytes of one test run's frame, less headers

// An endpoint whose policy requires one of two names.
class TlsReader {
  public:
    static const std::set<std::string>& names() {
        static const std::set<std::string> names = {"api.example.com", "www.example.org"};
        return names;
    }

    // Sends the stream in segments of `piece` bytes, in order, as far as it passes. `piece`: 1 to kMaxSegment.
    TlsVerdict verdict_of(const Bytes& stream, std::size_t piece) {
        TlsConnection tls(scene_, kShared4, 33000);
        const Outcome before = outcome();
        tls.open(isn_ += 100000);
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            const std::size_t end = std::min(stream.size(), at + piece);
            const Bytes segment(stream.begin() + static_cast<std::ptrdiff_t>(at), stream.begin() + static_cast<std::ptrdiff_t>(end));
            if (!tls.data(static_cast<std::uint32_t>(at), segment).passed()) {
                break;
            }
        }
        const Outcome after = outcome();
        return after.denied > before.denied ? TlsVerdict::kDenied
               : after.named > before.named ? TlsVerdict::kAccepted
                                            : TlsVerdict::kWaiting;
    }
    static bool agree(TlsVerdict model, TlsVerdict programs) {
        return model == programs || (model == TlsVerdict::kWaiting && programs == TlsVerdict::kDenied);
    }

  private:
    struct Outcome {
        std::uint64_t named = 0;
        std::uint64_t denied = 0;
    };
    Outcome outcome() {
        const auto counters = must(datapath::read_stats(scene_.scene.datapath(), scene_.scene.identity().slot));
        return {counters[NG_R_TLS_NAMED],
                counters[NG_R_TLS_NAME] + counters[NG_R_TLS_NO_NAME] + counters[NG_R_TLS_NOT_TLS] + counters[NG_R_TLS_FORM]};
    }

    TlsScene scene_ = TlsScene({tls_rule("require", "api.example.com, www.example.org")}, {"www.example.org"});
    std::uint32_t isn_ = 1;
};

}  // namespace namegate::test
