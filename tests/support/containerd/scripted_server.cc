// SPDX-License-Identifier: Apache-2.0
#include "support/containerd/scripted_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "containerd/grpc_reply.h"

namespace namegate::test {

namespace {

constexpr std::size_t kPrefaceBytes = 24;
constexpr int kPollMs = 10;

std::string hpack_number(std::size_t number) {
    if (number < 127) {
        return std::string(1, static_cast<char>(number));
    }
    std::string out(1, '\x7F');
    for (number -= 127; number >= 128; number /= 128) {
        out.push_back(static_cast<char>(number % 128 + 128));
    }
    return out + static_cast<char>(number);
}

}  // namespace

std::string number32(std::uint32_t number) {
    std::string out;
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        out.push_back(static_cast<char>(number >> (shift - 8)));
    }
    return out;
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, const std::string& payload) {
    std::string out = number32(static_cast<std::uint32_t>(payload.size())).substr(1);
    out.push_back(static_cast<char>(type));
    out.push_back(static_cast<char>(flags));
    return out + number32(stream) + payload;
}

std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags) {
    std::string block;
    for (const auto& [name, value] : fields) {
        block += std::string(1, '\0') + hpack_number(name.size()) + name + hpack_number(value.size()) + value;
    }
    return frame(kHeaders, flags, stream, block);
}

std::string reply_headers(std::uint32_t stream) { return headers(stream, {{":status", "200"}, {"content-type", "application/grpc"}}); }

std::string reply_data(std::uint32_t stream, const std::string& message) {
    return frame(kData, 0, stream, containerd::frame_message(message));
}

std::string trailers(std::uint32_t stream, const std::string& status) {
    return headers(stream, {{"grpc-status", status}}, kEndHeaders | kEndStream);
}

std::string whole_reply(std::uint32_t stream, const std::string& message) {
    return reply_headers(stream) + reply_data(stream, message) + trailers(stream);
}

ScriptedServer::ScriptedServer(std::vector<Connection> script, bool hold) : script_(std::move(script)), hold_(hold) {
    listening_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string where = path();
    std::memcpy(address.sun_path, where.data(), where.size());
    if (::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || ::listen(listening_.get(), 8) != 0) {
        throw std::runtime_error("cannot listen on " + where);
    }
    thread_ = std::thread([this] { run(); });
}

ScriptedServer::~ScriptedServer() {
    ends_ = true;
    thread_.join();
}

// What a client sent, as whole frames.
class ScriptedServer::Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {}

    // False: the client disconnected, or `ends`.
    bool wait_for(unsigned requests, const std::atomic<bool>& ends) {
        while (requests_ < requests) {
            if (ends || !read_more()) {
                return false;
            }
        }
        return true;
    }
    bool read_more() {
        pollfd waiting{fd_, POLLIN, 0};
        if (::poll(&waiting, 1, kPollMs) <= 0) {
            return true;
        }
        std::array<char, 4096> buffer{};
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return false;
        }
        bytes_.append(buffer.data(), static_cast<std::size_t>(got));
        count_requests();
        return true;
    }

  private:
    void count_requests() {
        while (bytes_.size() >= at_ + kFrameHeader) {
            const auto byte = [this](std::size_t offset) { return std::size_t{static_cast<unsigned char>(bytes_[at_ + offset])}; };
            const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
            if (bytes_.size() < at_ + kFrameHeader + length) {
                return;
            }
            requests_ += byte(3) == kData && (byte(4) & kEndStream) != 0 ? 1U : 0U;
            at_ += kFrameHeader + length;
        }
    }

    const int fd_;
    std::string bytes_;
    std::size_t at_ = kPrefaceBytes;
    unsigned requests_ = 0;
};

void ScriptedServer::play(int fd, const Connection& steps) {
    Peer peer(fd);
    const auto say = [fd](const std::string& bytes) {
        return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    };
    for (const Step& step : steps) {
        if (!peer.wait_for(step.requests, ends_)) {
            return;
        }
        do {
            if (step.between_bytes.count() == 0 && !say(step.bytes)) {
                return;
            }
            for (std::size_t i = 0; step.between_bytes.count() != 0 && i < step.bytes.size(); ++i) {
                std::this_thread::sleep_for(step.between_bytes);
                if (ends_ || !say(step.bytes.substr(i, 1))) {
                    return;
                }
            }
        } while (step.repeat && !ends_);
    }
    while (hold_ && !ends_ && peer.read_more()) {
    }
}

void ScriptedServer::run() {
    for (const Connection& steps : script_) {
        while (!ends_) {
            pollfd waiting{listening_.get(), POLLIN, 0};
            if (::poll(&waiting, 1, kPollMs) <= 0) {
                continue;
            }
            const Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            ++connections_;
            play(fd.get(), steps);
            break;
        }
    }
    while (!ends_) {
        std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
    }
}

}  // namespace namegate::test
