// SPDX-License-Identifier: Apache-2.0
#include "containerd/grpc_reply.h"

#include <array>
#include <charconv>

namespace namegate::containerd {

namespace {

constexpr std::size_t kPrefixBytes = 5;  // the compression flag and the length of the message
constexpr std::size_t kLengthBytes = 4;
constexpr unsigned kByteBits = 8;
constexpr int kHex = 16;
constexpr std::string_view kContentType = "application/grpc";
constexpr std::array<const char*, 17> kStatusNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

Error malformed(std::string what) { return {Code::kInvalidInput, std::move(what)}; }

std::string in_quotes(const std::string& text) { return "\"" + text.substr(0, kMaxStatusText) + "\""; }

template <typename Number>
bool parse_number(std::string_view text, Number& number, int base) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc() && rest == end && !text.empty();
}

// "application/grpc+proto" and parameters are accepted too.
bool is_grpc(std::string_view content_type) {
    if (content_type.substr(0, kContentType.size()) != kContentType) {
        return false;
    }
    const std::string_view rest = content_type.substr(kContentType.size());
    return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

Result<std::string> unframe_message(const std::string& data) {
    if (data.size() < kPrefixBytes) {
        return malformed("the reply ends before its message");
    }
    if (data.front() != 0) {
        return malformed("the reply is compressed, which was not offered");
    }
    std::size_t length = 0;
    for (std::size_t i = 1; i <= kLengthBytes; ++i) {
        length = length << kByteBits | static_cast<unsigned char>(data[i]);
    }
    if (length != data.size() - kPrefixBytes) {
        return malformed("the reply has a message of " + std::to_string(length) + " bytes in " +
                         std::to_string(data.size() - kPrefixBytes));
    }
    return data.substr(kPrefixBytes);
}

}  // namespace

std::string to_string(GrpcStatus status) {
    const auto number = static_cast<std::uint32_t>(status);
    return number < kStatusNames.size() ? kStatusNames.at(number) : "status " + std::to_string(number);
}

std::string frame_message(std::string_view message) {
    std::string out(1, '\0');
    for (std::size_t i = kLengthBytes; i > 0; --i) {
        out.push_back(static_cast<char>(message.size() >> (kByteBits * (i - 1))));
    }
    return out.append(message);
}

std::string decode_percent(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 2 < text.size() && parse_number(text.substr(i + 1, 2), byte, kHex)) {
            out.push_back(static_cast<char>(byte));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

Result<> GrpcReplyReader::add_header(std::string_view name, std::string_view value) {
    header_bytes_ += name.size() + value.size();
    if (header_bytes_ > kMaxHeaderBytes) {
        return Error(Code::kExhausted, "the reply has more than " + std::to_string(kMaxHeaderBytes) + " bytes of header fields");
    }
    if (name == ":status") {
        // Fields of a preceding informational (1xx) reply do not belong to this one.
        content_type_.clear();
        grpc_status_.clear();
        grpc_message_.clear();
        http_status_ = value;
    } else if (name == "content-type") {
        content_type_ = value;
    } else if (name == "grpc-status") {
        grpc_status_ = value;
    } else if (name == "grpc-message") {
        grpc_message_ = value;
    }
    return ok();
}

Result<> GrpcReplyReader::add_data(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > kMaxReplyBytes + kPrefixBytes - data_.size()) {
        return Error(Code::kExhausted, "the reply is longer than " + std::to_string(kMaxReplyBytes) + " bytes");
    }
    data_.append(bytes.begin(), bytes.end());
    return ok();
}

Result<GrpcReply> GrpcReplyReader::finish() {
    if (http_status_ != "200") {
        return malformed("the reply has HTTP status " + in_quotes(http_status_));
    }
    if (!is_grpc(content_type_)) {
        return malformed("the reply has content type " + in_quotes(content_type_) + " instead of " + std::string(kContentType));
    }
    std::uint32_t status = 0;
    if (!parse_number(grpc_status_, status, 10)) {
        return malformed("the reply ends with the gRPC status " + in_quotes(grpc_status_));
    }
    GrpcReply reply;
    reply.status = static_cast<GrpcStatus>(status);
    if (reply.status == GrpcStatus::kOk) {
        NG_ASSIGN(reply.message, unframe_message(data_));
    } else {
        reply.text = decode_percent(grpc_message_).substr(0, kMaxStatusText);
    }
    return reply;
}

}  // namespace namegate::containerd
