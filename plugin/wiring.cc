// SPDX-License-Identifier: Apache-2.0
#include "plugin/wiring.h"

#include <utility>

#include "config/config.h"
#include "node/endpoint_service.h"

namespace namegate::plugin {

namespace {

class ServiceProgrammer final : public EndpointProgrammer {
  public:
    explicit ServiceProgrammer(std::unique_ptr<node::EndpointService> service) : service_(std::move(service)) {}

    void hurry() override { service_->hurry(); }
    void take_time() override { service_->take_time(); }
    Result<> add(endpoints::Record& record) override { return service_->add(record); }
    Result<> admit(endpoints::Record& record) override { return service_->admit(record); }
    Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) override {
        return service_->program(record, meanwhile);
    }
    Result<> remove(const std::string& container_id, const std::string& ifname) override { return service_->remove(container_id, ifname); }
    Result<> check(const std::string& container_id, const std::string& ifname) override { return service_->check(container_id, ifname); }
    Result<std::vector<cni::Attachment>> attachments(const std::string& network) override {
        NG_ASSIGN(const std::vector<node::Attachment> known, service_->attachments(network));
        std::vector<cni::Attachment> out;
        out.reserve(known.size());
        for (const node::Attachment& one : known) {
            out.push_back({one.container_id, one.ifname});
        }
        return out;
    }
    Result<> status() override { return service_->status(); }

  private:
    std::unique_ptr<node::EndpointService> service_;
};

}  // namespace

Result<std::unique_ptr<EndpointProgrammer>> make_programmer(const std::string& config_path, Clock& clock) {
    NG_ASSIGN(const config::Config config, config::load_config(config_path));
    NG_ASSIGN(std::unique_ptr<node::EndpointService> service, node::EndpointService::create(config, clock));
    return std::unique_ptr<EndpointProgrammer>(std::make_unique<ServiceProgrammer>(std::move(service)));
}

}  // namespace namegate::plugin
