// SPDX-License-Identifier: Apache-2.0
#include "seen.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "api/client.h"
#include "support/eventually.h"
#include "support/scrape.h"

namespace namegate::test {

using nlohmann::json;

Seen::Seen(const Node& node, std::string flow_log) : node_(node), flow_log_(std::move(flow_log)) {
    for (const json& arguments : {json{{"sinceSeconds", 60}}, json{{"flows", true}, {"dns", true}}}) {
        threads_.emplace_back([this, arguments] {
            constexpr unsigned kSilenceMs = 60'000;
            static_cast<void>(
                api::follow_daemon(node_.folder() + "/state/namegated.sock", {"monitor", arguments}, kSilenceMs, [this](const json& event) {
                    if (!event.is_null()) {
                        const std::lock_guard lock(mutex_);
                        events_.push_back(event);
                    }
                    return true;
                }));
        });
    }
}

Seen::~Seen() {
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

bool Seen::begins(const std::function<void()>& look_up) {
    return eventually([&] {
        look_up();
        return in_monitor([](const json& event) { return event["kind"] == "dns"; }) &&
               in_monitor([](const json& event) { return event["kind"] == "endpoint-added"; });
    });
}

void Seen::forget() {
    const std::lock_guard lock(mutex_);
    events_.clear();
    std::ifstream in(flow_log_, std::ios::ate);
    read_from_ = in ? static_cast<std::streamoff>(in.tellg()) : 0;
}

bool Seen::in_monitor(const Fits& fits) {
    const std::lock_guard lock(mutex_);
    return std::any_of(events_.begin(), events_.end(), fits);
}

bool Seen::in_flow_log(const Fits& fits) const {
    std::ifstream in(flow_log_);
    in.seekg(read_from_);
    for (std::string line; std::getline(in, line);) {
        if (const json parsed = json::parse(line, nullptr, false); !parsed.is_discarded() && fits(parsed)) {
            return true;
        }
    }
    return false;
}

bool Seen::in_why(const std::string& endpoint, const Fits& fits) const {
    const auto reply = node_.ask_daemon("why", {{"endpoint", endpoint}, {"destination", ""}});
    return reply && std::any_of((*reply)["entries"].begin(), (*reply)["entries"].end(), fits);
}

double Seen::counter(const std::string& reason) const {
    const auto status = node_.ask_daemon("status");
    return status ? (*status)["counters"].value(reason, 0.0) : 0.0;
}

double Seen::metric(const std::string& reason) { return scrape(kMetricsPort).at("namegate_program_" + reason + "_total"); }

}  // namespace namegate::test
