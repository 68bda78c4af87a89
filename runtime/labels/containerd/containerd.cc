// SPDX-License-Identifier: Apache-2.0
#include "labels/containerd/containerd.h"

#include <utility>

#include "containerd/client.h"
#include "containerd/find_socket.h"
#include "labels/names.h"

namespace namegate::labels {
namespace {

class Containerd final : public Provider {
  public:
    explicit Containerd(const ProviderSettings& settings)
        : address_(settings.containerd_address), name_space_(settings.containerd_namespace), listed_(settings.listed) {}

    std::string_view name() const override { return kContainerd; }
    Reply describe(const endpoints::Record& record) const override {
        const Description* known = record.description_of(kContainerd);
        if (known == nullptr) {
            return Error(Code::kTryAgain, "the labels are not known yet; containerd has not returned them");
        }
        return std::optional(*known);
    }
    bool is_available() const override { return listed_ || address_ || containerd::find_containerd_socket(); }
    bool must_be_asked() const override { return true; }

    Result<int> open() override {
        if (!client_) {
            NG_ASSIGN(client_, containerd::Client::create(address_.value_or(""), name_space_));
        }
        return client_->fd();
    }
    void ask(const endpoints::Record& record, std::chrono::milliseconds timeout, const Done& done) override {
        client_->fetch({record.container_id, record.pod_uid, record.kubernetes}, timeout,
                       [done](Result<std::optional<containerd::Labels>> labels) {
                           done(labels ? described(std::move(*labels)) : Reply(labels.error()));
                       });
    }
    void work() override { client_->work(); }
    void wait(std::chrono::milliseconds time) override { client_->wait(time); }

  private:
    // A container that containerd does not know has no labels.
    static Reply described(std::optional<containerd::Labels> labels) {
        return std::optional(Description{labels ? std::move(*labels) : Labels()});
    }

    std::optional<std::string> address_;
    std::string name_space_;
    bool listed_;
    std::unique_ptr<containerd::Client> client_;  // once open
};

}  // namespace

std::unique_ptr<Provider> make_containerd(const ProviderSettings& settings) { return std::make_unique<Containerd>(settings); }

}  // namespace namegate::labels
