// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/policy_reports.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/checksum.h"
#include "base/utc_text.h"
#include "kubernetes/client/back_off.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kStatusKey = " status";
constexpr const char* kEventKey = " event";
constexpr const char* kClusterNamespace = "default";  // of Events of objects without a namespace
constexpr unsigned kLooksAtHolder = 3;                // until its work is trusted to it

std::string shortened(const std::string& text) {
    std::size_t end = std::min(text.size(), kMaxReportBytes);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
        --end;  // not within a UTF-8 character
    }
    return text.substr(0, end);
}

std::string time_text(const Clock& clock) { return utc_text(clock.wall_seconds()); }

std::string api_path(const PolicyObjectState& object) {
    return "/apis/" + object.version + (object.name.name_space.empty() ? "" : "/namespaces/" + object.name.name_space) + "/" +
           object.resource + "/" + object.name.name;
}

// What a status says, to be compared.
std::string digest(const std::string& status, const std::string& reason, const std::string& message, std::int64_t generation) {
    return status + "\n" + reason + "\n" + std::to_string(generation) + "\n" + message;
}

}  // namespace

PolicyReports::PolicyReports(Transport& transport, const Clock& clock, const std::string& name_space, const std::string& node,
                             KindWatch::Random random, const ReportTiming& timing)
    : clock_(clock),
      node_(node),
      random_(std::move(random)),
      timing_(timing),
      lease_(transport, clock, name_space, kLeaseName, node, timing.lease),
      request_(transport, clock, timing.silence) {}

std::uint64_t PolicyReports::after(milliseconds delay) const { return clock_.boot_ns() + nanoseconds_of(delay); }

void PolicyReports::compare(const Objects& objects, const Verdicts& verdicts) {
    const bool was_empty = pending_.empty();
    pending_.clear();
    for (const auto& [path, object] : objects) {
        const auto verdict = verdicts.find(path);
        if (verdict == verdicts.end()) {
            continue;
        }
        if (object.has_status) {
            add_status(path, object, verdict->second);
        }
        if (verdict->second.reason == "Invalid") {
            add_event(path, object, verdict->second);
        }
    }
    std::erase_if(written_, [&](const auto& entry) { return objects.count(entry.first) == 0; });
    if (was_empty && !pending_.empty() && !lease_.is_held()) {
        // The holder of the lease is faster, and then there is nothing left to do.
        due_ns_ = std::max(due_ns_, after(scaled(timing_.jitter, random_())));
    }
}

void PolicyReports::add_status(const std::string& path, const PolicyObjectState& object, const Verdict& verdict) {
    const std::string status = verdict.accepted ? "True" : "False";
    const std::string message = shortened(verdict.message);
    const std::string wanted = digest(status, verdict.reason, message, object.generation);
    const std::string shown = digest(object.accepted, object.reason, object.message, object.observed_generation);
    const auto written = written_.find(path);
    if (wanted == shown) {
        written_.erase(path);
        return;
    }
    if (written != written_.end() && written->second == wanted) {
        return;  // the object will show it
    }
    const std::string since = object.accepted == status && !object.transition_time.empty() ? object.transition_time : time_text(clock_);
    const Json condition{{"type", "Accepted"},
                         {"status", status},
                         {"reason", verdict.reason},
                         {"message", message},
                         {"observedGeneration", object.generation},
                         {"lastTransitionTime", since}};
    const Json body{{"status", {{"conditions", Json::array({condition})}}}};
    pending_[path + kStatusKey] = {{api_path(object) + "/status", kJsonMediaType, "PATCH", "application/merge-patch+json",
                                    body.dump(-1, ' ', false, Json::error_handler_t::replace)},
                                   ""};
}

