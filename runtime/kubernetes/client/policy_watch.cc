// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/policy_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "kubernetes/client/back_off.h"

namespace namegate::kubernetes {

namespace {

using std::chrono::milliseconds;

Result<ServedResources> served_by(const Result<ApiAnswer>& answer) {
    if (!answer) {
        return answer.error();
    }
    if (answer->status == kStatusNotFound) {
        return ServedResources();
    }
    return answer->status == kStatusOk ? decode_resource_list(answer->body) : Result<ServedResources>(answer->error());
}

}  // namespace

PolicyWatch::~PolicyWatch() {
    for (const auto& one : watched_) {
        api_.remove_watch(*one->watch);
    }
}

void PolicyWatch::work() {
    discover();
    report_state();
}

void PolicyWatch::ask_after(milliseconds delay) { ask_ns_ = now() + nanoseconds_of(delay); }

bool PolicyWatch::is_any_not_found() const {
    return std::any_of(watched_.begin(), watched_.end(), [](const auto& one) { return one->watch->status().not_found; });
}

void PolicyWatch::discover() {
    if (asked_) {
        if (const auto answer = request_.take_answer(); answer) {
            take_answer(served_by(*answer));
        }
        return;
    }
    const bool not_found = now() - asked_ns_ >= nanoseconds_of(timing_.not_found) && is_any_not_found();
    if (now() < ask_ns_ && !not_found) {
        return;
    }
    ask(0);
}

void PolicyWatch::ask(std::size_t group) {
    asked_ = group;
    asked_ns_ = now();
    request_.start({"/apis/" + std::string(spec_.groups[group].version), kJsonMediaType});
}

void PolicyWatch::take_answer(const Result<ServedResources>& answer) {
    const std::size_t index = *std::exchange(asked_, std::nullopt);
    if (!answer) {
        error_ = std::string(spec_.groups[index].version) + ": " + answer.error().message();
        ask_after(back_off(timing_.first_delay, timing_.max_delay, failures_++, random_()));
        return;
    }
    if (answer->empty() && index + 1 < spec_.groups.size()) {
        ask(index + 1);
        return;
    }
    failures_ = 0;
    error_.clear();
    discovered_ = true;
    ask_after(scaled(answer->empty() ? timing_.missing : timing_.again, 1 + random_()));
    use(answer->empty() ? nullptr : &spec_.groups[index], *answer);
}

// Null: the server has none.
void PolicyWatch::use(const PolicyGroup* group, const ServedResources& resources) {
    std::set<std::string> wanted;
    for (const PolicyKind& kind : group == nullptr ? std::span<const PolicyKind>() : group->kinds) {
        if (resources.count(std::string(kind.resource)) != 0) {
            wanted.insert(folder_of(*group, kind));
        }
    }
    std::erase_if(watched_, [&](const std::unique_ptr<Watched>& one) {
        if (wanted.erase(one->sink.folder()) != 0) {
            return false;
        }
        api_.remove_watch(*one->watch);
        objects_.drop(one->sink.folder());
        removed_ += one->sink.revision() + 1;
        return true;
    });
    for (const PolicyKind& kind : group == nullptr ? std::span<const PolicyKind>() : group->kinds) {
        if (wanted.count(folder_of(*group, kind)) != 0) {
            add(*group, kind);
        }
    }
    list_again();
}

void PolicyWatch::add(const PolicyGroup& group, const PolicyKind& kind) {
    watched_.push_back(std::make_unique<Watched>(group, kind, objects_));
    Watched& added = *watched_.back();
    Resource resource;
    resource.path = "/apis/" + std::string(group.version) + "/" + std::string(kind.resource);
    resource.newest = true;  // an old list may lack a policy that is in force
    added.watch = &api_.add_watch(std::move(resource), added.sink);
}

// What a list left out is only known after another one.
void PolicyWatch::list_again() {
    for (const auto& one : watched_) {
        if (one->sink.flaw().empty() && !objects_.has_left_out(one->sink.folder())) {
            continue;
        }
        Resource resource = one->watch->resource();
        api_.remove_watch(*one->watch);
        one->watch = &api_.add_watch(std::move(resource), one->sink);
    }
}

void PolicyWatch::add_states(std::map<std::string, PolicyObjectState>& out) const {
    for (const auto& one : watched_) {
        out.insert(one->sink.states().begin(), one->sink.states().end());
    }
}

std::uint64_t PolicyWatch::revision() const {
    std::uint64_t out = removed_;
    for (const auto& one : watched_) {
        out += one->sink.revision();
    }
    return out;
}

void PolicyWatch::report_state() {
    if (!discovered_) {
        objects_.set_waiting(error_.empty() ? policy::kObjectsNotRead : error_, !error_.empty());
        return;
    }
    std::set<std::string> folders;
    for (const auto& one : watched_) {
        folders.insert(one->sink.folder());
        if (!one->sink.flaw().empty()) {
            objects_.set_waiting(one->sink.flaw(), true);
            return;
        }
        if (!one->sink.is_complete()) {
            const WatchStatus& status = one->watch->status();
            objects_.set_waiting(status.away ? status.error : policy::kObjectsNotRead, status.away);
            return;
        }
    }
    objects_.set_complete(std::move(folders));
}

}  // namespace namegate::kubernetes
