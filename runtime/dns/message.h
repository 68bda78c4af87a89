// SPDX-License-Identifier: Apache-2.0
//
// One DNS message, as far as learning needs it: header, question, and the A, AAAA and CNAME records of class
// IN in its answer section. Other records are stepped over; the authority and additional sections are not
// read at all, so that nothing in them can count (D8) or spoil the answer. ldns stops in message.cc.
// Pure; safe from any thread. A malformed message is kInvalidInput, one over a limit kExhausted, and either
// way nothing of it may be learnt.
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

// Exactly one question is required. Bytes after the last answer are not looked at. A truncated message may
// end inside a record: the records before it are kept, for stubs that use them.
Result<Message> parse_message(std::span<const std::uint8_t> bytes);

}  // namespace namegate::dns
