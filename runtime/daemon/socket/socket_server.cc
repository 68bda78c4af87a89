// SPDX-License-Identifier: Apache-2.0
#include "daemon/socket/socket_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

bool somebody_listens(const sockaddr_un& address) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool connected = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    return connected || errno == EAGAIN;
}

std::uint64_t now_us(sd_event* loop) {
    std::uint64_t now = 0;
    sd_event_now(loop, CLOCK_MONOTONIC, &now);
    return now;
}

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::create(sd_event* loop, const std::string& path, Handler handler) {
    std::unique_ptr<SocketServer> server(new SocketServer(loop, path, std::move(handler)));
    NG_TRY(server->listen());
    return server;
}

Result<> SocketServer::listen() {
    NG_ASSIGN(const sockaddr_un address, address_of(path_));
    if (somebody_listens(address)) {
        return Error(Code::kExists, "another daemon listens on " + path_);
    }
    if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
        return sys_error("removing the old " + path_, errno);
    }
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_.valid()) {
        return sys_error("socket", errno);
    }
    // The mode has to be right from the start: connecting asks for write permission.
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
    if (const int added = sd_event_add_io(loop_, &source_, fd_.get(), EPOLLIN, &SocketServer::on_accept, this); added < 0) {
        return sys_error("sd_event_add_io", -added);
    }
    return ok();
}

SocketServer::~SocketServer() {
    while (!clients_.empty()) {
        drop(*clients_.front());
    }
    sd_event_source_disable_unref(source_);
    if (bound_) {
        ::unlink(path_.c_str());
    }
}

int SocketServer::on_accept(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* server) {
    static_cast<SocketServer*>(server)->accept_clients();
    return 0;
}

int SocketServer::on_client(sd_event_source* /*source*/, int /*fd*/, std::uint32_t events, void* client) {
    auto* self = static_cast<Client*>(client);
    self->server->serve(*self, events);
    return 0;
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
        auto client = std::make_unique<Client>();
        client->server = this;
        client->fd = std::move(fd);
        client->last_us = now_us(loop_);
        if (sd_event_add_io(loop_, &client->source, client->fd.get(), EPOLLIN, &SocketServer::on_client, client.get()) < 0) {
            continue;
        }
        clients_.push_back(std::move(client));
    }
}

// Until a client goes, or descriptors are free again, which is tried every second. The others wait in the queue.
void SocketServer::stop_accepting() {
    had_to_wait_ = true;
    accepting_ = false;
    sd_event_source_set_enabled(source_, SD_EVENT_OFF);
}

void SocketServer::accept_again() {
    if (!accepting_ && clients_.size() < kMaxClients) {
        accepting_ = true;
        sd_event_source_set_enabled(source_, SD_EVENT_ON);
    }
}

void SocketServer::serve(Client& client, std::uint32_t events) {
    client.last_us = now_us(loop_);
    if (client.waiting != 0) {
        // Only that the other side is gone can be told now.
        drop(client);
        return;
    }
    bool alive = (events & (EPOLLERR)) == 0;
    if (alive && client.stream) {
        if (!serve_stream(client)) {
            drop(client);
        }
        return;
    }
    if (alive && !client.closing && (events & (EPOLLIN | EPOLLHUP)) != 0) {
        alive = read_input(client);
    }
    // First what waits to be sent: only then is the next request looked at.
    if (alive && !client.output.empty()) {
        alive = write_output(client);
    }
    if (alive) {
        answer_lines(client);
        alive = client.waiting != 0 || write_output(client);
    }
    if (!alive) {
        drop(client);
    }
}

