// SPDX-License-Identifier: Apache-2.0
#include "node/containerd_labels.h"

#include <memory>
#include <utility>

#include "containerd/client.h"

namespace namegate::node {

namespace {

constexpr std::chrono::milliseconds kPoll{100};

}  // namespace

Result<std::optional<endpoints::Labels>> fetch_containerd_labels(const config::Config& config, const endpoints::Record& record,
                                                                 std::chrono::milliseconds timeout, const std::function<bool()>& give_up) {
    using Answer = Result<std::optional<containerd::Labels>>;
    NG_ASSIGN(const std::unique_ptr<containerd::Client> client,
              containerd::Client::create(config.containerd_address, config.containerd_namespace));
    std::optional<Answer> answer;
    client->fetch({record.container_id, record.pod_uid, record.kubernetes}, timeout,
                  [&answer](Answer labels) { answer = std::move(labels); });
    auto next_check = std::chrono::steady_clock::now() + kPoll;
    while (!answer) {
        client->wait(kPoll);
        if (!answer && std::chrono::steady_clock::now() >= next_check) {
            if (give_up()) {
                return std::optional<endpoints::Labels>();
            }
            next_check = std::chrono::steady_clock::now() + kPoll;
        }
    }
    if (!*answer) {
        // Every failure may be temporary, so all are kTryAgain.
        return Error(Code::kTryAgain, answer->error().message());
    }
    return std::optional<endpoints::Labels>((*answer)->value_or(containerd::Labels()));
}

}  // namespace namegate::node
