// SPDX-License-Identifier: Apache-2.0
#include "support/world.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>

#include "support/fresh_names.h"

namespace namegate::test {

namespace {

constexpr std::size_t kMaxDatagram = 4096;
constexpr std::size_t kMaxHeard = 100000;
constexpr unsigned kMaxChain = 8;
constexpr int kBacklog = 65535;

std::string lower(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

Fd must_fd(int fd, const char* what) {
    if (fd < 0) {
        fail_with_errno(what);
    }
    return Fd(fd);
}

void set_option(const Fd& socket, int level, int option) {
    const int on = 1;
    if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) {
        fail_with_errno("setsockopt");
    }
}

// Every address of both families.
void bind_any(const Fd& socket, std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail_with_errno("binding a server of the world");
    }
}

std::optional<WorldQuestion> parse_question(const std::uint8_t* data, std::size_t size) {
    WorldQuestion question;
    question.message.assign(data, data + size);
    std::size_t at = kDnsHeaderBytes;
    while (at < size && data[at] != 0) {
        const std::size_t length = data[at];
        if (length > 63 || at + 1 + length >= size) {
            return std::nullopt;
        }
        question.name += question.name.empty() ? "" : ".";
        question.name.append(reinterpret_cast<const char*>(data) + at + 1, length);
        at += 1 + length;
    }
    if (at + 5 > size) {
        return std::nullopt;
    }
    question.id = static_cast<std::uint16_t>(data[0] << 8 | data[1]);
    question.type = static_cast<std::uint16_t>(data[at + 1] << 8 | data[at + 2]);
    return question;
}

}  // namespace

World::World(const std::string& pods4, const std::string& pods6) {
    make_network(pods4, pods6);
    std::exception_ptr failure;
    netns_.within([this, &failure] {
        try {
            open_sockets();
        } catch (...) {
            failure = std::current_exception();
        }
    });
    if (failure) {
        std::rethrow_exception(failure);
    }
    thread_ = std::thread([this] { serve(); });
}

World::~World() {
    const std::uint64_t one = 1;
    if (thread_.joinable()) {
        if (::write(stop_.get(), &one, sizeof one) != sizeof one) {
            std::terminate();
        }
        thread_.join();
    }
    run_command("ip link del uplink");
}

void World::make_network(const std::string& pods4, const std::string& pods6) const {
    const std::string world = "ip -n " + netns_.name() + " ";
    // While a link-local address waits for duplicate detection, the first packets of IPv6 are dropped.
    const std::string no_waiting = "echo 0 > /proc/sys/net/ipv6/conf/";
    must_run("ip link add uplink type veth peer name eth0 netns " + netns_.name() + " && " + no_waiting + "uplink/accept_dad");
    netns_.must("sh -c '" + no_waiting + "eth0/accept_dad'");
    must_run("ip addr add " + std::string(kNodeAddress4) + "/24 dev uplink && ip addr add " + kNodeAddress6 +
             "/64 dev uplink nodad && ip link set uplink up");
    must_run(world + "link set lo up && " + world + "link set eth0 up");
    for (const char* address : {kServer4, kOtherServer4}) {
        must_run(world + "addr add " + address + "/24 dev eth0");
    }
    for (const char* address : {kServer6, kOtherServer6}) {
        must_run(world + "addr add " + address + "/64 dev eth0 nodad");
    }
    // Whole prefixes that belong to this machine.
    must_run(world + "route add local 198.18.0.0/15 dev lo && " + world + "route add local 2001:db8:1::/64 dev lo");
    must_run(world + "route add " + pods4 + " via " + kNodeAddress4 + " && " + world + "route add " + pods6 + " via " + kNodeAddress6);
    must_run("ip route add 198.18.0.0/15 via " + std::string(kServer4) + " && ip route add 2001:db8:1::/64 via " + kServer6);
    // Thousands of clients of both families connect at once, so the accept and SYN queues are long.
    netns_.must("sh -c 'echo 65535 > /proc/sys/net/core/somaxconn; echo 65535 > /proc/sys/net/ipv4/tcp_max_syn_backlog'");
}

namespace {

void bind_to(const Fd& socket, const IpAddress& ip, std::uint16_t port) {
    const bool v6 = !ip.is_v4();
    sockaddr_in6 to6{};
    sockaddr_in to4{};
    const std::string wire = ip.wire();
    int bound = 0;
    if (v6) {
        to6.sin6_family = AF_INET6;
        to6.sin6_port = htons(port);
        std::memcpy(&to6.sin6_addr, wire.data(), wire.size());
        bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&to6), sizeof to6);
    } else {
        to4.sin_family = AF_INET;
        to4.sin_port = htons(port);
        std::memcpy(&to4.sin_addr, wire.data(), wire.size());
        bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&to4), sizeof to4);
    }
    if (bound != 0) {
        fail_with_errno("binding " + ip.to_string());
    }
}

}  // namespace

