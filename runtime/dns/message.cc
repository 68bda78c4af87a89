// SPDX-License-Identifier: Apache-2.0
#include "dns/message.h"

#include <ldns/ldns.h>

#include <optional>

#include "base/fd.h"
#include "dns/wire_name.h"

namespace namegate::dns {
namespace {

using LdnsName = UniqueC<ldns_rdf, ldns_rdf_deep_free>;

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kQuestionTailBytes = 4;  // type, class
constexpr std::size_t kRecordTailBytes = 10;   // type, class, ttl, rdata length
constexpr std::uint8_t kPointerMark = 0xc0;
constexpr std::uint32_t kTtlTopBit = 0x80000000U;

Error malformed(const std::string& why) { return {Code::kInvalidInput, "DNS message: " + why}; }

class Reader {
  public:
    explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    std::size_t left() const { return bytes_.size() - at_; }
    std::size_t position() const { return at_; }
    void skip(std::size_t count) { at_ += count; }
    std::uint16_t read16() {
        const std::uint16_t value = ldns_read_uint16(bytes_.data() + at_);
        at_ += 2;
        return value;
    }
    std::uint32_t read32() {
        const std::uint32_t value = ldns_read_uint32(bytes_.data() + at_);
        at_ += 4;
        return value;
    }
    const std::uint8_t* data() const { return bytes_.data() + at_; }
    // Reads a name, as canonical text, and moves past it.
    Result<std::string> read_name();

  private:
    Result<> check_pointers() const;

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

// ldns follows pointers to any position and up to 65,535 of them in a name. Valid names point backwards, with at most one
// pointer for each label; anything else is an attempt to use up CPU time.
Result<> Reader::check_pointers() const {
    std::size_t at = at_;
    std::size_t bound = at_;  // start of the part of the name that is read now; its pointer must point before it
    for (std::size_t pointers = 0; at < bytes_.size();) {
        const std::uint8_t length = bytes_[at];
        if (length < kPointerMark) {
            if (length == 0) {
                return ok();
            }
            at += 1 + std::size_t{length};
            continue;
        }
        if (bytes_.size() - at < 2) {
            break;
        }
        const std::size_t target = ldns_read_uint16(bytes_.data() + at) & 0x3fffU;
        if (target < kHeaderBytes || target >= bound || ++pointers > kMaxNamePointers) {
            return malformed("a compression pointer does not point backwards to a name, or a name has too many pointers");
        }
        at = bound = target;
    }
    return malformed("a name extends beyond the end of the message");
}

Result<std::string> Reader::read_name() {
    NG_TRY(check_pointers());
    ldns_rdf* raw = nullptr;
    const ldns_status status = ldns_wire2dname(&raw, bytes_.data(), bytes_.size(), &at_);
    const LdnsName name(raw);
    if (status != LDNS_STATUS_OK) {
        return malformed(ldns_get_errorstr_by_id(status));
    }
    // ldns stores a name in its uncompressed wire form.
    return wire_to_text({reinterpret_cast<const char*>(ldns_rdf_data(name.get())), ldns_rdf_size(name.get())});
}

Result<> read_header(Reader& reader, Message& message, std::uint16_t& answers) {
    if (reader.left() < kHeaderBytes) {
        return malformed("the message is shorter than a header");
    }
    const std::uint8_t* wire = reader.data();
    message.id = LDNS_ID_WIRE(wire);
    message.is_response = LDNS_QR_WIRE(wire) != 0;
    message.opcode = static_cast<std::uint8_t>(LDNS_OPCODE_WIRE(wire));
    message.truncated = LDNS_TC_WIRE(wire) != 0;
    message.rcode = static_cast<std::uint8_t>(LDNS_RCODE_WIRE(wire));
    if (LDNS_QDCOUNT(wire) != 1) {
        return malformed("the message has " + std::to_string(LDNS_QDCOUNT(wire)) + " questions instead of one");
    }
    answers = LDNS_ANCOUNT(wire);
    if (answers > kMaxAnswerRecords) {
        return Error(Code::kExhausted, "DNS message: more than " + std::to_string(kMaxAnswerRecords) + " answer records");
    }
    reader.skip(kHeaderBytes);
    return ok();
}

Result<> read_question(Reader& reader, Question& question) {
    NG_ASSIGN(question.name, reader.read_name());
    if (reader.left() < kQuestionTailBytes) {
        return malformed("the message ends inside its question");
    }
    question.type = reader.read16();
    question.dns_class = reader.read16();
    return ok();
}

Result<> read_target(Reader& reader, std::size_t end, AnswerRecord& record) {
    NG_ASSIGN(record.target, reader.read_name());
    if (reader.position() != end) {
        return malformed("the target of a CNAME is shorter or longer than its record");
    }
    return ok();
}

// Returns nothing for a record of another type or class.
Result<std::optional<AnswerRecord>> read_record(Reader& reader) {
    AnswerRecord record;
    NG_ASSIGN(record.owner, reader.read_name());
    if (reader.left() < kRecordTailBytes) {
        return malformed("ends inside a record");
    }
    const std::uint16_t type = reader.read16();
    const std::uint16_t dns_class = reader.read16();
    const std::uint32_t ttl = reader.read32();
    record.ttl = (ttl & kTtlTopBit) != 0 ? 0 : ttl;
    const std::size_t length = reader.read16();
    if (reader.left() < length) {
        return malformed("ends inside a record");
    }
    record.type = RecordType{type};
    const bool address = record.type == RecordType::kA || record.type == RecordType::kAaaa;
    if (dns_class != kClassIn || (!address && record.type != RecordType::kCname)) {
        reader.skip(length);
        return std::optional<AnswerRecord>();
    }
    if (!address) {
        NG_TRY(read_target(reader, reader.position() + length, record));
        return std::optional<AnswerRecord>(std::move(record));
    }
    if (length != (record.type == RecordType::kA ? 4U : 16U)) {
        return malformed("an address record has " + std::to_string(length) + " bytes");
    }
    NG_ASSIGN(record.address, IpAddress::from_bytes(reader.data(), length));
    reader.skip(length);
    return std::optional<AnswerRecord>(std::move(record));
}

}  // namespace

Result<Message> parse_message(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > kMaxMessageBytes) {
        return Error(Code::kExhausted, "DNS message: more than " + std::to_string(kMaxMessageBytes) + " bytes");
    }
    Reader reader(bytes);
    Message message;
    std::uint16_t answers = 0;
    NG_TRY(read_header(reader, message, answers));
    NG_TRY(read_question(reader, message.question));
    for (std::uint16_t i = 0; i < answers; ++i) {
        auto record = read_record(reader);
        if (!record) {
            if (message.truncated) {
                break;
            }
            return record.error();
        }
        if (record->has_value()) {
            message.answers.push_back(std::move(**record));
        }
    }
    return message;
}

}  // namespace namegate::dns
