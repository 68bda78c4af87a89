// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/http_server.h"

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/log.h"
#include "daemon/http/request_origin.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kMs = 1000;
constexpr std::uint64_t kAccuracyUs = 5 * kMs;
constexpr std::uint64_t kAcceptAgainUs = 1000 * kMs;

// The page must not guess another type, and no page of another site may embed the response.
constexpr std::pair<const char*, const char*> kStandardHeaders[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

HttpFields fields_of(MHD_Connection* connection, MHD_ValueKind kind) {
    HttpFields out;
    const auto add = [](void* fields, MHD_ValueKind /*kind*/, const char* key, const char* value) {
        static_cast<HttpFields*>(fields)->emplace_back(key, value == nullptr ? "" : value);
        return MHD_YES;
    };
    MHD_get_connection_values(connection, kind, add, &out);
    return out;
}

bool has_body(const HttpRequest& request) {
    const std::string_view length = request.header("Content-Length");
    return (!length.empty() && length != "0") || !request.header("Transfer-Encoding").empty();
}

HttpResponse plain(unsigned status, const std::string& text, HttpFields headers = {}) {
    return {status, kTextPlain, std::move(headers), text + "\n"};
}

// Refuses what can be refused before the body of the request has arrived. Such a connection ends, because its next bytes may be a body.
std::optional<HttpResponse> refuse_early(std::string_view method, const HttpRequest& request) {
    if (method != "GET" && method != "HEAD") {
        return plain(kHttpMethodNotAllowed, "only GET and HEAD are supported", {{"Allow", "GET, HEAD"}, {"Connection", "close"}});
    }
    if (has_body(request)) {
        return plain(kHttpContentTooLarge, "a request must not have a body", {{"Connection", "close"}});
    }
    return std::nullopt;
}

// The library would end a path at an encoded zero; undecoded, such a path has no handler.
std::size_t decode(void* /*unused*/, MHD_Connection* /*connection*/, char* text) {
    return std::strstr(text, "%00") != nullptr ? std::strlen(text) : MHD_http_unescape(text);
}

MHD_Response* make_response(HttpResponse&& response) {
    auto body = std::make_unique<std::string>(std::move(response.body));
    MHD_Response* made = MHD_create_response_from_buffer_with_free_callback_cls(
        body->size(), body->data(), [](void* text) { delete static_cast<std::string*>(text); }, body.get());
    if (made == nullptr) {
        return nullptr;
    }
    static_cast<void>(body.release());
    bool good = MHD_add_response_header(made, "Content-Type", response.content_type.c_str()) == MHD_YES;
    for (const auto& [name, value] : kStandardHeaders) {
        good = good && MHD_add_response_header(made, name, value) == MHD_YES;
    }
    for (const auto& [name, value] : response.headers) {
        good = good && MHD_add_response_header(made, name.c_str(), value.c_str()) == MHD_YES;
    }
    if (!good) {
        MHD_destroy_response(made);
        return nullptr;
    }
    return made;
}

MHD_Result send(MHD_Connection* connection, HttpResponse response) {
    if (response.body.size() > kMaxHttpResponseBytes) {
        response = plain(kHttpInternalError, "the response is longer than " + std::to_string(kMaxHttpResponseBytes) + " bytes");
    }
    const unsigned status = response.status;
    MHD_Response* made = make_response(std::move(response));
    if (made == nullptr) {
        return MHD_NO;  // ends the connection
    }
    const MHD_Result queued = MHD_queue_response(connection, status, made);
    MHD_destroy_response(made);  // the library has its own reference
    return queued;
}

// The unit of the service allows TCP only with a drop-in, and the kernel's error does not say so.
Error explained(const Error& error) {
    if (error.sys_errno() != EAFNOSUPPORT) {
        return error;
    }
    return {error.code(), error.message() + "; under systemd, TCP needs the drop-in tcp.conf (docs/security.md)", error.sys_errno()};
}

}  // namespace

struct HttpServer::Callbacks {
    // Called when the headers have arrived, and once more when the whole request has: only then may the connection serve another one.
    // NOLINTNEXTLINE(readability-function-size): the library's signature
    static MHD_Result request(void* self, MHD_Connection* connection, const char* url, const char* method, const char* /*version*/,
                              const char* /*body*/, std::size_t* /*size*/, void** seen) {
        const auto& server = *static_cast<const HttpServer*>(self);
        const HttpRequest request{url, fields_of(connection, MHD_GET_ARGUMENT_KIND), fields_of(connection, MHD_HEADER_KIND)};
        if (*seen == nullptr) {
            *seen = self;
            auto refused = refuse_early(method, request);
            return refused ? send(connection, std::move(*refused)) : MHD_YES;
        }
        return send(connection, server.answer(request));
    }

    static void completed(void* self, MHD_Connection* connection, void** /*seen*/, MHD_RequestTerminationCode /*how*/) {
        auto& server = *static_cast<HttpServer*>(self);
        if (const auto found = server.connections_.find(connection); found != server.connections_.end()) {
            found->second.since_us = server.loop_.now_us();
        }
    }

    static void connection(void* self, MHD_Connection* connection, void** /*context*/, MHD_ConnectionNotificationCode what) {
        auto& server = *static_cast<HttpServer*>(self);
        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
            server.connections_.erase(connection);
            return;
        }
        const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        server.connections_[connection] = {info == nullptr ? -1 : info->connect_fd, server.loop_.now_us()};
    }
};

