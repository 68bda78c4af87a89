// SPDX-License-Identifier: Apache-2.0
#include "containerd/client.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <containers.grpc.pb.h>
#include <sandbox.grpc.pb.h>
#include "containerd/lookup.h"

namespace namegate::containerd {

namespace {

namespace containers = ::containerd::services::containers::v1;
namespace sandboxes = ::containerd::services::sandbox::v1;
using Outcome = Result<std::optional<Labels>>;

constexpr const char* kNamespaceHeader = "containerd-namespace";
constexpr const char* kContainerExtension = "io.cri-containerd.sandbox.metadata";
constexpr const char* kSandboxExtension = "metadata";
// What containerd adds to the labels of a container that is a pod.
constexpr std::string_view kOwnLabels = "io.cri-containerd.";
constexpr int kReconnectMs = 100;

std::shared_ptr<grpc::Channel> make_channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    // The name of a socket is no host name.
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 10 * kReconnectMs);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxReplyBytes));
    return grpc::CreateCustomChannel("unix:" + address, grpc::InsecureChannelCredentials(), arguments);
}

bool is_absent(const grpc::Status& status) {
    return status.error_code() == grpc::StatusCode::NOT_FOUND || status.error_code() == grpc::StatusCode::UNIMPLEMENTED;
}

}  // namespace

class Client::Shared {
  public:
    Shared(const std::string& address, std::string name_space)
        : address_(address),
          name_space_(std::move(name_space)),
          channel_(make_channel(address)),
          containers_(containers::Containers::NewStub(channel_)),
          sandboxes_(sandboxes::Store::NewStub(channel_)),
          answers_([this] { take_answers(); }) {}

    const std::string& address() const { return address_; }
    const std::string& name_space() const { return name_space_; }
    containers::Containers::Stub& container_stub() { return *containers_; }
    sandboxes::Store::Stub& sandbox_stub() { return *sandboxes_; }

    // A queue of our own: the library's, for its callbacks, is torn down while its own threads still use it.
    grpc::CompletionQueue& queue() { return queue_; }
    // The answer comes to `done` on our thread; both arguments live until then.
    template <typename Reply>
    void expect(grpc::ClientAsyncResponseReader<Reply>& reader, Reply& reply, std::function<void(const grpc::Status&)> done) {
        auto question = std::make_unique<Question>();
        question->done = std::move(done);
        grpc::Status& status = question->status;
        reader.Finish(&reply, &status, question.release());
    }

    // False: the client is going, so nothing new is asked.
    bool enter(grpc::ClientContext& context) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (closing_) {
            return false;
        }
        contexts_.insert(&context);
        return true;
    }
    void leave(grpc::ClientContext& context) {
        const std::lock_guard<std::mutex> lock(mutex_);
        contexts_.erase(&context);
    }
    void call_begins() {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++calls_;
    }
    void call_ends() {
        const std::lock_guard<std::mutex> lock(mutex_);
        --calls_;
        idle_.notify_all();
    }
    void close() {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            closing_ = true;
            for (grpc::ClientContext* context : contexts_) {
                context->TryCancel();
            }
            idle_.wait(lock, [this] { return calls_ == 0; });
        }
        queue_.Shutdown();
        answers_.join();
    }

  private:
    struct Question {
        std::function<void(const grpc::Status&)> done;
        grpc::Status status;
    };

    void take_answers() {
        void* tag = nullptr;
        bool answered = false;
        while (queue_.Next(&tag, &answered)) {
            const std::unique_ptr<Question> question(static_cast<Question*>(tag));
            question->done(question->status);
        }
    }

    const std::string address_;
    const std::string name_space_;
    std::shared_ptr<grpc::Channel> channel_;
    std::unique_ptr<containers::Containers::Stub> containers_;
    std::unique_ptr<sandboxes::Store::Stub> sandboxes_;

    std::mutex mutex_;
    std::condition_variable idle_;
    std::set<grpc::ClientContext*> contexts_;
    std::size_t calls_ = 0;
    bool closing_ = false;

    grpc::CompletionQueue queue_;
    std::thread answers_;  // last: it uses all the others
};

// One fetch: asks about one name after the other, first as a container, then as a sandbox. Keeps itself alive
// until its last answer is there.
class Client::Call : public std::enable_shared_from_this<Call> {
  public:
    Call(std::shared_ptr<Shared> shared, Container container, std::chrono::milliseconds timeout, Done done)
        : shared_(std::move(shared)),
          container_(std::move(container)),
          lookups_(lookups(shared_->name_space(), container_.id)),
          deadline_(std::chrono::system_clock::now() + timeout),
          done_(std::move(done)) {
        shared_->call_begins();
    }

