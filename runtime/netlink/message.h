// SPDX-License-Identifier: Apache-2.0
//
// Builds and reads netlink messages. Only for files of this folder, because the types of libnl are visible. When memory runs
// out, building aborts the program; it has no other failures.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/ip.h"

namespace namegate::netlink {

using MessagePtr = UniqueC<nl_msg, nlmsg_free>;

inline MessagePtr make_message(int type, int flags) {
    MessagePtr message(nlmsg_alloc_simple(type, flags));
    if (message == nullptr) {
        std::abort();
    }
    return message;
}

inline void require_room(bool done) {
    if (!done) {
        std::abort();
    }
}

// Appends the fixed header that messages of this type begin with.
template <typename Header>
void put_header(nl_msg* message, const Header& header) {
    // libnl wants a non-const pointer, but only copies from it.
    Header copy = header;
    require_room(nlmsg_append(message, &copy, sizeof(copy), NLMSG_ALIGNTO) == 0);
}

inline void put_u32(nl_msg* message, int type, std::uint32_t value) { require_room(nla_put_u32(message, type, value) == 0); }

inline void put_bytes(nl_msg* message, int type, const void* data, std::size_t size) {
    require_room(nla_put(message, type, static_cast<int>(size), data) == 0);
}

inline void put_text(nl_msg* message, int type, std::string_view text) {
    require_room(nla_put_string(message, type, std::string(text).c_str()) == 0);
}

inline void put_address(nl_msg* message, int type, const IpAddress& address) {
    const std::string wire = address.wire();
    put_bytes(message, type, wire.data(), wire.size());
}

// Everything appended during the lifetime of this object is nested in the attribute.
class Nest {
  public:
    Nest(nl_msg* message, int type) : message_(message), start_(nla_nest_start(message, type)) { require_room(start_ != nullptr); }
    ~Nest() { nla_nest_end(message_, start_); }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Nest(Nest&&) = delete;
    Nest& operator=(Nest&&) = delete;

  private:
    nl_msg* message_;
    nlattr* start_;
};

// The attributes after a fixed header of type Header, by number. Missing and truncated attributes are null.
template <typename Header, int Max>
class Attributes {
  public:
    explicit Attributes(nlmsghdr* message) {
        valid_ = nlmsg_datalen(message) >= static_cast<int>(sizeof(Header)) &&
                 nlmsg_parse(message, sizeof(Header), table_.data(), Max, nullptr) >= 0;
        header_ = valid_ ? static_cast<Header*>(nlmsg_data(message)) : nullptr;
    }

    bool valid() const { return valid_; }
    const Header& header() const { return *header_; }
    nlattr* raw(int type) const { return table_[static_cast<std::size_t>(type)]; }
    bool has(int type, std::size_t size) const { return raw(type) != nullptr && nla_len(raw(type)) >= static_cast<int>(size); }
    std::uint32_t u32(int type) const { return has(type, sizeof(std::uint32_t)) ? nla_get_u32(raw(type)) : 0; }
    std::string text(int type) const {
        if (raw(type) == nullptr) {
            return {};
        }
        const std::string_view bytes(static_cast<const char*>(nla_data(raw(type))), static_cast<std::size_t>(nla_len(raw(type))));
        return std::string(bytes.substr(0, bytes.find('\0')));
    }
    // kNotFound without the attribute; an error if it is not 4 or 16 bytes long.
    Result<IpAddress> address(int type) const {
        if (raw(type) == nullptr) {
            return Error(Code::kNotFound, "no address");
        }
        return IpAddress::from_bytes(static_cast<const std::uint8_t*>(nla_data(raw(type))), static_cast<std::size_t>(nla_len(raw(type))));
    }

  private:
    std::array<nlattr*, static_cast<std::size_t>(Max) + 1> table_{};
    Header* header_ = nullptr;
    bool valid_ = false;
};

}  // namespace namegate::netlink
