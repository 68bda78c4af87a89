// SPDX-License-Identifier: Apache-2.0
//
// The reply to one unary gRPC call, put together from what HTTP/2 brings: header fields, data, trailers ("gRPC over
// HTTP/2"). Owns what came so far, within the limits below. Pure; one thread. Its errors are about the reply alone: who
// reads it adds whom it asked for what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::containerd {

inline constexpr std::size_t kMaxReplyBytes = 4UL * 1024 * 1024;  // of one message
inline constexpr std::size_t kMaxHeaderBytes = 16UL * 1024;       // names and values of one reply: informational ones and trailers too
inline constexpr std::size_t kMaxStatusText = 512;                // bytes of the server's reason that are kept

enum class GrpcStatus : std::uint32_t { kOk = 0, kNotFound = 5, kUnimplemented = 12 };

struct GrpcReply {
    GrpcStatus status = GrpcStatus::kOk;
    std::string text;     // the server's reason, when the status is another than kOk
    std::string message;  // when it is kOk
};

// "NOT_FOUND"; a number that gRPC does not know as "status 77".
std::string to_string(GrpcStatus status);

// A message as a stream carries it.
std::string frame_message(std::string_view message);

// As grpc-message has it; what is not encoded well stays as it is.
std::string decode_percent(std::string_view text);

class GrpcReplyReader {
  public:
    // kExhausted beyond a limit. Nothing more is to be added then.
    Result<> add_header(std::string_view name, std::string_view value);
    Result<> add_data(std::span<const std::uint8_t> bytes);
    // Once the server has ended its stream. kInvalidInput when that was no reply of gRPC.
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
