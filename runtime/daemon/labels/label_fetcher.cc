// SPDX-License-Identifier: Apache-2.0
#include "daemon/labels/label_fetcher.h"

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr unsigned kMaxAttempts = 5;  // each of them waits for the node lock

}  // namespace

Result<std::unique_ptr<LabelFetcher>> LabelFetcher::create(EventLoop& loop, Node& node) {
    std::unique_ptr<LabelFetcher> fetcher(new LabelFetcher(node));
    LabelFetcher* const self = fetcher.get();
    for (labels::Provider* provider : node.runtime().label_providers().to_be_asked()) {
        NG_ASSIGN(const int fd, provider->open());
        NG_ASSIGN(IoSource source, loop.add_io(fd, EPOLLIN, [provider](std::uint32_t /*events*/) { provider->work(); }));
        fetcher->replies_.push_back(std::move(source));
        provider->set_observer([self, provider](const std::string& container_id, const std::string& ifname) {
            self->fetch_again({container_id, ifname}, *provider);
        });
    }
    // Idle, so that other clients are served first: one of them may hold the node lock while it waits for its reply.
    NG_ASSIGN(fetcher->again_, loop.add_deferred(EventLoop::Priority::kIdle, [self] { self->retry(); }));
    return fetcher;
}

LabelFetcher::~LabelFetcher() {
    for (labels::Provider* provider : node_.runtime().label_providers().to_be_asked()) {
        provider->set_observer(nullptr);
    }
}

labels::Provider* LabelFetcher::next_to_ask(const endpoints::Record& record) const {
    return node_.runtime().label_providers().next_to_ask(record);
}

std::optional<Result<>> LabelFetcher::program(const api::ProgramRequest& wanted, const Done& done) {
    const auto programmed = node_.program(wanted.container, wanted.interface, wanted.addresses);
    if (!programmed && !programmed.error().is_temporary()) {
        return programmed;
    }
    const auto record = node_.runtime().store().read(wanted.container, wanted.interface);
    if (!record || next_to_ask(*record) == nullptr) {
        return programmed;
    }
    // If no policy in force needs labels, they can follow later.
    fetch(*record, wanted.addresses, programmed ? Done() : done);
    return programmed ? std::optional<Result<>>(programmed) : std::nullopt;
}

void LabelFetcher::fetch_missing() {
    for (const auto& entry : node_.records()) {
        const endpoints::Record& record = entry.second;
        if (!record.addresses.empty() && next_to_ask(record) != nullptr && waiting_.count({record.container_id, record.ifname}) == 0) {
            fetch(record, {}, nullptr);
        }
    }
}

void LabelFetcher::fetch(const endpoints::Record& record, const std::vector<IpAddress>& addresses, const Done& done) {
    const Key key{record.container_id, record.ifname};
    const bool asked = waiting_.count(key) != 0;
    Waiting& waiting = waiting_[key];
    if (!addresses.empty()) {
        waiting.addresses = addresses;
    }
    if (done) {
        waiting.done.push_back(done);
        waiting.deadline = std::chrono::steady_clock::now() + timeout();
    }
    if (!asked) {
        ask(*next_to_ask(record), record, timeout());
    }
}

void LabelFetcher::ask(labels::Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout) {
    const Key key{record.container_id, record.ifname};
    provider.ask(record, timeout, [this, key, &provider](labels::Provider::Reply reply) { handle({key, &provider, std::move(reply)}); });
}

// The provider's labels for the endpoint have changed. The old ones stay in force until it replies.
void LabelFetcher::fetch_again(const Key& key, labels::Provider& provider) {
    if (waiting_.count(key) != 0) {
        return;
    }
    if (const auto record = node_.runtime().store().read(key.first, key.second); record) {
        waiting_[key];
        ask(provider, *record, timeout());
    }
}

void LabelFetcher::retry() {
    for (Received& received : std::exchange(retries_, {})) {
        handle(std::move(received));
    }
}

void LabelFetcher::handle(Received received) {
    const Result<> result = put_in_force(received);
    if (!result && received.reply && result.error().is_temporary()) {
        if (ask_next(received) || (result.error().code() == Code::kLabelsUnknown && ask_again(received))) {
            return;
        }
        // In a burst of ADDs, several plugins hold the node lock one after the other.
        if (++received.attempts < kMaxAttempts) {
            retries_.push_back(std::move(received));
            again_.set_enabled(true);
            return;
        }
    }
    finish(received.key, result);
}

// The labels of one provider are in the record, but policies may need those of another one. False: there is no such provider.
bool LabelFetcher::ask_next(const Received& received) {
    const auto record = node_.runtime().store().read(received.key.first, received.key.second);
    // If the provider is still to be asked, its labels are not in the record: the node lock was busy, and the same labels must be tried
    // again.
    if (!record || received.provider->should_be_asked(*record)) {
        return false;
    }
    labels::Provider* next = next_to_ask(*record);
    if (next == nullptr) {
        return false;
    }
    ask(*next, *record, timeout());
    return true;
}

// Asks a provider again that gave up before the time of the waiting client is over. False: there is none, or the time is over.
bool LabelFetcher::ask_again(const Received& received) {
    using std::chrono::milliseconds;
    const auto waiting = waiting_.find(received.key);
    if (waiting == waiting_.end()) {
        return false;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(waiting->second.deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds::zero()) {
        return false;
    }
    const auto record = node_.runtime().store().read(received.key.first, received.key.second);
    labels::Provider* provider = record ? node_.runtime().label_providers().next_to_ask_again(*record) : nullptr;
    if (provider == nullptr) {
        return false;
    }
    ask(*provider, *record, left);
    return true;
}

void LabelFetcher::finish(const Key& key, const Result<>& result) {
    const auto node = waiting_.extract(key);
    const bool gone = !result && result.error().code() == Code::kNotFound;
    node_.health().report("labels of container " + key.first, gone ? ok() : result);
    for (const Done& done : node.empty() ? std::vector<Done>() : node.mapped().done) {
        done(result);
    }
}

Result<> LabelFetcher::put_in_force(const Received& received) {
    if (!received.reply) {
        // Whatever the error is, the provider may return labels later.
        return Error(Code::kTryAgain, received.reply.error().message());
    }
    const auto& [container_id, ifname] = received.key;
    if (received.reply->has_value()) {
        NG_TRY(node_.set_description(container_id, ifname, received.provider->name(), **received.reply));
    }
    const auto waiting = waiting_.find(received.key);
    return node_.program(container_id, ifname, waiting == waiting_.end() ? std::vector<IpAddress>() : waiting->second.addresses);
}

}  // namespace namegate::daemon
