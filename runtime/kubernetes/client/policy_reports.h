// SPDX-License-Identifier: Apache-2.0
//
// Tells the cluster which policy objects are accepted: in the status of those of namegate's own group, and by an Event for each object
// that is refused. One node at a time writes (lease.h); the others see in the objects that nothing is left to do. Writes only what
// differs from what the object says, one request at a time, with a pause between two. Owns the lease and the request in progress. One
// thread; nothing blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "kubernetes/client/api_request.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/lease.h"
#include "kubernetes/client/policy_sink.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxReportBytes = 1024;    // of a message; the API server accepts no more in an Event
inline constexpr std::size_t kMaxKnownEvents = 10'000;  // that were written
inline constexpr const char* kLeaseName = "namegate-policy-status";

struct ReportTiming {
    std::chrono::milliseconds jitter{5'000};  // up to this, before a node asks for the lease
    std::chrono::milliseconds pause{200};     // between two requests
    std::chrono::milliseconds retry{30'000};  // after one that failed
    std::chrono::milliseconds silence{10'000};
    LeaseTiming lease = {};
};

// What is in force of an object.
struct Verdict {
    bool accepted = true;
    std::string reason;   // "Valid", "Invalid", "Overridden"
    std::string message;  // why it is not accepted
};

class PolicyReports {
  public:
    using Objects = std::map<std::string, PolicyObjectState>;  // by the path of the document
    using Verdicts = std::map<std::string, Verdict>;           // likewise

    // All must outlive it. `name_space`: of the lease.
    PolicyReports(Transport& transport, const Clock& clock, const std::string& name_space, const std::string& node,
                  KindWatch::Random random, const ReportTiming& timing = {});

    // What the server has, and what it should say of that. Call it after every change.
    void compare(const Objects& objects, const Verdicts& verdicts);
    void work();
    std::size_t pending() const { return pending_.size(); }
    // Why the last request failed; empty: it did not.
    const std::string& error() const { return error_.empty() ? lease_.error() : error_; }

  private:
    struct Write {
        HttpRequest request;
        std::string event;  // its name; empty: a status
    };

    void add_status(const std::string& path, const PolicyObjectState& object, const Verdict& verdict);
    void add_event(const std::string& path, const PolicyObjectState& object, const Verdict& verdict);
    void start_next();
    void take_answer(const Result<ApiAnswer>& answer);
    void note_sent(bool is_sent);
    void leave_events_to_holder();
    std::uint64_t after(std::chrono::milliseconds delay) const;

    const Clock& clock_;
    const std::string node_;
    const KindWatch::Random random_;
    const ReportTiming timing_;
    Lease lease_;
    ApiRequest request_;
    std::map<std::string, Write> pending_;        // by document and purpose
    std::map<std::string, std::string> written_;  // statuses that the objects do not show yet, by document
    std::set<std::string> events_;                // names of those that were written, or left to another node
    std::string sending_;                         // the key of the last request, and what it writes
    Write sent_;
    std::uint64_t due_ns_ = 0;
    std::string error_;
};

}  // namespace namegate::kubernetes
