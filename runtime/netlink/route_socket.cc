// SPDX-License-Identifier: Apache-2.0
#include "netlink/route_socket.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "netlink/message.h"

namespace namegate::netlink {

namespace {

constexpr int kMaxInconsistentDumps = 20;

struct FreeBytes {
    void operator()(unsigned char* bytes) const { std::free(bytes); }
};

Error library_error(std::string_view what, int code) { return {Code::kIo, std::string(what) + ": " + nl_geterror(code)}; }

// The kernel's extended error message, or empty.
std::string extended_message(nlmsghdr* header) {
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return {};
    }
    const auto* acknowledgement = static_cast<const nlmsgerr*>(nlmsg_data(header));
    std::size_t offset = sizeof(nlmsgerr);
    if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) {
        offset += NLMSG_ALIGN(acknowledgement->msg.nlmsg_len - sizeof(nlmsghdr));
    }
    const auto length = static_cast<std::size_t>(nlmsg_datalen(header));
    if (offset >= length) {
        return {};
    }
    auto* start = reinterpret_cast<nlattr*>(static_cast<char*>(nlmsg_data(header)) + offset);
    const nlattr* message = nla_find(start, static_cast<int>(length - offset), NLMSGERR_ATTR_MSG);
    if (message == nullptr) {
        return {};
    }
    const std::string_view text(static_cast<const char*>(nla_data(message)), static_cast<std::size_t>(nla_len(message)));
    return std::string(text.substr(0, text.find('\0')));
}

Code code_of(int sys_errno) {
    switch (sys_errno) {
        case EEXIST: return Code::kExists;
        case ENOENT:
        case ESRCH:
        case ENODEV:
        case ENETUNREACH:
        case EADDRNOTAVAIL: return Code::kNotFound;
        case EPERM:
        case EACCES: return Code::kPermission;
        default: return Code::kIo;
    }
}

// The error in an acknowledgement, or nullopt for success.
std::optional<Error> acknowledged_error(nlmsghdr* header, const std::string& description) {
    if (nlmsg_datalen(header) < static_cast<int>(sizeof(nlmsgerr))) {
        return Error(Code::kIo, description + ": the kernel's reply is truncated");
    }
    const int sys_errno = -static_cast<const nlmsgerr*>(nlmsg_data(header))->error;
    if (sys_errno == 0) {
        return std::nullopt;
    }
    const std::string detail = extended_message(header);
    const std::string text = sys_error(description, sys_errno).message() + (detail.empty() ? "" : " (" + detail + ")");
    return Error(code_of(sys_errno), text, sys_errno);
}

// Reads one datagram and passes its messages to `each`.
template <typename Each>
Result<> receive(nl_sock* socket, Each each) {
    sockaddr_nl from{};
    unsigned char* buffer = nullptr;
    const int got = nl_recv(socket, &from, &buffer, nullptr);
    const std::unique_ptr<unsigned char, FreeBytes> owner(buffer);
    if (got <= 0) {
        return library_error("reading from the kernel", got);
    }
    int left = got;
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); nlmsg_ok(header, left) != 0; header = nlmsg_next(header, &left)) {
        each(header);
    }
    return ok();
}

}  // namespace

void Batch::append(nl_msg* message, std::string description) {
    nlmsghdr* header = nlmsg_hdr(message);
    header->nlmsg_flags = static_cast<std::uint16_t>(header->nlmsg_flags | NLM_F_REQUEST | NLM_F_ACK);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
    Request request{{bytes, bytes + header->nlmsg_len}, std::move(description)};
    request.bytes.resize(NLMSG_ALIGN(request.bytes.size()));
    requests_.push_back(std::move(request));
}

Result<Socket> Socket::open() {
    Socket socket(nl_socket_alloc());
    nl_sock* raw = socket.socket_.get();
    if (raw == nullptr) {
        return Error(Code::kExhausted, "no memory for a netlink socket");
    }
    if (const int code = nl_connect(raw, NETLINK_ROUTE); code < 0) {
        return library_error("opening a route netlink socket", code);
    }
    const int on = 1;
    // The first two options only add detail to errors, so failures are ignored.
    ::setsockopt(nl_socket_get_fd(raw), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    ::setsockopt(nl_socket_get_fd(raw), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    ::setsockopt(nl_socket_get_fd(raw), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
    return socket;
}

Result<Socket> Socket::open_in(const Netns& netns) {
    std::optional<Socket> opened;
    NG_TRY(in_netns(netns, [&opened]() -> Result<> {
        NG_ASSIGN(opened, Socket::open());
        return ok();
    }));
    return std::move(*opened);
}

Result<> Socket::run(const Batch& batch) {
    if (batch.empty()) {
        return ok();
    }
    std::vector<std::uint8_t> bytes;
    const std::uint32_t first = sequence_;
    for (const Batch::Request& request : batch.requests_) {
        const std::size_t start = bytes.size();
        bytes.insert(bytes.end(), request.bytes.begin(), request.bytes.end());
        std::memcpy(bytes.data() + start + offsetof(nlmsghdr, nlmsg_seq), &sequence_, sizeof(sequence_));
        ++sequence_;
    }
    if (const int code = nl_sendto(socket_.get(), bytes.data(), bytes.size()); code < 0) {
        return library_error(batch.requests_.front().description, code);
    }
    std::optional<Error> problem;
    std::size_t waiting = batch.requests_.size();
    while (waiting > 0) {
        NG_TRY(receive(socket_.get(), [&](nlmsghdr* header) {
            const std::uint32_t index = header->nlmsg_seq - first;
            if (header->nlmsg_type != NLMSG_ERROR || index >= batch.requests_.size()) {
                return;
            }
            --waiting;
            if (auto error = acknowledged_error(header, batch.requests_[index].description); error && !problem) {
                problem = std::move(error);
            }
        }));
    }
    if (problem) {
        return *problem;
    }
    return ok();
}

Result<bool> Socket::query_once(nl_msg* message, const std::string& description, const std::function<void(nlmsghdr*)>& each) {
    nlmsghdr* request = nlmsg_hdr(message);
    request->nlmsg_flags = static_cast<std::uint16_t>(request->nlmsg_flags | NLM_F_REQUEST);
    request->nlmsg_seq = sequence_++;
    if (const int code = nl_sendto(socket_.get(), request, request->nlmsg_len); code < 0) {
        return library_error(description, code);
    }
    const bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    bool done = false;
    bool consistent = true;
    std::optional<Error> problem;
    while (!done) {
        NG_TRY(receive(socket_.get(), [&](nlmsghdr* header) {
            if (header->nlmsg_seq != request->nlmsg_seq) {
                return;
            }
            consistent = consistent && (header->nlmsg_flags & NLM_F_DUMP_INTR) == 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                problem = acknowledged_error(header, description);
                done = true;
            } else if (header->nlmsg_type == NLMSG_DONE) {
                done = true;
            } else {
                each(header);
                done = done || !is_dump;
            }
        }));
    }
    if (problem) {
        return *problem;
    }
    return consistent;
}

Result<> Socket::query(nl_msg* message, const std::string& description, const std::function<void()>& restart,
                       const std::function<void(nlmsghdr*)>& each) {
    for (int attempt = 0; attempt < kMaxInconsistentDumps; ++attempt) {
        restart();
        NG_ASSIGN(const bool consistent, query_once(message, description, each));
        if (consistent) {
            return ok();
        }
    }
    return Error(Code::kTryAgain, description + ": the list kept changing while it was read");
}

}  // namespace namegate::netlink
