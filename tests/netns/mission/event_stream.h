// SPDX-License-Identifier: Apache-2.0
//
// The events of `monitor`, read in a thread of its own from the making of the object to its end. Owns the thread; the site's daemon
// runs all the time. Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/client.h"
#include "site.h"

namespace namegate::test {

class EventStream {
  public:
    // `arguments`: of the command `monitor`.
    EventStream(const Site& site, api::Json arguments)
        : socket_(site.node.folder() + "/state/namegated.sock"), arguments_(std::move(arguments)), thread_([this] { follow(); }) {}
    ~EventStream() {
        stop_ = true;
        thread_.join();
    }
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;
    EventStream(EventStream&&) = delete;
    EventStream& operator=(EventStream&&) = delete;

    // The events so far for which `matches(event)`, in their order.
    template <typename Matches>
    std::vector<nlohmann::json> events(const Matches& matches) {
        const std::lock_guard lock(mutex_);
        std::vector<nlohmann::json> out;
        std::copy_if(events_.begin(), events_.end(), std::back_inserter(out), matches);
        return out;
    }

  private:
    void follow() {
        constexpr unsigned kTimeoutMs = 10'000;
        static_cast<void>(api::follow_daemon(socket_, {"monitor", arguments_}, kTimeoutMs, [this](const nlohmann::json& event) {
            if (!event.is_null()) {
                const std::lock_guard lock(mutex_);
                events_.push_back(event);
            }
            return !stop_;
        }));
    }

    std::string socket_;
    api::Json arguments_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::vector<nlohmann::json> events_;
    std::thread thread_;
};

}  // namespace namegate::test
