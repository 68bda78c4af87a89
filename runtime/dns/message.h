// SPDX-License-Identifier: Apache-2.0
//
// The parts of a DNS message that learning needs: header, question, and the A, AAAA and CNAME records of class IN in the
// answer section. Skips other records and does not read the authority and additional sections, so that nothing in them
// counts (D8) or makes the message malformed. Only message.cc uses ldns. Pure; safe from any thread. A malformed message
// is kInvalidInput, one over a limit is kExhausted; nothing may be learned from either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::dns {

inline constexpr std::size_t kMaxMessageBytes = 65535;
inline constexpr std::size_t kMaxAnswerRecords = 4096;
inline constexpr std::size_t kMaxNamePointers = 127;  // compression pointers followed in one name

inline constexpr std::uint16_t kClassIn = 1;

enum class RecordType : std::uint16_t { kA = 1, kCname = 5, kAaaa = 28 };

struct Question {
    std::string name;  // canonical text (wire_name.h)
    std::uint16_t type = 0;
    std::uint16_t dns_class = 0;

    bool operator==(const Question&) const = default;
};

struct AnswerRecord {
    std::string owner;  // canonical text
    RecordType type = RecordType::kA;
    std::uint32_t ttl = 0;  // seconds; 0 when the wire has the top bit set (RFC 2181, 8)
    IpAddress address;      // kA, kAaaa
    std::string target;     // kCname: canonical text

    bool operator==(const AnswerRecord&) const = default;
};

struct Message {
    std::uint16_t id = 0;
    bool is_response = false;
    bool truncated = false;
    std::uint8_t opcode = 0;
    std::uint8_t rcode = 0;
    Question question;
    std::vector<AnswerRecord> answers;

    bool operator==(const Message&) const = default;
};

// The message must have exactly one question. Bytes after the answer section are not read. A truncated message may end
// inside a record; the records before it are kept, because some stub resolvers use them.
Result<Message> parse_message(std::span<const std::uint8_t> bytes);

}  // namespace namegate::dns
