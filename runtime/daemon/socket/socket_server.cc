// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/socket_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace namegate::daemon {

namespace {

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        return Error(Code::kInvalidInput, "the socket path " + path + " is too long; a path has at most " +
                                              std::to_string(sizeof(address.sun_path) - 1) + " bytes: set a shorter stateDir");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

bool has_listener(const sockaddr_un& address) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool connected = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    return connected || errno == EAGAIN;
}

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::create(EventLoop& loop, const std::string& path, Handler handler) {
    std::unique_ptr<SocketServer> server(new SocketServer(loop, path, std::move(handler)));
    NG_TRY(server->listen());
    return server;
}

Result<> SocketServer::listen() {
    NG_ASSIGN(const sockaddr_un address, address_of(path_));
    if (has_listener(address)) {
        return Error(Code::kExists, "another daemon listens on " + path_);
    }
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
        return sys_error("removing the old " + path_, errno);
    }
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_.valid()) {
        return sys_error("socket", errno);
    }
    // The mode has to be right from the start, because connecting needs write permission.
    const mode_t old_mask = ::umask(0177);
    const int bound = ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    const int failure = errno;
    ::umask(old_mask);
    if (bound != 0) {
        return sys_error("binding " + path_, failure);
    }
    bound_ = true;
    if (::listen(fd_.get(), kMaxQueuedClients) != 0) {
        return sys_error("listening on " + path_, errno);
    }
    NG_ASSIGN(connections_, loop_.add_io(fd_.get(), EPOLLIN, [this](std::uint32_t /*events*/) { accept_clients(); }));
    return ok();
}

SocketServer::~SocketServer() {
    stream_observer_ = {};
    while (!clients_.empty()) {
        drop(*clients_.front());
    }
    connections_.reset();
    if (bound_) {
        ::unlink(path_.c_str());
    }
}

void SocketServer::accept_clients() {
    for (;;) {
        if (clients_.size() >= kMaxClients) {
            drop_idle();
        }
        if (clients_.size() >= kMaxClients) {
            stop_accepting();
            return;
        }
        Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd.valid()) {
            if (errno == EMFILE || errno == ENFILE) {
                stop_accepting();
            }
            return;
        }
        auto client = SocketClient::create(loop_, std::move(fd), [this](SocketClient& one, std::uint32_t events) { serve(one, events); });
        if (client) {
            clients_.push_back(std::move(*client));
        }
    }
}

// Stops until a client goes or a descriptor is free; drop_idle() tries that every second. New clients wait in the socket's queue.
void SocketServer::stop_accepting() {
    had_to_wait_ = true;
    accepting_ = false;
    connections_.set_enabled(false);
}

void SocketServer::accept_again() {
    if (!accepting_ && clients_.size() < kMaxClients) {
        accepting_ = true;
        connections_.set_enabled(true);
    }
}

void SocketServer::serve(SocketClient& client, std::uint32_t events) {
    client.note_activity(loop_.now_us());
    if (!react(client, events)) {
        drop(client);
    }
}

// False when the connection is over.
bool SocketServer::react(SocketClient& client, std::uint32_t events) {
    // While a reply is outstanding, only the end of the connection is reported.
    if (client.is_waiting() || (events & EPOLLERR) != 0) {
        return false;
    }
    if (client.is_streaming()) {
        return client.serve_stream();
    }
    if ((events & (EPOLLIN | EPOLLHUP)) != 0 && !client.receive()) {
        return false;
    }
    return client.send() && handle_requests(client);
}

// Handles one request at a time: the next one when the last reply has been sent. False when the connection is over.
bool SocketServer::handle_requests(SocketClient& client) {
    while (client.is_ready()) {
        const auto line = client.next_request();
        if (!line) {
            break;
        }
        if (*line) {
            handle_request(client, **line);
        } else {
            client.set_reply(encode(line->error()));
        }
        if (client.is_waiting()) {
            return true;
        }
        if (!client.send()) {
            return false;
        }
    }
    return client.send();
}