// False when the client is gone.
bool SocketServer::read_input(Client& client) {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(client.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0) {
        // Half a line is no request. What is still to be sent may yet be read by the other side.
        client.closing = true;
        return client.sent < client.output.size() || client.input.find('\n') != std::string::npos;
    }
    client.input.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

// One reply at a time: the next request waits until the client has taken it.
void SocketServer::answer_lines(Client& client) {
    while (client.output.empty() && client.waiting == 0 && !client.stream) {
        const std::size_t end = client.input.find('\n');
        if (end == std::string::npos ? client.input.size() > api::kMaxRequestBytes : end > api::kMaxRequestBytes) {
            client.input.clear();
            client.output = api::encode_reply(
                                Error(Code::kExhausted, "the request is longer than " + std::to_string(api::kMaxRequestBytes) + " bytes")) +
                            "\n";
            client.closing = true;
            return;
        }
        if (end == std::string::npos) {
            return;
        }
        const std::string line = client.input.substr(0, end);
        client.input.erase(0, end + 1);
        answer(client, line);
        if (client.waiting != 0) {
            sd_event_source_set_io_events(client.source, 0);
            return;
        }
        if (!write_output(client)) {
            client.closing = true;
            return;
        }
    }
}

void SocketServer::answer(Client& client, const std::string& line) {
    const auto request = api::parse_request(line);
    if (!request) {
        client.output = encode(request.error());
        return;
    }
    const Ticket ticket = next_ticket_++;
    client.waiting = ticket;
    auto answer = handler_(*request, ticket);
    if (!answer) {
        return;
    }
    client.waiting = 0;
    if (*answer && (*answer)->stream) {
        if (streams_ >= kMaxStreams) {
            answer = Result<Answer>(Error(Code::kTryAgain, "the daemon has as many streams as it gives: " + std::to_string(kMaxStreams)));
        } else {
            client.stream = std::move((*answer)->stream);
            client.input.clear();
            ++streams_;
        }
    }
    client.output = encode(*answer ? Result<api::Json>(std::move((*answer)->result)) : Result<api::Json>(answer->error()));
}

std::string SocketServer::encode(const Result<api::Json>& result) {
    std::string reply = api::encode_reply(result);
    if (reply.size() > api::kMaxReplyBytes) {
        reply = api::encode_reply(
            Error(Code::kExhausted, "the answer is longer than " + std::to_string(api::kMaxReplyBytes) + " bytes; ask about one endpoint"));
    }
    return reply + "\n";
}

SocketServer::Client* SocketServer::find(Ticket ticket) const {
    const auto found = std::find_if(clients_.begin(), clients_.end(), [ticket](const auto& one) { return one->waiting == ticket; });
    return found == clients_.end() ? nullptr : found->get();
}

int SocketServer::descriptor(Ticket ticket) const {
    const Client* client = find(ticket);
    return client == nullptr ? -1 : client->fd.get();
}

void SocketServer::reply(Ticket ticket, const Result<api::Json>& result) {
    Client* client = find(ticket);
    if (client != nullptr) {
        client->output = encode(result);
        go_on(*client);
    }
}

void SocketServer::replied(Ticket ticket, bool whole) {
    Client* client = find(ticket);
    if (client == nullptr) {
        return;
    }
    if (!whole) {
        drop(*client);
        return;
    }
    go_on(*client);
}

// After an answer that came later: sends what there is to send, and looks at the next request.
void SocketServer::go_on(Client& client) {
    client.waiting = 0;
    client.last_us = now_us(loop_);
    if (!write_output(client)) {
        drop(client);
        return;
    }
    answer_lines(client);
    if (client.waiting == 0 && !write_output(client)) {
        drop(client);
    }
}

// False when there is nothing more to do for the client.
bool SocketServer::write_output(Client& client) {
    while (client.sent < client.output.size()) {
        const ssize_t got = ::send(client.fd.get(), client.output.data() + client.sent, client.output.size() - client.sent, MSG_NOSIGNAL);
        if (got > 0) {
            client.sent += static_cast<std::size_t>(got);
        } else if (errno == EAGAIN) {
            sd_event_source_set_io_events(client.source, EPOLLOUT);
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    client.output.clear();
    client.sent = 0;
    if (client.closing) {
        return client.input.find('\n') != std::string::npos;
    }
    sd_event_source_set_io_events(client.source, EPOLLIN);
    return true;
}

// What a client says after it asked for a stream is not looked at, but for its going. False when it is gone.
bool SocketServer::serve_stream(Client& client) {
    std::array<char, 4096> ignored{};
    const ssize_t got = ::recv(client.fd.get(), ignored.data(), ignored.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        return false;
    }
    const std::string none;
    append_event(client, none);
    return write_output(client);
}

// The event's line, behind the number of those that were lost before it; an empty line: only the number.
void SocketServer::append_event(Client& client, const std::string& line) {
    if (client.output.size() - client.sent + line.size() > kMaxStreamBacklog) {
        client.lost += line.empty() ? 0U : 1U;
        return;
    }
    if (client.lost > 0) {
        client.output += api::dump({{"kind", "lost"}, {"count", std::exchange(client.lost, 0)}}) + "\n";
    }
    client.output += line;
}

bool SocketServer::is_wanted(const api::Json& event) const {
    return std::any_of(clients_.begin(), clients_.end(), [&event](const auto& one) { return one->stream && one->stream(event); });
}

void SocketServer::publish(const api::Json& event) {
    const std::string line = api::dump(event) + "\n";
    for (auto next = clients_.begin(); next != clients_.end();) {
        Client& client = **next++;
        if (client.stream && client.stream(event)) {
            append_event(client, line);
            if (!write_output(client)) {
                drop(client);
            }
        }
    }
}

void SocketServer::drop(Client& client) {
    streams_ -= client.stream ? 1U : 0U;
    sd_event_source_disable_unref(client.source);
    clients_.remove_if([&client](const std::unique_ptr<Client>& one) { return one.get() == &client; });
    accept_again();
}

void SocketServer::drop_idle() {
    const std::uint64_t now = now_us(loop_);
    for (auto next = clients_.begin(); next != clients_.end();) {
        Client& client = **next++;
        if (client.waiting == 0 && !client.stream && now - client.last_us > kClientIdleUs) {
            drop(client);
        }
    }
    accept_again();
}

}  // namespace namegate::daemon
