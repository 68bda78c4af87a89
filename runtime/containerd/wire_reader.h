// SPDX-License-Identifier: Apache-2.0
//
// Reads the fields of one Protocol Buffers message in wire order. Does not descend: embedded messages need another
// reader. Owns nothing; the text must outlive the reader. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::containerd {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
    std::uint32_t number = 0;
    WireType type = WireType::kVarint;
    std::string_view bytes;  // of kBytes: a string or an embedded message; empty for other types
};

class WireReader {
  public:
    explicit WireReader(std::string_view message) : rest_(message) {}
    // The next field, or nullopt at the end. kInvalidInput when the message is malformed.
    Result<std::optional<WireField>> next();

  private:
    Result<std::uint64_t> varint();
    Result<std::string_view> read(std::uint64_t bytes);

    std::string_view rest_;
};

// Appends a string field. An empty string is left out, as proto3 requires.
void append_text_field(std::string& message, std::uint32_t number, std::string_view text);

}  // namespace namegate::containerd