HttpServer::HttpServer(EventLoop& loop, config::ListenAddress address, HttpTimeouts timeouts)
    : loop_(loop), address_(std::move(address)), timeouts_(timeouts) {}

Result<std::unique_ptr<HttpServer>> HttpServer::create(EventLoop& loop, const config::ListenAddress& address, HttpTimeouts timeouts) {
    std::unique_ptr<HttpServer> server(new HttpServer(loop, address, timeouts));
    if (const auto started = server->start(); !started) {
        return explained(started.error());
    }
    return server;
}

Result<> HttpServer::start() {
    NG_ASSIGN(socket_, address_.is_unix() ? ListeningSocket::at_path(address_.unix_path, kMaxQueuedHttpConnections)
                                          : ListeningSocket::at_address(address_.ip, address_.port, kMaxQueuedHttpConnections));
    address_.port = socket_.port();
    NG_TRY(start_library());
    const MHD_DaemonInfo* info = MHD_get_daemon_info(library_, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == nullptr) {
        return Error(Code::kInternal, "libmicrohttpd has no epoll descriptor");
    }
    NG_ASSIGN(next_, loop_.add_timer(kAccuracyUs, [this] {
        accept_again();
        drive();
    }));
    NG_ASSIGN(ready_, loop_.add_io(info->epoll_fd, EPOLLIN, [this](std::uint32_t /*events*/) { drive(); }));
    NG_ASSIGN(incoming_, loop_.add_io(socket_.descriptor(), EPOLLIN, [this](std::uint32_t /*events*/) { accept_connections(); }));
    return ok();
}

Result<> HttpServer::start_library() {
    // No flag asks for a thread, and none for a listening socket. SIGPIPE is not an issue: the library then sends with MSG_NOSIGNAL.
    library_ = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &Callbacks::request, this,
                                MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(kMaxHttpConnections), MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                static_cast<unsigned>(kMaxHttpConnectionsPerIp), MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHttpHeaderBytes,
                                MHD_OPTION_CONNECTION_TIMEOUT, timeouts_.idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                MHD_OPTION_UNESCAPE_CALLBACK, &decode, nullptr, MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::completed, this,
                                MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::connection, this, MHD_OPTION_END);
    return library_ == nullptr ? Result<>(Error(Code::kIo, "libmicrohttpd did not start")) : ok();
}

HttpServer::~HttpServer() {
    incoming_.reset();
    ready_.reset();
    next_.reset();
    if (library_ != nullptr) {
        MHD_stop_daemon(library_);
    }
}

void HttpServer::accept_connections() {
    for (;;) {
        if (connections_.size() >= kMaxHttpConnections) {
            stop_accepting();
            break;
        }
        sockaddr_storage peer{};
        socklen_t size = sizeof(peer);
        const int fd = ::accept4(socket_.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                stop_accepting();
            }
            break;
        }
        // Closes the descriptor if it refuses the connection: over the limit of its address.
        static_cast<void>(MHD_add_connection(library_, fd, reinterpret_cast<const sockaddr*>(&peer), size));
    }
    drive();
}

// Until a connection ends, and at the latest for kAcceptAgainUs. New connections wait in the socket's queue.
void HttpServer::stop_accepting() {
    accepting_ = false;
    incoming_.set_enabled(false);
}

void HttpServer::accept_again() {
    if (!accepting_ && connections_.size() < kMaxHttpConnections) {
        accepting_ = true;
        incoming_.set_enabled(true);
    }
}

// Lets the library read, answer and write what it can without blocking.
void HttpServer::drive() {
    cut_slow();
    const std::size_t before = connections_.size();
    if (MHD_run(library_) != MHD_YES) {
        log::error("HTTP: the server stops", {log::kv("address", address_.to_string())});
        incoming_.reset();
        ready_.reset();
        next_.stop();
        works_ = false;
        return;
    }
    if (connections_.size() < before) {
        accept_again();
    }
    plan_next();
}

// The library only notices connections on which nothing moves. One that moves a byte now and then would last.
void HttpServer::cut_slow() {
    const std::uint64_t now = loop_.now_us();
    for (auto& [key, one] : connections_) {
        if (now - one.since_us >= timeouts_.exchange_us) {
            ::shutdown(one.fd, SHUT_RDWR);
            one.since_us = now;
        }
    }
}

void HttpServer::plan_next() {
    std::optional<std::uint64_t> due;
    const auto sooner = [&due](std::uint64_t at_us) { due = due ? std::min(*due, at_us) : at_us; };
    const std::uint64_t now = loop_.now_us();
    if (MHD_UNSIGNED_LONG_LONG ms = 0; MHD_get_timeout(library_, &ms) == MHD_YES) {
        sooner(now + ms * kMs);
    }
    for (const auto& entry : connections_) {
        sooner(entry.second.since_us + timeouts_.exchange_us);
    }
    if (!accepting_) {
        sooner(now + kAcceptAgainUs);
    }
    if (due) {
        next_.start_at(*due);
    } else {
        next_.stop();
    }
}

HttpResponse HttpServer::answer(const HttpRequest& request) const {
    if (auto refused = refuse_foreign(request, address_)) {
        return std::move(*refused);
    }
    const auto route = routes_.find(request.path);
    return route == routes_.end() ? plain(kHttpNotFound, "there is no such page") : route->second(request);
}

}  // namespace namegate::daemon
