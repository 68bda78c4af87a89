// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/api_source.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kubernetes/client/query.h"

namespace namegate::kubernetes {

Resource resource_of(Kind kind, const std::string& node) {
    Resource out;
    out.path = "/api/v1/" + std::string(to_string(kind));
    if (kind == Kind::kPods) {
        out.selection = "fieldSelector=" + percent_encoded("spec.nodeName=" + node);
    } else {
        out.only_metadata = true;
    }
    return out;
}

Result<std::unique_ptr<ApiSource>> ApiSource::create(const Settings& settings, Knowledge& knowledge, const Clock& clock) {
    NG_ASSIGN(std::unique_ptr<CurlTransport> transport, CurlTransport::create(settings.read_credentials));
    std::unique_ptr<ApiSource> source(new ApiSource(std::move(transport), settings, knowledge, clock));
    for (const Kind kind : kKinds) {
        source->kinds_.push_back(std::make_unique<WatchedKind>(kind, settings, *source->transport_, knowledge, clock));
    }
    return source;
}

template <typename Visit>
void ApiSource::for_each_watch(const Visit& visit) const {
    for (const auto& kind : kinds_) {
        visit(kind->watch);
    }
    for (const auto& watch : added_) {
        visit(*watch);
    }
}

void ApiSource::work() {
    transport_->work();
    std::uint64_t due_ns = std::numeric_limits<std::uint64_t>::max();
    for_each_watch([&](KindWatch& watch) {
        watch.work();
        due_ns = std::min(due_ns, watch.due_ns());
    });
    transport_->wake_at(due_ns);
    // Other watches say nothing of whether a pod will be shown soon.
    knowledge_.set_away(std::any_of(kinds_.begin(), kinds_.end(), [](const auto& kind) { return kind->watch.status().away; }));
}

const KindWatch& ApiSource::add_watch(Resource resource, ObjectSink& sink) {
    added_.push_back(std::make_unique<KindWatch>(std::move(resource), *transport_, sink, clock_, settings_.random, settings_.timing));
    transport_->wake_at(clock_.boot_ns());
    return *added_.back();
}

void ApiSource::remove_watch(const KindWatch& watch) {
    std::erase_if(added_, [&](const auto& added) { return added.get() == &watch; });
}

WatchStatus ApiSource::status() const {
    WatchStatus out;
    out.connected = true;
    for_each_watch([&](const KindWatch& watch) {
        const WatchStatus& one = watch.status();
        const bool decides = one.away && !out.away;
        out.away = out.away || one.away;
        out.connected = out.connected && one.connected;
        // Away: since the first kind is. Connected: since the last kind is.
        if (decides || out.since_seconds == 0) {
            out.since_seconds = one.since_seconds;
        } else if (one.away == out.away) {
            out.since_seconds = out.away ? std::min(out.since_seconds, one.since_seconds) : std::max(out.since_seconds, one.since_seconds);
        }
        out.error = decides || out.error.empty() ? one.error : out.error;
        out.lists += one.lists;
        out.refused += one.refused;
        out.last_refused = one.last_refused.empty() ? out.last_refused : one.last_refused;
    });
    if (!out.connected && !out.away) {
        out.since_seconds = 0;  // it is about to be connected
    }
    return out;
}

}  // namespace namegate::kubernetes
