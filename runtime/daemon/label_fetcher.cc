// SPDX-License-Identifier: Apache-2.0
#include "daemon/label_fetcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>

namespace namegate::daemon {

namespace {

constexpr unsigned kMaxAttempts = 5;  // each waits for the node lock

}  // namespace

Result<std::unique_ptr<LabelFetcher>> LabelFetcher::create(sd_event* loop, Node& node) {
    Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) {
        return sys_error("eventfd", errno);
    }
    std::unique_ptr<LabelFetcher> fetcher(new LabelFetcher(node, std::move(wake)));
    const int added = sd_event_add_io(loop, &fetcher->source_, fetcher->inbox_->wake.get(), EPOLLIN, &LabelFetcher::on_wake, fetcher.get());
    if (added < 0) {
        return sys_error("sd_event_add_io", -added);
    }
    return fetcher;
}

void LabelFetcher::hand_over(Inbox& inbox, Answer answer) {
    const std::lock_guard<std::mutex> lock(inbox.mutex);
    inbox.answers.push_back(std::move(answer));
    const std::uint64_t one = 1;
    // Full means that the loop is going to look anyway.
    [[maybe_unused]] const ssize_t told = ::write(inbox.wake.get(), &one, sizeof(one));
}

LabelFetcher::LabelFetcher(Node& node, Fd wake)
    : node_(node), inbox_(std::make_shared<Inbox>()), client_(node.config().containerd_address, node.config().containerd_namespace) {
    inbox_->wake = std::move(wake);
}

LabelFetcher::~LabelFetcher() { sd_event_source_disable_unref(source_); }

std::optional<Result<>> LabelFetcher::program(const ProgramArguments& wanted, const Done& done) {
    const auto programmed = node_.program(wanted.container, wanted.interface, wanted.addresses);
    if (!programmed && programmed.error().code() != Code::kTryAgain) {
        return programmed;
    }
    const auto record = node_.read_record(wanted.container, wanted.interface);
    if (!record || record->containerd_labels) {
        return programmed;
    }
    // When nothing in force looks at labels, they can follow.
    fetch(*record, programmed ? Done() : done);
    return programmed ? std::optional<Result<>>(programmed) : std::nullopt;
}

void LabelFetcher::fetch_missing() {
    for (const auto& entry : node_.records()) {
        const endpoints::Record& record = entry.second;
        if (!record.containerd_labels && !record.addresses.empty() && waiting_.count({record.container_id, record.ifname}) == 0) {
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
    client_.fetch({record.container_id, record.pod_uid, record.kubernetes}, std::chrono::seconds(node_.config().label_timeout_seconds),
                  [inbox = inbox_, key](Result<std::optional<containerd::Labels>> labels) {
                      hand_over(*inbox, {key, std::move(labels)});
                  });
}

int LabelFetcher::on_wake(sd_event_source* /*source*/, int fd, std::uint32_t /*events*/, void* fetcher) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof(count));
    static_cast<LabelFetcher*>(fetcher)->take_answers();
    return 0;
}

void LabelFetcher::take_answers() {
    std::vector<Answer> answers;
    {
        const std::lock_guard<std::mutex> lock(inbox_->mutex);
        answers.swap(inbox_->answers);
    }
    for (Answer& answer : answers) {
        Result<> result = accept(answer);
        if (try_again_later(answer, result)) {
            continue;
        }
        const auto node = waiting_.extract(answer.key);
        const bool gone = !result && result.error().code() == Code::kNotFound;
        node_.set_trouble("labels of container " + answer.key.first, gone ? ok() : result);
        for (const Done& done : node.empty() ? std::vector<Done>() : node.mapped()) {
            done(result);
        }
    }
}

// In a burst of ADDs the node lock may be others' for long: their plugins have it in turn.
bool LabelFetcher::try_again_later(Answer& answer, const Result<>& result) const {
    if (result || !answer.labels || result.error().code() != Code::kTryAgain || ++answer.attempts >= kMaxAttempts) {
        return false;
    }
    hand_over(*inbox_, std::move(answer));
    return true;
}

Result<> LabelFetcher::accept(const Answer& answer) {
    if (!answer.labels) {
        return answer.labels.error();
    }
    NG_TRY(node_.set_containerd_labels(answer.key.first, answer.key.second, answer.labels->value_or(containerd::Labels())));
    return node_.program(answer.key.first, answer.key.second, {});
}

}  // namespace namegate::daemon
