// SPDX-License-Identifier: Apache-2.0
#include "containerd/wire_reader.h"

namespace namegate::containerd {

namespace {

constexpr unsigned kVarintBits = 7;
constexpr unsigned kVarintMore = 0x80;
constexpr unsigned kTypeBits = 3;
constexpr unsigned kTypeMask = 7;
constexpr std::size_t kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxFieldNumber = (std::uint64_t{1} << 29) - 1;

Error malformed(const char* what) { return {Code::kInvalidInput, std::string("not a protobuf message: ") + what}; }

void append_varint(std::string& message, std::uint64_t value) {
    for (; value >= kVarintMore; value >>= kVarintBits) {
        message.push_back(static_cast<char>((value & (kVarintMore - 1)) | kVarintMore));
    }
    message.push_back(static_cast<char>(value));
}

}  // namespace

Result<std::uint64_t> WireReader::varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxVarintBytes; ++i) {
        if (i >= rest_.size()) {
            return malformed("it ends within a number");
        }
        const auto byte = static_cast<unsigned char>(rest_[i]);
        value |= std::uint64_t{byte & (kVarintMore - 1)} << (kVarintBits * i);
        if (byte < kVarintMore) {
            rest_.remove_prefix(i + 1);
            return value;
        }
    }
    return malformed("a number is too long");
}

Result<std::string_view> WireReader::read(std::uint64_t bytes) {
    if (bytes > rest_.size()) {
        return malformed("it ends within a field");
    }
    const std::string_view bytes_read = rest_.substr(0, static_cast<std::size_t>(bytes));
    rest_.remove_prefix(bytes_read.size());
    return bytes_read;
}

Result<std::optional<WireField>> WireReader::next() {
    if (rest_.empty()) {
        return std::optional<WireField>();
    }
    NG_ASSIGN(const std::uint64_t tag, varint());
    const std::uint64_t number = tag >> kTypeBits;
    if (number == 0 || number > kMaxFieldNumber) {
        return malformed("a field has no valid number");
    }
    WireField field;
    field.number = static_cast<std::uint32_t>(number);
    field.type = static_cast<WireType>(tag & kTypeMask);
    switch (field.type) {
        case WireType::kVarint: NG_TRY(varint()); break;
        case WireType::kFixed64: NG_TRY(read(sizeof(std::uint64_t))); break;
        case WireType::kFixed32: NG_TRY(read(sizeof(std::uint32_t))); break;
        case WireType::kBytes: {
            NG_ASSIGN(const std::uint64_t length, varint());
            NG_ASSIGN(field.bytes, read(length));
            break;
        }
        // Groups, which proto3 does not have, and undefined types.
        default: return malformed("a field has an unknown type");
    }
    return std::optional<WireField>(field);
}

void append_text_field(std::string& message, std::uint32_t number, std::string_view text) {
    if (text.empty()) {
        return;
    }
    append_varint(message, std::uint64_t{number} << kTypeBits | static_cast<std::uint64_t>(WireType::kBytes));
    append_varint(message, text.size());
    message.append(text);
}

}  // namespace namegate::containerd
