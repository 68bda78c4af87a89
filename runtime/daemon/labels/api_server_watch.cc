// SPDX-License-Identifier: Apache-2.0
#include "daemon/labels/api_server_watch.h"

#include <sys/epoll.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "base/log.h"
#include "daemon/labels/cluster_needs.h"
#include "daemon/labels/policy_verdicts.h"
#include "kubernetes/client/access.h"
#include "kubernetes/known/kept_objects.h"
#include "node/policy_folders.h"

namespace namegate::daemon {

namespace {

// Changes come in bursts, and each writing costs a child process.
constexpr unsigned kSaveAfterSeconds = 2;

kubernetes::KindWatch::Random random_numbers() {
    return [engine = std::mt19937_64(std::random_device()()), even = std::uniform_real_distribution<double>(0, 1)]() mutable {
        return even(engine);
    };
}

// Writes the kinds whose revisions differ.
template <typename Revisions>
Result<> write_changed(const kubernetes::Knowledge& known, const Revisions& written, const Revisions& now) {
    Result<> result = ok();
    for (const kubernetes::Kind kind : kubernetes::kKinds) {
        const auto index = static_cast<std::size_t>(kind);
        if (written.at(index) == now.at(index)) {
            continue;
        }
        const auto kept = kubernetes::write_kept(known.folder(), kind, known.resource_version(kind), known.all(kind));
        result = kept ? result : kept;
    }
    return result;
}

}  // namespace

Result<std::unique_ptr<ApiServerWatch>> ApiServerWatch::create(EventLoop& loop, Node& node) {
    std::unique_ptr<ApiServerWatch> watch(new ApiServerWatch(node));
    ApiServerWatch* const self = watch.get();
    node.health().report("kept objects of the API server", watch->known_.loaded());
    NG_ASSIGN(watch->source_, kubernetes::ApiSource::create({kubernetes::credentials_reader(node.config().kubeconfig),
                                                             node::node_name(node.config()), random_numbers()},
                                                            watch->known_, node.clock()));
    watch->scoped_ = std::make_unique<kubernetes::ScopedWatches>(*watch->source_, watch->known_);
    NG_ASSIGN(watch->ready_, loop.add_io(watch->source_->fd(), EPOLLIN, [self](std::uint32_t /*events*/) { self->work(); }));
    NG_ASSIGN(watch->needs_due_, loop.add_deferred(EventLoop::Priority::kIdle, [self] { self->apply_needs(); }));
    watch->add_policies();
    watch->work();
    watch->apply_needs();
    return watch;
}

std::uint64_t ApiServerWatch::basis() const { return node_.programmer().revision() + known_.revision(kubernetes::Kind::kPods) + 1; }

void ApiServerWatch::follow_needs() {
    if (basis() != needs_of_) {
        needs_due_.set_enabled(true);
    }
}

void ApiServerWatch::apply_needs() {
    needs_of_ = basis();
    std::vector<policy::EndpointView> own;
    for (const auto& entry : node_.records()) {
        if (auto view = node_.programmer().view_of(entry.second); view) {
            own.push_back(std::move(view).value());
        }
    }
    const node::Programmer& programmer = node_.programmer();
    const ClusterNeeds needs = cluster_needs(node_.config(), programmer.snapshot(), own, programmer.peers(), known_);
    scoped_->set_needed(needs.all, needs.essential);
    work();
}

void ApiServerWatch::add_policies() {
    for (auto& [group, objects] : node_.policy_objects()) {
        if (const kubernetes::PolicySourceSpec* spec = kubernetes::find_policy_source(group); spec != nullptr) {
            policies_.push_back(std::make_unique<kubernetes::PolicyWatch>(*spec, *source_, objects, node_.clock(), random_numbers()));
        }
    }
    if (!policies_.empty()) {
        reports_ = std::make_unique<kubernetes::PolicyReports>(source_->transport(), node_.clock(), node_.config().lease_namespace,
                                                               node::node_name(node_.config()), random_numbers());
    }
}

void ApiServerWatch::report_policies() {
    if (!reports_) {
        return;
    }
    std::uint64_t revision = node_.runtime().policies().revision();
    for (const auto& one : policies_) {
        revision += one->revision();
    }
    if (revision != reported_) {
        reported_ = revision;
        kubernetes::PolicyReports::Objects objects;
        for (const auto& one : policies_) {
            one->add_states(objects);
        }
        reports_->compare(objects, verdicts_of(node_.runtime().policies().files()));
    }
    reports_->work();
    if (reports_->error() != report_error_) {
        report_error_ = reports_->error();
        if (!report_error_.empty()) {
            log::warning("the API server is not told which policies are accepted", {log::kv("error", report_error_)});
        }
    }
}

void ApiServerWatch::follow_policies() {
    for (const auto& one : policies_) {
        one->work();
    }
    const auto& sources = node_.policy_objects();
    if (std::any_of(sources.begin(), sources.end(), [](const auto& source) { return source.second.has_changed(); })) {
        node_.reload_policies(policy::ChangedFiles());
    }
}

void ApiServerWatch::work() {
    source_->work();
    follow_policies();
    if (reports_) {
        reports_->work();
    }
    const bool labels_changed = known_.has_changed();
    if (labels_changed) {
        node_.follow_labels(known_.take_changed());
    }
    // The labels of a namespace are those of the pods of other nodes too.
    if (known_.take_services_changed() || (labels_changed && !known_.all(kubernetes::Kind::kPeers).empty())) {
        node_.follow_services();
    }
    update_state();
}

void ApiServerWatch::update_state() {
    const kubernetes::WatchStatus status = source_->status();
    ApiServerState& state = node_.api_server().has_value() ? *node_.api_server() : node_.api_server().emplace();
    if (status.away != state.away || status.connected != state.connected) {
        if (status.away) {
            log::warning("the API server is away; labels stay as they are known", {log::kv("error", status.error)});
        } else if (status.connected) {
            log::info("the API server is connected", {log::kv("server", source_->server())});
        }
    }
    if (status.refused != state.refused) {
        log::warning("an object of the API server is refused; its labels are unknown", {log::kv("error", status.last_refused)});
    }
    state.server = source_->server();
    state.connected = status.connected;
    state.away = status.away;
    state.since_seconds = status.since_seconds;
    state.last_error = status.error;
    state.pods = known_.all(kubernetes::Kind::kPods).size();
    state.namespaces = known_.all(kubernetes::Kind::kNamespaces).size();
    state.service_accounts = known_.all(kubernetes::Kind::kServiceAccounts).size();
    state.refused = status.refused;
    state.last_refused = status.last_refused;
}

ApiServerWatch::Revisions ApiServerWatch::revisions() const {
    Revisions out{};
    for (const kubernetes::Kind kind : kubernetes::kKinds) {
        out.at(static_cast<std::size_t>(kind)) = known_.revision(kind);
    }
    return out;
}

void ApiServerWatch::tick() {
    follow_policies();
    report_policies();
    if (basis() != needs_of_) {
        apply_needs();  // also while there is always something else to be done
    }
    if (const auto ended = saver_.poll(); ended) {
        node_.health().report("objects of the API server on disk",
                              *ended == 0 ? ok() : Result<>(Error(Code::kIo, "they were not written; see the log")));
        saved_ = *ended == 0 ? saving_ : saved_;
    }
    waited_ = revisions() == saved_ ? 0 : waited_ + 1;
    if (waited_ >= kSaveAfterSeconds && !saver_.runs()) {
        save();
    }
}

void ApiServerWatch::save() {
    waited_ = 0;
    saving_ = revisions();
    const Result<> started =
        saver_.start_writing([this] { return write_changed(known_, saved_, saving_); }, "objects of the API server not written");
    if (!started) {
        node_.health().report("objects of the API server on disk", started);
    }
}

void ApiServerWatch::save_now() {
    static_cast<void>(saver_.wait());  // the child must not overwrite a newer file
    node_.health().report("objects of the API server on disk", write_changed(known_, saved_, revisions()));
}

}  // namespace namegate::daemon
