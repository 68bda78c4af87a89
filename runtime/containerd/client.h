// SPDX-License-Identifier: Apache-2.0
//
// Asks containerd, over its socket, for the labels of a container: the native API, because the Kubernetes one
// does not show a pod before its ADD is over. Versions 1.6 and 1.7 know it as a container, 2.x as a sandbox.
// Never blocks: the owner polls fd() and calls work(), which brings the answers within the time given. Owns one channel,
// which connects when it is first needed, and again after containerd was restarted. One thread. What is under way when
// the client goes is dropped without a word.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "containerd/channel.h"
#include "containerd/pod_metadata.h"

namespace namegate::containerd {

struct Container {
    std::string id;       // as CNI names it
    std::string pod_uid;  // what the runtime told; empty: not told
    bool is_pod = false;  // a Kubernetes pod: containerd must know it
};

class Client {
  public:
    // Nothing: containerd answers, and does not know the container.
    using Done = std::function<void(Result<std::optional<Labels>>)>;

    // `address` is the path of the socket; empty: where one is found. `name_space` is the one that is asked first.
    static Result<std::unique_ptr<Client>> create(const std::string& address, std::string name_space);

    // `done` is called once, by work(). kTryAgain: no answer, or a pod that containerd does not know; kInvalidInput: its
    // answer is about another pod, or in another form; kExhausted: it is longer, or has more labels, than are taken.
    void fetch(Container container, std::chrono::milliseconds timeout, Done done);

    // Readable when there is something to do; the same one for good.
    int fd() const { return channel_->fd(); }
    void work() { channel_->work(); }
    // Both, for who has nothing else to do; waits for at most so long.
    void wait(std::chrono::milliseconds time);

  private:
    struct Call;

    Client(std::unique_ptr<Channel> channel, std::string name_space) : channel_(std::move(channel)), name_space_(std::move(name_space)) {}
    void ask(const std::shared_ptr<Call>& call);
    void ask_sandbox(const std::shared_ptr<Call>& call);
    Result<std::optional<Labels>> unknown(const Container& container) const;

    std::unique_ptr<Channel> channel_;
    const std::string name_space_;
};

}  // namespace namegate::containerd
