// SPDX-License-Identifier: Apache-2.0
//
// Keeps one source of policies up to date with the API server: finds out which of its groups the server has, again from time to time
// and when a resource is not found, and watches each kind of the first group that is there. Owns the requests for that and the sinks;
// the API source has the watches. One thread; nothing blocks: the owner calls work() after that of the API source, and every second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kubernetes/client/api_request.h"
#include "kubernetes/client/api_source.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/policy_groups.h"
#include "kubernetes/client/policy_sink.h"
#include "kubernetes/client/resource_list.h"
#include "policy/documents/object_source.h"

namespace namegate::kubernetes {

struct DiscoveryTiming {
    std::chrono::milliseconds first_delay{800};  // after a failure; doubled by each further one
    std::chrono::milliseconds max_delay{30'000};
    std::chrono::milliseconds silence{30'000};    // a request without an answer has failed
    std::chrono::milliseconds again{300'000};     // up to twice as long, by chance
    std::chrono::milliseconds missing{60'000};    // the same while the server has nothing of the source
    std::chrono::milliseconds not_found{10'000};  // at least, after a resource that is not found
};

class PolicyWatch {
  public:
    // All must outlive it.
    PolicyWatch(const PolicySourceSpec& spec, ApiSource& api, policy::ObjectSource& objects, const Clock& clock, KindWatch::Random random,
                const DiscoveryTiming& timing = {})
        : spec_(spec),
          api_(api),
          objects_(objects),
          clock_(clock),
          random_(std::move(random)),
          timing_(timing),
          request_(api.transport(), clock, timing.silence) {}
    ~PolicyWatch();
    PolicyWatch(const PolicyWatch&) = delete;
    PolicyWatch& operator=(const PolicyWatch&) = delete;
    PolicyWatch(PolicyWatch&&) = delete;
    PolicyWatch& operator=(PolicyWatch&&) = delete;

    void work();
    // What the API server says of the objects; added to `out`.
    void add_states(std::map<std::string, PolicyObjectState>& out) const;
    // Increases when that changes.
    std::uint64_t revision() const;

  private:
    struct Watched {
        Watched(const PolicyGroup& group, const PolicyKind& kind, policy::ObjectSource& objects) : sink(group, kind, objects) {}
        PolicySink sink;
        const KindWatch* watch = nullptr;
    };

    void discover();
    void ask(std::size_t group);
    void take_answer(const Result<ServedResources>& answer);
    void use(const PolicyGroup* group, const ServedResources& resources);
    void add(const PolicyGroup& group, const PolicyKind& kind);
    void list_again();
    void report_state();
    bool is_any_not_found() const;
    std::uint64_t now() const { return clock_.boot_ns(); }
    void ask_after(std::chrono::milliseconds delay);

    const PolicySourceSpec& spec_;
    ApiSource& api_;
    policy::ObjectSource& objects_;
    const Clock& clock_;
    const KindWatch::Random random_;
    const DiscoveryTiming timing_;

    ApiRequest request_;
    std::optional<std::size_t> asked_;  // the group that is asked for
    std::uint64_t asked_ns_ = 0;
    std::uint64_t ask_ns_ = 0;  // when to ask again
    unsigned failures_ = 0;     // in a row
    bool discovered_ = false;   // it is known what the server has
    std::string error_;         // of the last attempt
    std::vector<std::unique_ptr<Watched>> watched_;
    std::uint64_t removed_ = 0;  // revisions of those that are not watched any more
};

}  // namespace namegate::kubernetes
