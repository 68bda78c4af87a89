// SPDX-License-Identifier: Apache-2.0
//
// Brings containerd's labels to the endpoints: during ADD, where the plugin waits for the answer, and afterwards for
// endpoints that were programmed without them. A slow containerd delays those who need it and nobody else: the
// questions are asked beside the event loop. Owns the connection, a file descriptor that wakes the loop, and
// what is under way. One thread, that of the loop, but for the library's which only hands answers over.
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "containerd/client.h"
#include "daemon/node.h"
#include "daemon/program_arguments.h"

namespace namegate::daemon {

class LabelFetcher {
  public:
    using Done = std::function<void(const Result<>&)>;

    // Both outlive the fetcher.
    static Result<std::unique_ptr<LabelFetcher>> create(sd_event* loop, Node& node);
    ~LabelFetcher();
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
    struct Answer {
        Key key;
        Result<std::optional<containerd::Labels>> labels;
        unsigned attempts = 0;  // to put it in force
    };
    // What the library's threads see; they may be at the end of a call when the fetcher goes.
    struct Inbox {
        std::mutex mutex;
        std::vector<Answer> answers;
        Fd wake;
    };

    LabelFetcher(Node& node, Fd wake);
    static void hand_over(Inbox& inbox, Answer answer);
    void fetch(const endpoints::Record& record, const Done& done);
    void take_answers();
    bool try_again_later(Answer& answer, const Result<>& result) const;
    Result<> accept(const Answer& answer);
    static int on_wake(sd_event_source* source, int fd, std::uint32_t events, void* fetcher);

    Node& node_;
    std::shared_ptr<Inbox> inbox_;
    sd_event_source* source_ = nullptr;
    std::map<Key, std::vector<Done>> waiting_;  // one question for each endpoint, however many ask
    containerd::Client client_;
};

}  // namespace namegate::daemon
