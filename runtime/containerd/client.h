// SPDX-License-Identifier: Apache-2.0
//
// Asks containerd, over its socket, for the labels of a container: the native API, because the Kubernetes one
// does not show a pod before its ADD is over. Versions 1.6 and 1.7 know it as a container, 2.x as a sandbox.
// Never blocks: answers come on a thread of the client's own, within the time given. Owns one channel,
// which connects when it is first needed, and again after containerd was restarted.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "containerd/pod_metadata.h"

namespace namegate::containerd {

inline constexpr std::size_t kMaxReplyBytes = 4UL * 1024 * 1024;  // of one answer of containerd

struct Container {
    std::string id;       // as CNI names it
    std::string pod_uid;  // what the runtime told; empty: not told
    bool is_pod = false;  // a Kubernetes pod: containerd must know it
};

class Client {
  public:
    // Nothing: containerd answers, and does not know the container.
    using Done = std::function<void(Result<std::optional<Labels>>)>;

    // `address` is the path of the socket, `name_space` the one that is asked first.
    Client(const std::string& address, std::string name_space);
    // Gives up what is under way; every Done has been called when it returns.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client(Client&&) = delete;
    Client& operator=(Client&&) = delete;

    // kTryAgain: no answer, or a pod that containerd does not know; kInvalidInput: its answer is about another
    // pod, or in another form; kExhausted: more labels than are taken.
    void fetch(Container container, std::chrono::milliseconds timeout, Done done);

  private:
    class Shared;
    class Call;
    std::shared_ptr<Shared> shared_;
};

}  // namespace namegate::containerd
