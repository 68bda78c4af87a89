// SPDX-License-Identifier: Apache-2.0
//
// The fields of one Protocol Buffers message, one after the other, as the wire has them. Does not descend: the content
// of a message within is read by another reader. Owns nothing; the text must outlive it. Pure.
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
    std::string_view bytes;  // of kBytes: a text, a message; of the others nothing
};

class WireReader {
  public:
    explicit WireReader(std::string_view message) : rest_(message) {}
    // Nothing: the message is over. kInvalidInput for what is no message.
    Result<std::optional<WireField>> next();

  private:
    Result<std::uint64_t> varint();
    Result<std::string_view> take(std::uint64_t bytes);

    std::string_view rest_;
};

// Appends a field that is a text; one that is empty is left out, as proto3 has it.
void append_text_field(std::string& message, std::uint32_t number, std::string_view text);

}  // namespace namegate::containerd
