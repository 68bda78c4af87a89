// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/socket_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace namegate::daemon {

Result<std::unique_ptr<SocketServer>> SocketServer::create(EventLoop& loop, const std::string& path, Handler handler) {
    std::unique_ptr<SocketServer> server(new SocketServer(loop, path, std::move(handler)));
    NG_TRY(server->listen());
    return server;
}

Result<> SocketServer::listen() {
    NG_ASSIGN(socket_, ListeningSocket::at_path(path_, kMaxQueuedClients));
    NG_ASSIGN(connections_, loop_.add_io(socket_.descriptor(), EPOLLIN, [this](std::uint32_t /*events*/) { accept_clients(); }));
    return ok();
}

SocketServer::~SocketServer() {
    stream_observer_ = {};
    while (!clients_.empty()) {
        drop(*clients_.front());
    }
    connections_.reset();
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
        Fd fd(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
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
