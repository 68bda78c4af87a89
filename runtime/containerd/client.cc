// SPDX-License-Identifier: Apache-2.0
#include "containerd/client.h"

#include <poll.h>

#include <utility>
#include <vector>

#include "containerd/find_socket.h"
#include "containerd/lookup.h"
#include "containerd/messages.h"

namespace namegate::containerd {

namespace {

using Outcome = Result<std::optional<Labels>>;

constexpr const char* kNamespaceHeader = "containerd-namespace";
// The prefix of the labels that containerd itself adds to the container of a pod.
constexpr std::string_view kOwnLabels = "io.cri-containerd.";

Result<std::string> find_socket() {
    if (const auto path = find_containerd_socket()) {
        return *path;
    }
    std::string paths;
    for (const std::string_view path : kSocketPaths) {
        paths.append(paths.empty() ? "" : ", ").append(path);
    }
    return Error(Code::kTryAgain, "no socket at any of " + paths);
}

bool is_absent(const GrpcReply& reply) { return reply.status == GrpcStatus::kNotFound || reply.status == GrpcStatus::kUnimplemented; }

Outcome labels_of_pod(const Container& container, const std::string& description) {
    NG_ASSIGN(PodMetadata pod, parse_pod_metadata(description));
    if (!container.pod_uid.empty() && pod.uid != container.pod_uid) {
        return Error(Code::kInvalidInput, "containerd has pod UID " + pod.uid + " for container " + container.id +
                                              ", but the runtime gave " + container.pod_uid);
    }
    return std::optional<Labels>(std::move(pod.labels));
}

Outcome labels_of_container(const Container& container, const std::string& message) {
    NG_ASSIGN(ContainerReply reply, decode_container(message));
    if (reply.pod) {
        return labels_of_pod(container, *reply.pod);
    }
    std::erase_if(reply.labels, [](const auto& label) { return label.first.compare(0, kOwnLabels.size(), kOwnLabels) == 0; });
    NG_TRY(check_labels(reply.labels));
    return std::optional<Labels>(std::move(reply.labels));
}

Outcome labels_of_sandbox(const Container& container, const std::string& message) {
    NG_ASSIGN(const std::optional<std::string> pod, decode_sandbox(message));
    if (!pod) {
        return Error(Code::kInvalidInput, "containerd's sandbox " + container.id + " has no description of its pod");
    }
    return labels_of_pod(container, *pod);
}

}  // namespace

// One fetch: tries one lookup after the other, each as a container and then as a sandbox.
struct Client::Call {
    Container container;
    std::vector<Lookup> lookups;
    std::size_t next = 0;
    Channel::Deadline deadline;
    Done done;

    GrpcRequest request(const char* method) const {
        const Lookup& lookup = lookups.at(next);
        return {method, {{kNamespaceHeader, lookup.name_space}}, encode_get(lookup.id)};
    }
    // Ends the fetch with this reply: labels or an error.
    void finish(const Channel& channel, const char* method, const Result<GrpcReply>& reply,
                Outcome (*read)(const Container&, const std::string&)) const {
        if (!reply) {
            done(reply.error());
        } else if (reply->status != GrpcStatus::kOk) {
            done(Error(Code::kTryAgain,
                       channel.place() + " did not answer " + method + ": " + to_string(reply->status) + " \"" + reply->text + "\""));
        } else {
            done(read(container, reply->message).with_context(channel.place() + ", " + method));
        }
    }
};

Result<std::unique_ptr<Client>> Client::create(const std::string& address, std::string name_space) {
    Channel::FindSocket find = find_socket;
    if (!address.empty()) {
        find = [address] { return Result<std::string>(address); };
    }
    NG_ASSIGN(std::unique_ptr<Channel> channel, Channel::create(std::move(find)));
    return std::unique_ptr<Client>(new Client(std::move(channel), std::move(name_space)));
}

void Client::fetch(Container container, std::chrono::milliseconds timeout, Done done) {
    std::vector<Lookup> names = lookups(name_space_, container.id);
    ask(std::make_shared<Call>(
        Call{std::move(container), std::move(names), 0, std::chrono::steady_clock::now() + timeout, std::move(done)}));
}

void Client::wait(std::chrono::milliseconds time) {
    pollfd waiting{fd(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(time.count())) > 0) {
        work();
    }
}

void Client::ask(const std::shared_ptr<Call>& call) {
    channel_->call(call->request(kContainersGet), call->deadline, [this, call](const Result<GrpcReply>& reply) {
        if (reply && is_absent(*reply)) {
            ask_sandbox(call);
        } else {
            call->finish(*channel_, kContainersGet, reply, labels_of_container);
        }
    });
}

void Client::ask_sandbox(const std::shared_ptr<Call>& call) {
    channel_->call(call->request(kSandboxGet), call->deadline, [this, call](const Result<GrpcReply>& reply) {
        if (!reply || !is_absent(*reply)) {
            call->finish(*channel_, kSandboxGet, reply, labels_of_sandbox);
        } else if (++call->next < call->lookups.size()) {
            ask(call);
        } else {
            call->done(unknown(call->container));
        }
    });
}

Outcome Client::unknown(const Container& container) const {
    if (!container.is_pod) {
        return std::optional<Labels>();
    }
    return Error(Code::kTryAgain, channel_->place() + " does not know container " + container.id + " (namespace " + name_space_ + ")");
}

}  // namespace namegate::containerd
