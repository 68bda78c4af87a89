// SPDX-License-Identifier: Apache-2.0
#include "labels/kubernetes/kubernetes.h"

#include <poll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <set>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "kubernetes/known/knowledge.h"
#include "labels/names.h"

namespace namegate::labels {
namespace {

using kubernetes::Kind;
using SteadyTime = std::chrono::steady_clock::time_point;

// While an endpoint waits, what is known is looked at this often. The look costs less than a notification from every change.
constexpr std::chrono::milliseconds kLook{10};
constexpr long kNsPerMs = 1'000'000;
// Endpoints whose pods were not seen in time. More are forgotten and waited for again.
constexpr std::size_t kMaxUnseen = 4'096;

class Kubernetes final : public Provider {
  public:
    explicit Kubernetes(std::shared_ptr<kubernetes::Knowledge> known) : known_(std::move(known)) {}

    std::string_view name() const override { return kKubernetes; }
    bool is_available() const override { return known_ != nullptr; }
    bool is_complete() const override { return true; }
    bool must_be_asked() const override { return known_ != nullptr && known_->is_watched(); }

    Reply describe(const endpoints::Record& record) const override {
        if (!is_pod(record)) {
            return std::optional<Description>();
        }
        if (auto seen = newest(record)) {
            return seen;
        }
        if (const Description* stored = record.description_of(kKubernetes)) {
            Description out = *stored;
            if (!record.service_account.empty()) {
                out.service_account = record.service_account;
            }
            return std::optional(std::move(out));
        }
        if (!must_be_asked() || unseen_.count(record.container_id) != 0) {
            return std::optional<Description>();
        }
        return Error(Code::kTryAgain, why_unknown(record));
    }

    std::string why_unknown(const endpoints::Record& record) const override {
        if (!must_be_asked() || !is_pod(record)) {
            return {};
        }
        return "the API server has not shown the pod " + record.pod_namespace + "/" + record.pod_name +
               (record.pod_uid.empty() ? "" : " with the UID " + record.pod_uid) + " to this node yet" +
               (known_->is_away() ? ", and is away" : "");
    }

    std::string why_objects_unknown() const override {
        if (!must_be_asked()) {
            return {};
        }
        return std::string("the API server has not shown it to this node yet") + (known_->is_away() ? ", and is away" : "");
    }

    std::optional<Description> newest(const endpoints::Record& record) const override {
        const auto object = is_pod(record) && known_ ? known_->find(Kind::kPods, record.pod_namespace, record.pod_name) : nullptr;
        if (object == nullptr || !kubernetes::is_sandbox_of(*object->pod, record.pod_uid)) {
            return std::nullopt;
        }
        return Description{object->labels, endpoints::keep_annotations(object->pod->annotations), object->pod->ports,
                           object->pod->service_account};
    }

    bool should_be_asked(const endpoints::Record& record) const override {
        return unseen_.count(record.container_id) == 0 && may_be_asked_again(record);
    }
    bool may_be_asked_again(const endpoints::Record& record) const override {
        return must_be_asked() && is_pod(record) && !is_known(record);
    }

    SharedLabels namespace_labels(const std::string& name_space) const override {
        return labels_of(known_ ? known_->find(Kind::kNamespaces, "", name_space) : nullptr);
    }
    SharedLabels account_labels(const std::string& name_space, const std::string& name) const override {
        return labels_of(known_ ? known_->find(Kind::kServiceAccounts, name_space, name) : nullptr);
    }

    Result<int> open() override {
        if (!timer_.valid()) {
            timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
        }
        return timer_.valid() ? Result<int>(timer_.get()) : sys_error("timerfd_create", errno);
    }
    void ask(const endpoints::Record& record, std::chrono::milliseconds timeout, const Done& done) override {
        const SteadyTime now = std::chrono::steady_clock::now();
        waiting_.push_back({record, done, now, now + timeout});
        set_timer(1);
    }
    void work() override;
    void wait(std::chrono::milliseconds time) override {
        pollfd poll{timer_.get(), POLLIN, 0};
        static_cast<void>(::poll(&poll, 1, static_cast<int>(time.count())));
        work();
    }

  private:
    struct Waiting {
        endpoints::Record record;
        Done done;
        SteadyTime asked;
        SteadyTime deadline;
    };

    static bool is_pod(const endpoints::Record& record) { return record.kubernetes && !record.pod_name.empty(); }
    static SharedLabels labels_of(const std::shared_ptr<const kubernetes::Object>& object) {
        return object ? SharedLabels(object, &object->labels) : nullptr;
    }
    // Whether everything is known that the API server can tell of the endpoint.
    bool is_known(const endpoints::Record& record) const {
        const auto own = newest(record);
        const bool stored = record.description_of(kKubernetes) != nullptr;
        const std::string account = own ? own->service_account.value_or("") : record.service_account;
        return (own || stored) && namespace_labels(record.pod_namespace) &&
               (account.empty() || account_labels(record.pod_namespace, account));
    }
    bool is_over(const Waiting& one, SteadyTime now) const {
        return now >= one.deadline || (away_since_ && now >= std::max(one.asked, *away_since_) + kWaitWhileAway);
    }
    void set_timer(long ns) const {
        itimerspec time{};
        time.it_value.tv_nsec = ns;
        static_cast<void>(::timerfd_settime(timer_.get(), 0, &time, nullptr));
    }

    std::shared_ptr<kubernetes::Knowledge> known_;
    std::vector<Waiting> waiting_;
    std::optional<SteadyTime> away_since_;  // as far as it was looked at
    std::set<std::string> unseen_;          // container ids
    Fd timer_;
};

void Kubernetes::work() {
    set_timer(0);
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!known_->is_away()) {
        away_since_.reset();
    } else if (!away_since_) {
        away_since_ = now;
    }
    std::vector<Done> ended;
    std::erase_if(waiting_, [&](Waiting& one) {
        const bool known = is_known(one.record);
        if (!known && !is_over(one, now)) {
            return false;
        }
        if (!known) {
            if (unseen_.size() == kMaxUnseen) {
                unseen_.clear();
            }
            unseen_.insert(one.record.container_id);
        }
        ended.push_back(std::move(one.done));
        return true;
    });
    if (!waiting_.empty()) {
        set_timer(static_cast<long>(kLook.count()) * kNsPerMs);
    }
    // Last, because it may ask again.
    for (const Done& done : ended) {
        done(std::optional<Description>());
    }
}

}  // namespace

std::unique_ptr<Provider> make_kubernetes(const ProviderSettings& settings) { return std::make_unique<Kubernetes>(settings.api_server); }

}  // namespace namegate::labels