void PolicyReports::add_event(const std::string& path, const PolicyObjectState& object, const Verdict& verdict) {
    const std::string message = shortened(verdict.message);
    // The same refusal has the same name, so that the server has it once.
    constexpr std::size_t kMaxNamed = 200;
    const std::string name = object.name.name.substr(0, kMaxNamed) + "." + hex_of(checksum_of(path + "\n" + message));
    if (events_.count(name) != 0) {
        return;
    }
    const std::string name_space = object.name.name_space.empty() ? kClusterNamespace : object.name.name_space;
    Json involved{{"apiVersion", object.version}, {"kind", object.kind}, {"name", object.name.name}, {"uid", object.uid}};
    if (!object.name.name_space.empty()) {
        involved["namespace"] = object.name.name_space;
    }
    const std::string now = time_text(clock_);
    const Json body{{"apiVersion", "v1"},
                    {"kind", "Event"},
                    {"metadata", {{"name", name}, {"namespace", name_space}}},
                    {"involvedObject", std::move(involved)},
                    {"type", "Warning"},
                    {"reason", "PolicyRefused"},
                    {"message", message},
                    {"source", {{"component", "namegate"}, {"host", node_}}},
                    {"firstTimestamp", now},
                    {"lastTimestamp", now},
                    {"count", 1}};
    pending_[path + kEventKey] = {{"/api/v1/namespaces/" + name_space + "/events", kJsonMediaType, "POST", kJsonMediaType,
                                   body.dump(-1, ' ', false, Json::error_handler_t::replace)},
                                  name};
}

// A node that renews its lease writes the Events. A status is compared with the object, and so is never left to it for good.
void PolicyReports::leave_events_to_holder() {
    if (lease_.seen_held() < kLooksAtHolder) {
        return;
    }
    for (auto next = pending_.begin(); next != pending_.end();) {
        if (next->second.event.empty()) {
            ++next;
            continue;
        }
        events_.insert(next->second.event);
        next = pending_.erase(next);
    }
}

void PolicyReports::work() {
    const bool due = clock_.boot_ns() >= due_ns_;
    lease_.work(!pending_.empty() && due);
    leave_events_to_holder();
    if (const auto answer = request_.take_answer(); answer) {
        take_answer(*answer);
    } else if (due && lease_.is_held() && !request_.is_busy() && !pending_.empty()) {
        start_next();
    }
}

void PolicyReports::start_next() {
    if (events_.size() >= kMaxKnownEvents) {
        events_.clear();  // those that are written again are on the server already
    }
    // In turn, so that one that fails again and again does not keep the others from being written.
    auto next = pending_.upper_bound(sending_);
    next = next == pending_.end() ? pending_.begin() : next;
    sending_ = next->first;
    sent_ = std::move(next->second);
    pending_.erase(next);
    request_.start(sent_.request);
    due_ns_ = after(timing_.pause);
    // compare() may make it anew while it is on its way.
    note_sent(true);
}

void PolicyReports::note_sent(bool is_sent) {
    if (!sent_.event.empty()) {
        if (is_sent) {
            events_.insert(sent_.event);
        } else {
            events_.erase(sent_.event);
        }
        return;
    }
    const std::string path = sending_.substr(0, sending_.size() - std::string_view(kStatusKey).size());
    if (!is_sent) {
        written_.erase(path);
        return;
    }
    const Json condition = Json::parse(sent_.request.body)["status"]["conditions"][0];
    written_[path] = digest(condition["status"], condition["reason"], condition["message"], condition["observedGeneration"]);
}

void PolicyReports::take_answer(const Result<ApiAnswer>& answer) {
    // An Event that is there already, and an object that is gone, are as good as written.
    if (answer && (answer->is_good() || answer->status == kStatusConflict || answer->status == kStatusNotFound)) {
        error_.clear();
        return;
    }
    error_ = (answer ? answer->error() : answer.error()).message();
    due_ns_ = after(timing_.retry);
    note_sent(false);
    pending_.emplace(sending_, sent_);
}

}  // namespace namegate::kubernetes
