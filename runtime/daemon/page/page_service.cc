// SPDX-License-Identifier: Apache-2.0
#include "daemon/page/page_service.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "daemon/listings/views.h"
#include "daemon/page/page_content.h"

namespace namegate::daemon {

namespace {

constexpr const char* kSubject = "uiAddress";

}  // namespace

HttpResponse page_response() {
    HttpResponse out;
    out.content_type = "text/html; charset=utf-8";
    const std::string policy = "default-src 'none'; script-src '" + std::string(page_script_hash()) + "'; style-src '" +
                               std::string(page_style_hash()) +
                               "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                               "require-trusted-types-for 'script'; trusted-types 'none'";
    out.headers = {{"Content-Security-Policy", policy},
                   {"Referrer-Policy", "no-referrer"},
                   {"Cross-Origin-Opener-Policy", "same-origin"},
                   {"X-Frame-Options", "DENY"}};
    out.body = page_html();
    return out;
}

PageService::PageService(EventLoop& loop, Node& node, EventPipeline& events, config::ListenAddress address)
    : loop_(loop),
      node_(node),
      events_(events),
      address_(std::move(address)),
      sink_(node, connections_),
      known_(node, connections_),
      reply_(node, connections_) {
    events_.add_sink(sink_);
    if (auto warnings = PageWarnings::create(loop_, node_.clock(), [&node] { return view_warnings(node); })) {
        warnings_ = std::move(warnings).value();
        reply_.use_warnings(*warnings_);
    } else {
        log::error("the page has no warnings", {log::kv("error", warnings.error().message())});
    }
    listen();
}

PageService::~PageService() { events_.remove_sink(sink_); }

void PageService::listen() {
    auto made = HttpServer::create(loop_, address_);
    node_.health().report(kSubject, made ? ok() : Result<>(made.error()));
    if (!made) {
        return;
    }
    server_ = std::move(made).value();
    server_->add("/", [](const HttpRequest& /*request*/) { return page_response(); });
    server_->add("/api/v1/graph", [this](const HttpRequest& request) { return show_graph(request); });
    log::info("the page is served", {log::kv("address", address_.to_string())});
}

HttpResponse PageService::show_graph(const HttpRequest& request) {
    asked_boot_ns_ = node_.clock().boot_ns();
    set_open(true);
    known_.read(asked_boot_ns_ + kKnownReadNs);
    HttpResponse out;
    out.content_type = "application/json";
    out.body = reply_.make(request.argument("since"), !known_.done());
    return out;
}

void PageService::set_open(bool open) {
    if (open == open_) {
        return;
    }
    open_ = open;
    sink_.set_open(open);
    events_.wishes_changed();
    if (open) {
        known_.start();
    }
}

void PageService::tick() {
    if (server_ == nullptr || !server_->works()) {
        server_.reset();
        listen();
    }
    if (open_ && node_.clock().boot_ns() - asked_boot_ns_ >= kOpenNs) {
        set_open(false);
    }
}

}  // namespace namegate::daemon