void SocketServer::handle_request(SocketClient& client, const std::string& line) {
    const auto request = api::parse_request(line);
    if (!request) {
        client.set_reply(encode(request.error()));
        return;
    }
    const Ticket ticket = next_ticket_++;
    client.await_reply(ticket);
    auto reply = handler_(*request, ticket);
    if (!reply) {
        client.stop_reading();
        return;
    }
    if (*reply && (*reply)->stream) {
        if (streams_ >= kMaxStreams) {
            reply = Result<Reply>(
                Error(Code::kTryAgain, "the daemon already serves the maximum number of streams: " + std::to_string(kMaxStreams)));
        } else {
            client.start_stream(std::move(*(*reply)->stream));
            ++streams_;
            streams_changed();
        }
    }
    client.set_reply(encode(*reply ? Result<api::Json>(std::move((*reply)->result)) : Result<api::Json>(reply->error())));
}

std::string SocketServer::encode(const Result<api::Json>& result) {
    std::string reply = api::encode_reply(result);
    if (reply.size() > api::kMaxReplyBytes) {
        reply = api::encode_reply(
            Error(Code::kExhausted, "the reply is longer than " + std::to_string(api::kMaxReplyBytes) + " bytes; ask about one endpoint"));
    }
    return reply + "\n";
}

SocketClient* SocketServer::find(Ticket ticket) const {
    const auto found = std::find_if(clients_.begin(), clients_.end(), [ticket](const auto& one) { return one->is_waiting_for(ticket); });
    return found == clients_.end() ? nullptr : found->get();
}

int SocketServer::descriptor(Ticket ticket) const {
    const SocketClient* client = find(ticket);
    return client == nullptr ? -1 : client->descriptor();
}

void SocketServer::reply(Ticket ticket, const Result<api::Json>& result) {
    if (SocketClient* client = find(ticket); client != nullptr) {
        client->set_reply(encode(result));
        resume(*client);
    }
}

void SocketServer::replied(Ticket ticket, bool whole) {
    SocketClient* client = find(ticket);
    if (client == nullptr) {
        return;
    }
    if (!whole) {
        drop(*client);
        return;
    }
    client->set_reply({});
    resume(*client);
}

// After a later reply: sends waiting output and handles the next requests.
void SocketServer::resume(SocketClient& client) {
    client.note_activity(loop_.now_us());
    if (!client.send() || !handle_requests(client)) {
        drop(client);
    }
}

bool SocketServer::wants_kind(EventKind kind) const {
    return streams_ > 0 && std::any_of(clients_.begin(), clients_.end(), [kind](const auto& one) { return one->wants_kind(kind); });
}

bool SocketServer::wants(const Event& event) const {
    return std::any_of(clients_.begin(), clients_.end(), [&event](const auto& one) { return one->wants(event); });
}

void SocketServer::publish(const Event& event, const api::Json& view) {
    const std::string line = api::dump(view) + "\n";
    for (auto next = clients_.begin(); next != clients_.end();) {
        SocketClient& client = **next++;
        if (client.wants(event) && !client.send_event(line)) {
            drop(client);
        }
    }
}

void SocketServer::drop(SocketClient& client) {
    const bool was_streaming = client.is_streaming();
    streams_ -= was_streaming ? 1U : 0U;
    clients_.remove_if([&client](const std::unique_ptr<SocketClient>& one) { return one.get() == &client; });
    if (was_streaming) {
        streams_changed();
    }
    accept_again();
}

void SocketServer::streams_changed() const {
    if (stream_observer_) {
        stream_observer_();
    }
}

void SocketServer::drop_idle() {
    const std::uint64_t now = loop_.now_us();
    for (auto next = clients_.begin(); next != clients_.end();) {
        SocketClient& client = **next++;
        if (client.is_idle(now)) {
            drop(client);
        }
    }
    accept_again();
}

}  // namespace namegate::daemon
