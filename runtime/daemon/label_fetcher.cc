// SPDX-License-Identifier: Apache-2.0
#include "daemon/label_fetcher.h"

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>

namespace namegate::daemon {

Result<std::unique_ptr<LabelFetcher>> LabelFetcher::create(sd_event* loop, Node& node) {
    NG_ASSIGN(std::unique_ptr<containerd::Client> client,
              containerd::Client::create(node.config().containerd_address, node.config().containerd_namespace));
    std::unique_ptr<LabelFetcher> fetcher(new LabelFetcher(node, std::move(client)));
    const int added = sd_event_add_io(loop, &fetcher->source_, fetcher->client_->fd(), EPOLLIN, &LabelFetcher::on_ready, fetcher.get());
    if (added < 0) {
        return sys_error("sd_event_add_io", -added);
    }
    return fetcher;
}

LabelFetcher::~LabelFetcher() { sd_event_source_disable_unref(source_); }

std::optional<Result<>> LabelFetcher::program(const ProgramArguments& wanted, const Done& done) {
    const auto programmed = node_.program(wanted.container, wanted.interface, wanted.addresses);
    if (!programmed && programmed.error().code() != Code::kTryAgain) {
        return programmed;
    }
    const auto record = node_.read_record(wanted.container, wanted.interface);
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
                   [this, key](const Labels& labels) { take(key, labels); });
}

int LabelFetcher::on_ready(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* fetcher) {
    static_cast<LabelFetcher*>(fetcher)->client_->work();
    return 0;
}

void LabelFetcher::take(const Key& key, const Labels& labels) {
    const auto node = waiting_.extract(key);
    const Result<> result = accept(key, labels);
    const bool gone = !result && result.error().code() == Code::kNotFound;
    node_.set_trouble("labels of container " + key.first, gone ? ok() : result);
    for (const Done& done : node.empty() ? std::vector<Done>() : node.mapped()) {
        done(result);
    }
}

Result<> LabelFetcher::accept(const Key& key, const Labels& labels) {
    if (!labels) {
        // Whatever it was: containerd may say something else later.
        return Error(Code::kTryAgain, labels.error().message());
    }
    NG_TRY(node_.set_containerd_labels(key.first, key.second, labels->value_or(containerd::Labels())));
    return node_.program(key.first, key.second, {});
}

}  // namespace namegate::daemon
