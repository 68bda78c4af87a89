// SPDX-License-Identifier: Apache-2.0
//
// Brings containerd's labels to the endpoints: during ADD, where the plugin waits for the answer, and afterwards for
// endpoints that were programmed without them. A slow containerd delays those who need it and nobody else: the
// questions are asked beside all other work of the event loop. Owns the connection, and what is under way. One thread,
// that of the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "containerd/client.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"
#include "daemon/socket/program_arguments.h"

namespace namegate::daemon {

class LabelFetcher {
  public:
    using Done = std::function<void(const Result<>&)>;

    // Both outlive the fetcher.
    static Result<std::unique_ptr<LabelFetcher>> create(EventLoop& loop, Node& node);
    ~LabelFetcher() = default;
    LabelFetcher(const LabelFetcher&) = delete;
    LabelFetcher& operator=(const LabelFetcher&) = delete;
    LabelFetcher(LabelFetcher&&) = delete;
    LabelFetcher& operator=(LabelFetcher&&) = delete;

    // Programs the endpoint, with its labels where policies look at them. Nothing: containerd is asked first, and
    // `done` is called once, within labelTimeout.
    std::optional<Result<>> program(const ProgramArguments& wanted, const Done& done);
    // Asks for those endpoints that have no labels yet; call now and then.
    void fetch_missing();

  private:
    using Key = std::pair<std::string, std::string>;  // container id, interface
    using Labels = Result<std::optional<containerd::Labels>>;
    struct Answer {
        Key key;
        Labels labels;
        unsigned attempts = 0;  // to put it in force
    };

    LabelFetcher(Node& node, std::unique_ptr<containerd::Client> client) : node_(node), client_(std::move(client)) {}
    bool lacks_labels(const endpoints::Record& record) const;
    void fetch(const endpoints::Record& record, const Done& done);
    void take(Answer answer);
    void take_later(Answer answer);
    Result<> accept(const Answer& answer);
    void retry();

    Node& node_;
    std::vector<Answer> answers_;               // wait for another attempt; one for each endpoint at most
    std::map<Key, std::vector<Done>> waiting_;  // one question for each endpoint, however many ask
    std::unique_ptr<containerd::Client> client_;
    IoSource replies_;      // of containerd
    DeferredSource again_;  // on while answers wait for another attempt
};

}  // namespace namegate::daemon
