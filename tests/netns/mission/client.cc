// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <exception>

namespace namegate::test {

namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    SocketAddress(const IpAddress& address, std::uint16_t port) {
        const std::string wire = address.wire();
        if (address.is_v4()) {
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(port);
            std::memcpy(&to.sin_addr, wire.data(), wire.size());
            std::memcpy(&storage, &to, sizeof to);
            size = sizeof to;
        } else {
            sockaddr_in6 to{};
            to.sin6_family = AF_INET6;
            to.sin6_port = htons(port);
            std::memcpy(&to.sin6_addr, wire.data(), wire.size());
            std::memcpy(&storage, &to, sizeof to);
            size = sizeof to;
        }
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

int family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

int milliseconds_until(SteadyClock::time_point deadline) {
    const auto left = std::chrono::duration_cast<Milliseconds>(deadline - SteadyClock::now());
    return left.count() < 0 ? 0 : static_cast<int>(left.count()) + 1;
}

// Waits for the events until the deadline.
bool wait_for(int fd, short events, SteadyClock::time_point deadline) {
    for (;;) {
        pollfd one{fd, events, 0};
        const int ready = ::poll(&one, 1, milliseconds_until(deadline));
        if (ready > 0) {
            return true;
        }
        if (ready == 0 && SteadyClock::now() >= deadline) {
            return false;
        }
    }
}

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// The position after the name at `at`; 0 when the name does not end.
std::size_t skip_name(const std::uint8_t* data, std::size_t size, std::size_t at) {
    while (at < size) {
        if (data[at] == 0) {
            return at + 1;
        }
        if (data[at] >= 0xc0) {
            return at + 2;
        }
        at += data[at] + std::size_t{1};
    }
    return 0;
}

unsigned read16(const std::uint8_t* data, std::size_t at) { return static_cast<unsigned>(data[at] << 8 | data[at + 1]); }

std::uint16_t next_id() {
    static std::atomic<std::uint16_t> id{1};
    return id++;
}

}  // namespace

void run_inside(const TestNetns& netns, const std::function<void()>& work) {
    std::exception_ptr failure;
    netns.within([&work, &failure] {
        try {
            work();
        } catch (...) {
            failure = std::current_exception();
        }
    });
    if (failure) {
        std::rethrow_exception(failure);
    }
}

Fd open_socket(int family, int type, int protocol) {
    Fd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!fd.valid()) {
        fail_with_errno("socket");
    }
    return fd;
}

Fd open_tcp(const IpAddress& to) { return open_socket(family_of(to), SOCK_STREAM); }

Fd socket_inside(const TestNetns& netns, int family, int type, int protocol) {
    Fd fd;
    run_inside(netns, [&] { fd = open_socket(family, type, protocol); });
    return fd;
}

std::optional<Answer> parse_answer(const std::uint8_t* data, std::size_t size) {
    if (size < kDnsHeaderBytes) {
        return std::nullopt;
    }
    Answer answer;
    answer.rcode = data[3] & 15U;
    std::size_t at = kDnsHeaderBytes;
    for (unsigned i = 0; i < read16(data, 4); ++i) {
        at = skip_name(data, size, at);
        if (at == 0) {
            return std::nullopt;
        }
        at += 4;
    }
    for (unsigned i = 0; i < read16(data, 6); ++i) {
        at = skip_name(data, size, at);
        if (at == 0 || at + 10 > size) {
            return std::nullopt;
        }
        const unsigned type = read16(data, at);
        const std::size_t length = read16(data, at + 8);
        at += 10;
        if (at + length > size) {
            return std::nullopt;
        }
        if (type == kTypeA || type == kTypeAaaa) {
            const auto address = IpAddress::from_bytes(data + at, length);
            if (!address) {
                return std::nullopt;
            }
            answer.addresses.push_back(*address);
        }
        at += length;
    }
    return answer;
}

std::optional<Answer> ask(const Fd& udp, const Question& question) {
    const std::uint16_t id = next_id();
    const Bytes message = DnsMessage::query(question.name, question.type).id(id).build();
    const SocketAddress server(*IpAddress::parse(question.server), question.port);
    if (::sendto(udp.get(), message.data(), message.size(), 0, server.get(), server.size) < 0) {
        return std::nullopt;
    }
    const auto deadline = SteadyClock::now() + question.most;
    std::vector<std::uint8_t> buffer(65536);
    while (wait_for(udp.get(), POLLIN, deadline)) {
        const ssize_t got = ::recv(udp.get(), buffer.data(), buffer.size(), 0);
        if (got >= static_cast<ssize_t>(kDnsHeaderBytes) && read16(buffer.data(), 0) == id) {
            return parse_answer(buffer.data(), static_cast<std::size_t>(got));
        }
    }
    return std::nullopt;
}

