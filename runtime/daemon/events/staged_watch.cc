// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/staged_watch.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "daemon/events/wall_clock.h"

namespace namegate::daemon {

namespace {

bool is_staged(const policy::Resource& resource) {
    const auto* const policy = std::get_if<policy::Policy>(&resource);
    return policy != nullptr && policy->staged;
}

}  // namespace

bool StagedWatch::wants(EventKind kind) const {
    return kind == EventKind::kEndpointRemoved || (policies_ != 0 && (kind == EventKind::kFlow || is_denial(kind)));
}

void StagedWatch::take(const Event& event) {
    if (event.kind == EventKind::kEndpointRemoved) {
        report_.forget(event.endpoint->id);
    } else if (const auto verdict = verdicts_.judge(event); verdict) {
        report_.note(event, *verdict);
    }
}

bool StagedWatch::refresh() {
    const policy::Snapshot& snapshot = node_.programmer().snapshot();
    if (snapshot.generation() == generation_) {
        return false;
    }
    generation_ = snapshot.generation();
    Files files;
    std::size_t policies = 0;
    for (const auto& file : snapshot.files()) {
        const auto staged = std::count_if(file->all().begin(), file->all().end(), is_staged);
        if (staged > 0) {
            files.push_back(file);
            policies += static_cast<std::size_t>(staged);
        }
    }
    if (files == files_) {
        return false;
    }
    files_ = std::move(files);
    policies_ = policies;
    const std::uint64_t now = node_.clock().boot_ns();
    report_.restart(policies == 0 ? std::string() : wall_time(now, now));
    if (policies == 0) {
        verdicts_.clear();
    }
    return true;
}

}  // namespace namegate::daemon