void World::open_dns(const char* address, std::uint16_t port, AnswerFrom role) {
    const IpAddress ip = *IpAddress::parse(address);
    const bool v6 = !ip.is_v4();
    DnsSocket out{must_fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"), v6, role};
    bind_to(out.fd, ip, port);
    watch(out.fd.get());
    dns_.push_back(std::move(out));
}

void World::open_dns_tcp(const char* address) {
    const IpAddress ip = *IpAddress::parse(address);
    Fd listener = must_fd(::socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    set_option(listener, SOL_SOCKET, SO_REUSEADDR);
    bind_to(listener, ip, 53);
    if (::listen(listener.get(), kBacklog) != 0) {
        fail_with_errno("listen");
    }
    watch(listener.get());
    const int fd = listener.get();
    dns_listeners_.emplace(fd, std::move(listener));
}

void World::open_sockets() {
    poll_ = must_fd(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    stop_ = must_fd(::eventfd(0, EFD_CLOEXEC), "eventfd");
    watch(stop_.get());
    for (const char* address : {kServer4, kServer6}) {
        open_dns(address, 53, AnswerFrom::kServer);
        open_dns(address, kOtherDnsPort, AnswerFrom::kOtherPort);
    }
    for (const char* address : {kServer4, kServer6}) {
        open_dns_tcp(address);
    }
    for (const char* address : {kOtherServer4, kOtherServer6}) {
        open_dns(address, 53, AnswerFrom::kOtherServer);
        open_dns_tcp(address);
    }
    tcp_ = must_fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    set_option(tcp_, SOL_SOCKET, SO_REUSEADDR);
    bind_any(tcp_, kTcpPort);
    if (::listen(tcp_.get(), kBacklog) != 0) {
        fail_with_errno("listen");
    }
    watch(tcp_.get());
    udp_ = must_fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    set_option(udp_, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    // Echoes come from addresses that no interface has, only the route.
    set_option(udp_, IPPROTO_IPV6, IPV6_FREEBIND);
    bind_any(udp_, kUdpPort);
    watch(udp_.get());
}

void World::watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        fail_with_errno("epoll_ctl");
    }
}

void World::serve() {
    std::array<epoll_event, 64> events{};
    for (;;) {
        const int ready = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == stop_.get()) {
                return;
            }
            if (fd == tcp_.get()) {
                serve_accept();
            } else if (fd == udp_.get()) {
                serve_udp();
            } else if (accepted_.count(fd) != 0) {
                serve_connection(fd);
            } else if (dns_listeners_.count(fd) != 0) {
                serve_dns_accept(fd);
            } else if (dns_streams_.count(fd) != 0) {
                serve_dns_stream(fd);
            } else {
                for (const DnsSocket& socket : dns_) {
                    if (socket.fd.get() == fd) {
                        serve_dns(socket);
                    }
                }
            }
        }
    }
}

const World::DnsSocket* World::find_socket(bool v6, AnswerFrom role) const {
    for (const DnsSocket& socket : dns_) {
        if (socket.v6 == v6 && socket.role == role) {
            return &socket;
        }
    }
    return nullptr;
}

void World::serve_dns(const DnsSocket& socket) {
    std::array<std::uint8_t, kMaxDatagram> buffer{};
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    ssize_t got = 0;
    while ((got = ::recvfrom(socket.fd.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&peer), &peer_size)) >= 0) {
        const auto question = parse_question(buffer.data(), static_cast<std::size_t>(got));
        if (question) {
            questions_ += 1;
            for (const WorldReply& reply : answer(*question)) {
                const DnsSocket* from = reply.from == AnswerFrom::kServer ? &socket : find_socket(socket.v6, reply.from);
                ::sendto(from->fd.get(), reply.message.data(), reply.message.size(), 0, reinterpret_cast<const sockaddr*>(&peer),
                         peer_size);
            }
        }
        peer_size = sizeof peer;
    }
}

