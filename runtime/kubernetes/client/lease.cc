// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/lease.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/utc_text.h"
#include "kubernetes/client/json_text.h"

namespace namegate::kubernetes {

namespace {

using std::chrono::milliseconds;

}  // namespace

void Lease::wait(milliseconds delay) { due_ns_ = clock_.boot_ns() + nanoseconds_of(delay); }

void Lease::work(bool wanted) {
    if (step_ != Step::kIdle) {
        if (const auto answer = request_.take_answer(); answer) {
            take_answer(*answer);
        }
        return;
    }
    if ((wanted || is_held()) && clock_.boot_ns() >= due_ns_) {
        read();
    }
}

void Lease::read() {
    step_ = Step::kReading;
    request_.start({path() + "/" + name_, kJsonMediaType});
}

void Lease::write(const std::string& resource_version) {
    step_ = Step::kWriting;
    asked_ns_ = clock_.boot_ns();
    nlohmann::json lease{{"apiVersion", "coordination.k8s.io/v1"},
                         {"kind", "Lease"},
                         {"metadata", {{"name", name_}, {"namespace", name_space_}}},
                         {"spec",
                          {{"holderIdentity", holder_},
                           {"leaseDurationSeconds", timing_.duration.count() / 1000},
                           {"renewTime", format_utc(clock_.wall_seconds(), "%Y-%m-%dT%H:%M:%S.000000Z")}}}};
    if (resource_version.empty()) {
        request_.start({path(), kJsonMediaType, "POST", kJsonMediaType, lease.dump()});
        return;
    }
    // The server refuses it if another node has written meanwhile.
    lease["metadata"]["resourceVersion"] = resource_version;
    request_.start({path() + "/" + name_, kJsonMediaType, "PUT", kJsonMediaType, lease.dump()});
}

void Lease::take_answer(const Result<ApiAnswer>& answer) {
    const Step step = std::exchange(step_, Step::kIdle);
    wait(timing_.look);
    if (!answer) {
        error_ = answer.error().message();
        return;
    }
    if (step == Step::kReading && answer->status == kStatusNotFound) {
        write("");
        return;
    }
    // Another node was faster.
    if (step == Step::kWriting && answer->status == kStatusConflict) {
        held_until_ns_ = 0;
        return;
    }
    if (!answer->is_good()) {
        error_ = answer->error().message();
        return;
    }
    error_.clear();
    if (step == Step::kReading) {
        take_lease(answer->body);
        return;
    }
    // Shorter than the others believe it, so that it ends here first.
    held_until_ns_ = asked_ns_ + nanoseconds_of(timing_.duration) * 2 / 3;
    seen_held_ = 0;
    wait(timing_.renew);
}

void Lease::take_lease(const std::string& body) {
    const auto lease = parse_json_object(body);
    if (!lease) {
        error_ = lease.error().message();
        return;
    }
    const std::string holder = text_at(*lease, {"spec", "holderIdentity"});
    const std::string version = text_at(*lease, {"metadata", "resourceVersion"});
    if (version.empty()) {
        error_ = "a Lease without metadata.resourceVersion";
        return;
    }
    if (holder == holder_ || holder.empty()) {
        write(version);
        return;
    }
    held_until_ns_ = 0;
    const std::uint64_t now = clock_.boot_ns();
    if (seen_ != version) {
        seen_ = version;
        seen_ns_ = now;
    }
    if (now - seen_ns_ >= nanoseconds_of(timing_.duration)) {
        write(version);
        return;
    }
    ++seen_held_;
}

}  // namespace namegate::kubernetes