    void ask_container() {
        if (next_ == lookups_.size()) {
            finish(unknown());
            return;
        }
        if (!begin()) {
            return;
        }
        container_request_.set_id(lookups_[next_].id);
        container_reader_ = shared_->container_stub().AsyncGet(context_.get(), container_request_, &shared_->queue());
        shared_->expect(*container_reader_, container_reply_,
                        [self = shared_from_this()](const grpc::Status& status) { self->on_container(status); });
    }

  private:
    // A context serves one question; a reader lives in its memory.
    bool begin() {
        container_reader_.reset();
        sandbox_reader_.reset();
        context_ = std::make_unique<grpc::ClientContext>();
        context_->set_deadline(deadline_);
        context_->set_wait_for_ready(true);
        context_->AddMetadata(kNamespaceHeader, lookups_[next_].name_space);
        if (!shared_->enter(*context_)) {
            finish(Error(Code::kTryAgain, "the daemon ends"));
            return false;
        }
        return true;
    }

    void on_container(const grpc::Status& status) {
        shared_->leave(*context_);
        if (is_absent(status)) {
            ask_sandbox();
            return;
        }
        if (!status.ok()) {
            finish(failed(status));
            return;
        }
        const auto& container = container_reply_.container();
        if (const auto extension = container.extensions().find(kContainerExtension); extension != container.extensions().end()) {
            finish(from_metadata(extension->second.value()));
            return;
        }
        Labels labels;
        for (const auto& label : container.labels()) {
            if (label.first.compare(0, kOwnLabels.size(), kOwnLabels) != 0) {
                labels.emplace(label.first, label.second);
            }
        }
        const auto checked = check_labels(labels);
        finish(checked ? Outcome(std::move(labels)) : Outcome(checked.error()));
    }

    void ask_sandbox() {
        if (!begin()) {
            return;
        }
        sandbox_request_.set_sandbox_id(lookups_[next_].id);
        sandbox_reader_ = shared_->sandbox_stub().AsyncGet(context_.get(), sandbox_request_, &shared_->queue());
        shared_->expect(*sandbox_reader_, sandbox_reply_,
                        [self = shared_from_this()](const grpc::Status& status) { self->on_sandbox(status); });
    }

    void on_sandbox(const grpc::Status& status) {
        shared_->leave(*context_);
        if (is_absent(status)) {
            ++next_;
            ask_container();
            return;
        }
        if (!status.ok()) {
            finish(failed(status));
            return;
        }
        const auto& extensions = sandbox_reply_.sandbox().extensions();
        const auto extension = extensions.find(kSandboxExtension);
        finish(extension == extensions.end()
                   ? Outcome(Error(Code::kInvalidInput, "containerd's sandbox " + container_.id + " has no description of its pod"))
                   : from_metadata(extension->second.value()));
    }

    Outcome from_metadata(const std::string& json) const {
        NG_ASSIGN(PodMetadata pod, parse_pod_metadata(json));
        if (!container_.pod_uid.empty() && pod.uid != container_.pod_uid) {
            return Error(Code::kInvalidInput, "containerd has pod UID " + pod.uid + " for container " + container_.id +
                                                  ", and the runtime's call said " + container_.pod_uid);
        }
        return std::optional<Labels>(std::move(pod.labels));
    }

    Outcome unknown() const {
        if (!container_.is_pod) {
            return std::optional<Labels>();
        }
        return Error(Code::kTryAgain, "containerd at " + shared_->address() + " does not know container " + container_.id + " (namespace " +
                                          shared_->name_space() + ")");
    }

    Error failed(const grpc::Status& status) const {
        return {Code::kTryAgain, "containerd at " + shared_->address() + " did not answer: " + status.error_message()};
    }

    void finish(Outcome outcome) {
        done_(std::move(outcome));
        shared_->call_ends();
    }

    std::shared_ptr<Shared> shared_;
    const Container container_;
    const std::vector<Lookup> lookups_;
    const std::chrono::system_clock::time_point deadline_;
    const Done done_;
    std::size_t next_ = 0;
    std::unique_ptr<grpc::ClientContext> context_;
    containers::GetContainerRequest container_request_;
    containers::GetContainerResponse container_reply_;
    sandboxes::StoreGetRequest sandbox_request_;
    sandboxes::StoreGetResponse sandbox_reply_;
    std::unique_ptr<grpc::ClientAsyncResponseReader<containers::GetContainerResponse>> container_reader_;
    std::unique_ptr<grpc::ClientAsyncResponseReader<sandboxes::StoreGetResponse>> sandbox_reader_;
};

Client::Client(const std::string& address, std::string name_space) : shared_(std::make_shared<Shared>(address, std::move(name_space))) {}

Client::~Client() { shared_->close(); }

void Client::fetch(Container container, std::chrono::milliseconds timeout, Done done) {
    std::make_shared<Call>(shared_, std::move(container), timeout, std::move(done))->ask_container();
}

}  // namespace namegate::containerd
