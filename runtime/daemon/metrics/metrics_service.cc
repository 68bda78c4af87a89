// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics/metrics_service.h"

#include <utility>

#include "base/log.h"

namespace namegate::daemon {

namespace {

constexpr const char* kSubject = "metricsAddress";

HttpResponse respond(Metrics& metrics) {
    auto text = metrics.scrape();
    if (!text) {
        return {kHttpInternalError, kTextPlain, {}, text.error().message() + "\n"};
    }
    return {kHttpOk, kExpositionType, {}, std::move(text).value()};
}

}  // namespace

MetricsService::MetricsService(EventLoop& loop, Node& node, const Learner& learner, config::ListenAddress address)
    : loop_(loop), node_(node), address_(std::move(address)), metrics_(node, learner) {
    listen();
}

void MetricsService::listen() {
    auto server = HttpServer::create(loop_, address_);
    node_.health().report(kSubject, server ? ok() : Result<>(server.error()));
    if (!server) {
        return;
    }
    server_ = std::move(server).value();
    server_->add("/metrics", [this](const HttpRequest& /*request*/) { return respond(metrics_); });
    log::info("metrics are served", {log::kv("address", address_.to_string())});
    if (!address_.is_local()) {
        log::warning("metrics can be read by whoever reaches their address", {log::kv("address", address_.to_string())});
    }
}

void MetricsService::tick() {
    if (!server_ || !server_->works()) {
        server_.reset();
        listen();
    }
    metrics_.tick();
}

}  // namespace namegate::daemon
