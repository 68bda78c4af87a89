// SPDX-License-Identifier: Apache-2.0
//
// The reply to one unary gRPC call, assembled from HTTP/2 header fields, data and trailers ("gRPC over HTTP/2"). Owns
// what it has received, within the limits below. Pure; one thread. Errors describe only the reply; the caller adds server
// and method.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::containerd {

inline constexpr std::size_t kMaxReplyBytes = 4UL * 1024 * 1024;  // of the message
inline constexpr std::size_t kMaxHeaderBytes = 16UL * 1024;       // names and values of one reply, with trailers and 1xx headers
inline constexpr std::size_t kMaxStatusText = 512;                // bytes of the server's reason that are kept

enum class GrpcStatus : std::uint32_t { kOk = 0, kNotFound = 5, kUnimplemented = 12 };

struct GrpcReply {
    GrpcStatus status = GrpcStatus::kOk;
    std::string text;     // the server's reason, if the status is not kOk
    std::string message;  // if the status is kOk
};

// "NOT_FOUND"; "status 77" for an unknown number.
std::string to_string(GrpcStatus status);

// The message with gRPC's length prefix.
std::string frame_message(std::string_view message);

// Decodes the percent-encoding of grpc-message. Invalid sequences stay as they are.
std::string decode_percent(std::string_view text);

class GrpcReplyReader {
  public:
    // kExhausted beyond a limit; nothing may be added after that.
    Result<> add_header(std::string_view name, std::string_view value);
    Result<> add_data(std::span<const std::uint8_t> bytes);
    // To be called when the server has ended the stream. kInvalidInput when this was not a gRPC reply.
    Result<GrpcReply> finish();

  private:
    std::size_t header_bytes_ = 0;
    std::string http_status_;
    std::string content_type_;
    std::string grpc_status_;
    std::string grpc_message_;
    std::string data_;
};

}  // namespace namegate::containerd
