// SPDX-License-Identifier: Apache-2.0
//
// Fetches the labels of a container from containerd over its socket. Uses containerd's native API, because the CRI does not
// show a pod before its ADD is over. containerd 1.6 and 1.7 know a pod as a container, 2.x as a sandbox. Owns one channel, which
// survives restarts of containerd. One thread. Only wait() blocks: the owner polls fd() and calls work(), which delivers the
// results within the given time. The destructor drops fetches in progress without calling their Done.
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
    std::string id;       // CNI_CONTAINERID
    std::string pod_uid;  // from the runtime; empty: not given
    bool is_pod = false;  // a Kubernetes pod: containerd must know it
};

class Client {
  public:
    // nullopt: containerd replied that it does not know the container.
    using Done = std::function<void(Result<std::optional<Labels>>)>;

    // `address` is the path of the socket; when it is empty, the usual paths are tried. `name_space` is tried first.
    static Result<std::unique_ptr<Client>> create(const std::string& address, std::string name_space);

    // work() calls `done` once. kTryAgain: no reply, or containerd does not know the pod. kInvalidInput: the reply is
    // about another pod, or cannot be read. kExhausted: the reply exceeds a limit on its size or labels.
    void fetch(Container container, std::chrono::milliseconds timeout, Done done);

    // Readable when work() has something to do. The descriptor never changes.
    int fd() const { return channel_->fd(); }
    void work() { channel_->work(); }
    // For a caller without an event loop: polls fd() for at most `time`, and calls work() if it is readable.
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
