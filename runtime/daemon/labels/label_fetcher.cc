// SPDX-License-Identifier: Apache-2.0
#include "daemon/labels/label_fetcher.h"

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr unsigned kMaxAttempts = 5;  // each waits for the node lock

}  // namespace

Result<std::unique_ptr<LabelFetcher>> LabelFetcher::create(EventLoop& loop, Node& node) {
    NG_ASSIGN(std::unique_ptr<containerd::Client> client,
              containerd::Client::create(node.config().containerd_address, node.config().containerd_namespace));
    std::unique_ptr<LabelFetcher> fetcher(new LabelFetcher(node, std::move(client)));
    LabelFetcher* const self = fetcher.get();
    NG_ASSIGN(fetcher->replies_, loop.add_io(self->client_->fd(), EPOLLIN, [self](std::uint32_t /*events*/) { self->client_->work(); }));
    // Idle: the process that holds the node lock may be waiting for a reply of this daemon.
    NG_ASSIGN(fetcher->again_, loop.add_deferred(EventLoop::Priority::kIdle, [self] { self->retry(); }));
    return fetcher;
}

std::optional<Result<>> LabelFetcher::program(const ProgramArguments& wanted, const Done& done) {
    const auto programmed = node_.program(wanted.container, wanted.interface, wanted.addresses);
    if (!programmed && programmed.error().code() != Code::kTryAgain) {
        return programmed;
    }
    const auto record = node_.runtime().store().read(wanted.container, wanted.interface);
    if (!record || !lacks_labels(*record)) {
        return programmed;
    }
    // When nothing in force looks at labels, they can follow.
    fetch(*record, programmed ? Done() : done);
    return programmed ? std::optional<Result<>>(programmed) : std::nullopt;
}

bool LabelFetcher::lacks_labels(const endpoints::Record& record) const {
    return !record.containerd_labels && node_.config().asks_containerd_for(record.kubernetes);
}

void LabelFetcher::fetch_missing() {
    for (const auto& entry : node_.records()) {
        const endpoints::Record& record = entry.second;
        if (!record.addresses.empty() && lacks_labels(record) && waiting_.count({record.container_id, record.ifname}) == 0) {
            fetch(record, nullptr);
        }
    }
}

void LabelFetcher::fetch(const endpoints::Record& record, const Done& done) {
    const Key key{record.container_id, record.ifname};
    const bool asked = waiting_.count(key) != 0;
    std::vector<Done>& waiting = waiting_[key];
    if (done) {
        waiting.push_back(done);
    }
    if (asked) {
        return;
    }
    client_->fetch({record.container_id, record.pod_uid, record.kubernetes}, std::chrono::seconds(node_.config().label_timeout_seconds),
                   [this, key](Labels labels) {
                       take({key, std::move(labels)});
                   });
}

void LabelFetcher::retry() {
    for (Answer& answer : std::exchange(answers_, {})) {
        take(std::move(answer));
    }
}

void LabelFetcher::take(Answer answer) {
    const Result<> result = accept(answer);
    // In a burst of ADDs the node lock may be others' for long: their plugins have it in turn.
    if (!result && answer.labels && result.error().code() == Code::kTryAgain && ++answer.attempts < kMaxAttempts) {
        take_later(std::move(answer));
        return;
    }
    const auto node = waiting_.extract(answer.key);
    const bool gone = !result && result.error().code() == Code::kNotFound;
    node_.health().report("labels of container " + answer.key.first, gone ? ok() : result);
    for (const Done& done : node.empty() ? std::vector<Done>() : node.mapped()) {
        done(result);
    }
}

void LabelFetcher::take_later(Answer answer) {
    answers_.push_back(std::move(answer));
    again_.set_enabled(true);
}

Result<> LabelFetcher::accept(const Answer& answer) {
    if (!answer.labels) {
        // Whatever it was: containerd may say something else later.
        return Error(Code::kTryAgain, answer.labels.error().message());
    }
    NG_TRY(node_.set_containerd_labels(answer.key.first, answer.key.second, answer.labels->value_or(containerd::Labels())));
    return node_.program(answer.key.first, answer.key.second, {});
}

}  // namespace namegate::daemon