void World::serve_accept() {
    int fd = -1;
    while ((fd = ::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        connections_ += 1;
        accepted_[fd] = Fd(fd);
        watch(fd);
    }
}

void World::serve_dns_accept(int listener) {
    int fd = -1;
    while ((fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0) {
        set_option(dns_streams_[fd] = Fd(fd), IPPROTO_TCP, TCP_NODELAY);
        watch(fd);
    }
}

// Responds to all complete queries, one after the other.
void World::serve_dns_stream(int fd) {
    std::array<std::uint8_t, kMaxDatagram> buffer{};
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
        dns_read_.erase(fd);
        dns_streams_.erase(fd);
        return;
    }
    Bytes& read = dns_read_[fd];
    read.insert(read.end(), buffer.begin(), buffer.begin() + got);
    while (read.size() >= 2 && read.size() - 2 >= static_cast<std::size_t>(read[0] << 8 | read[1])) {
        const std::size_t length = static_cast<std::size_t>(read[0] << 8 | read[1]);
        auto question = parse_question(read.data() + 2, length);
        read.erase(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(length + 2));
        if (!question) {
            continue;
        }
        questions_ += 1;
        question->tcp = true;
        for (const WorldReply& reply : answer(*question)) {
            Bytes out = {static_cast<std::uint8_t>(reply.message.size() >> 8), static_cast<std::uint8_t>(reply.message.size() & 0xff)};
            out.insert(out.end(), reply.message.begin(), reply.message.end());
            const std::size_t piece = reply.piece == 0 ? out.size() : reply.piece;
            for (std::size_t at = 0; at < out.size(); at += piece) {
                ::send(fd, out.data() + at, std::min(piece, out.size() - at), MSG_NOSIGNAL);
            }
        }
    }
}

void World::serve_connection(int fd) {
    std::array<char, kMaxDatagram> buffer{};
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
        ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    } else if (got == 0 || errno != EAGAIN) {
        accepted_.erase(fd);
    }
}

void World::serve_udp() {
    std::array<char, kMaxDatagram> buffer{};
    // The destination of the datagram arrives as ancillary data; the echo is sent from it.
    alignas(cmsghdr) std::array<char, 128> control{};
    sockaddr_in6 peer{};
    for (;;) {
        iovec part{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_name = &peer;
        message.msg_namelen = sizeof peer;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(udp_.get(), &message, 0);
        if (got < 0) {
            return;
        }
        part.iov_len = static_cast<std::size_t>(got);
        {
            const std::lock_guard lock(mutex_);
            if (heard_.size() < kMaxHeard) {
                heard_.emplace(buffer.data(), part.iov_len);
            }
        }
        // The receiving interface is not the one that has the address.
        for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
                in6_pktinfo info{};
                std::memcpy(&info, CMSG_DATA(header), sizeof info);
                info.ipi6_ifindex = 0;
                std::memcpy(CMSG_DATA(header), &info, sizeof info);
            }
        }
        ::sendmsg(udp_.get(), &message, 0);
    }
}

std::vector<WorldReply> World::answer(const WorldQuestion& question) const {
    Script script;
    {
        const std::lock_guard lock(mutex_);
        script = script_;
    }
    if (script) {
        if (auto replies = script(question)) {
            return *replies;
        }
    }
    std::vector<WorldReply> replies(1);
    auto fresh = answer_fresh(question, lower(question.name));
    replies[0].message = fresh ? std::move(*fresh) : answer_from_names(question);
    return replies;
}

Bytes World::answer_from_names(const WorldQuestion& question) const {
    const std::lock_guard lock(mutex_);
    DnsMessage message = start_answer(question);
    std::string owner = question.name;
    for (unsigned i = 0; i < kMaxChain; ++i) {
        const auto found = names_.find(lower(owner));
        if (found == names_.end()) {
            return message.rcode(i == 0 ? 3 : 0).build();
        }
        message.ttl(found->second.ttl);
        if (!found->second.alias.empty()) {
            message.cname(owner, found->second.alias);
            owner = found->second.alias;
            continue;
        }
        for (const IpAddress& address : found->second.addresses) {
            if (question.type == kTypeA && address.is_v4()) {
                message.a(owner, address.to_string());
            } else if (question.type == kTypeAaaa && !address.is_v4()) {
                message.aaaa(owner, address.to_string());
            }
        }
        break;
    }
    return message.build();
}

void World::set_name(const std::string& name, const std::vector<std::string>& addresses, std::uint32_t ttl) {
    Names entry;
    entry.ttl = ttl;
    for (const std::string& address : addresses) {
        entry.addresses.push_back(*IpAddress::parse(address));
    }
    const std::lock_guard lock(mutex_);
    names_[lower(name)] = entry;
}

void World::set_alias(const std::string& name, const std::string& target) {
    Names entry;
    entry.alias = target;
    const std::lock_guard lock(mutex_);
    names_[lower(name)] = entry;
}

void World::set_script(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
}

bool World::heard(const std::string& content) const {
    const std::lock_guard lock(mutex_);
    return heard_.count(content) != 0;
}

unsigned World::take_indexes(unsigned count) {
    static std::atomic<unsigned> next{0x400};  // below are the addresses that tests use
    return next.fetch_add(count);
}

}  // namespace namegate::test
