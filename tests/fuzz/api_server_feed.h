// SPDX-License-Identifier: Apache-2.0
//
// An API server of fuzz targets: what it sends is the input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "kubernetes/client/transport.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kPiece = 7;

class FixedClock final : public Clock {
  public:
    std::uint64_t boot_ns() const override { return 1'000'000'000; }
    std::int64_t wall_seconds() const override { return 1; }
};

// Passes the input on to whoever asked last.
class Feed final : public Transport {
  public:
    Result<Transfer> start(const HttpRequest& /*request*/, HttpReceiver& receiver) override {
        receiver_ = &receiver;
        return Transfer{1};
    }
    void cancel(Transfer /*transfer*/) override { receiver_ = nullptr; }
    void reply(std::string_view bytes) {
        if (receiver_ == nullptr) {
            return;
        }
        receiver_->on_status(200, {});
        for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
            if (!receiver_->on_data(bytes.substr(0, kPiece))) {
                std::exchange(receiver_, nullptr)->on_end(Error(Code::kTryAgain, "stopped"));
                return;
            }
        }
        std::exchange(receiver_, nullptr)->on_end(ok());
    }

  private:
    HttpReceiver* receiver_ = nullptr;
};

}  // namespace namegate::kubernetes