namespace {

// Reads exactly this many bytes.
bool read_all(int fd, std::uint8_t* to, std::size_t size, SteadyClock::time_point deadline) {
    std::size_t at = 0;
    while (at < size) {
        if (!wait_for(fd, POLLIN, deadline)) {
            return false;
        }
        const ssize_t got = ::recv(fd, to + at, size - at, 0);
        if (got <= 0) {
            return false;
        }
        at += static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace

std::vector<Answer> ask_tcp(const Fd& tcp, const std::string& server, const std::vector<Question>& questions) {
    std::vector<Answer> answers;
    if (!connect_to(tcp, *IpAddress::parse(server), 53, kPatience).connected) {
        return answers;
    }
    Bytes out;
    for (const Question& question : questions) {
        const Bytes message = DnsMessage::query(question.name, question.type).id(next_id()).build_tcp();
        out.insert(out.end(), message.begin(), message.end());
    }
    if (::send(tcp.get(), out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size())) {
        return answers;
    }
    const auto deadline = SteadyClock::now() + kPatience;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        std::array<std::uint8_t, 2> length{};
        if (!read_all(tcp.get(), length.data(), length.size(), deadline)) {
            return {};
        }
        Bytes message(read16(length.data(), 0));
        const bool whole = read_all(tcp.get(), message.data(), message.size(), deadline);
        const auto answer = whole ? parse_answer(message.data(), message.size()) : std::nullopt;
        if (!answer) {
            return {};
        }
        answers.push_back(*answer);
    }
    return answers;
}

std::optional<Answer> ask_from(const TestNetns& netns, const Question& question) {
    return ask(socket_inside(netns, family_of(*IpAddress::parse(question.server)), SOCK_DGRAM), question);
}

Attempt connect_to(const Fd& tcp, const IpAddress& address, std::uint16_t port, Milliseconds most) {
    Attempt attempt;
    const SocketAddress to(address, port);
    const auto start = SteadyClock::now();
    attempt.error = ::connect(tcp.get(), to.get(), to.size) == 0 ? 0 : errno;
    if (attempt.error == EINPROGRESS) {
        attempt.error = wait_for(tcp.get(), POLLOUT, start + most) ? socket_error(tcp.get()) : ETIMEDOUT;
    }
    attempt.connected = attempt.error == 0;
    attempt.took = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start);
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(tcp.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        attempt.retransmissions = info.tcpi_total_retrans;
    }
    return attempt;
}

void drop_connection(Fd& tcp) {
    const linger at_once{1, 0};
    ::setsockopt(tcp.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    tcp.reset();
}

bool connects_from(const TestNetns& netns, const IpAddress& address, std::uint16_t port, Milliseconds most) {
    Fd tcp = socket_inside(netns, family_of(address), SOCK_STREAM);
    const bool connected = connect_to(tcp, address, port, most).connected;
    drop_connection(tcp);
    return connected;
}

std::size_t count_connected(const TestNetns& netns, const std::vector<IpAddress>& addresses, std::uint16_t port, Milliseconds most) {
    std::size_t connected = 0;
    run_inside(netns, [&] {
        std::vector<Fd> sockets;
        for (const IpAddress& address : addresses) {
            const SocketAddress to(address, port);
            sockets.push_back(open_tcp(address));
            static_cast<void>(::connect(sockets.back().get(), to.get(), to.size));  // the result is read below
        }
        const auto deadline = SteadyClock::now() + most;
        std::vector<pollfd> waiting;
        waiting.reserve(sockets.size());
        for (const Fd& socket : sockets) {
            waiting.push_back({socket.get(), POLLOUT, 0});
        }
        while (::poll(waiting.data(), waiting.size(), milliseconds_until(deadline)) > 0) {
            for (pollfd& one : waiting) {
                if (one.revents != 0) {
                    connected += socket_error(one.fd) == 0 ? 1U : 0U;
                    one.fd = -1;  // poll() skips it
                }
            }
        }
        for (Fd& socket : sockets) {
            drop_connection(socket);
        }
    });
    return connected;
}

bool echoes(const Fd& socket, const std::string& text, Milliseconds most) {
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
        return false;
    }
    const auto deadline = SteadyClock::now() + most;
    std::array<char, 65536> buffer{};
    std::string heard;
    while (heard.size() < text.size() && wait_for(socket.get(), POLLIN, deadline)) {
        const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return false;
        }
        heard.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return heard == text;
}

bool echoes_from(const TestNetns& netns, const IpAddress& address, std::uint16_t port, const std::string& text, Milliseconds most) {
    const Fd udp = socket_inside(netns, family_of(address), SOCK_DGRAM);
    const SocketAddress to(address, port);
    return ::connect(udp.get(), to.get(), to.size) == 0 && echoes(udp, text, most);
}

Fd listen_inside(const TestNetns& netns, int family, std::uint16_t port) {
    Fd fd = socket_inside(netns, family, SOCK_STREAM);
    const SocketAddress any(family == AF_INET ? *IpAddress::parse("0.0.0.0") : *IpAddress::parse("::"), port);
    if (::bind(fd.get(), any.get(), any.size) != 0 || ::listen(fd.get(), 16) != 0) {
        fail_with_errno("listening in a pod");
    }
    return fd;
}

}  // namespace namegate::test
