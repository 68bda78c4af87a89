// SPDX-License-Identifier: Apache-2.0
//
// Encodes and decodes the binary files that outlive the process. Numbers are little endian; a text is a u16 length and
// its bytes. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace namegate {

// Appends the lowest `bytes` bytes of the value.
void put_number(std::string& out, std::uint64_t value, std::size_t bytes);
// The text must not exceed 65,535 bytes.
void put_text(std::string& out, std::string_view text);

// Reads past the end return zeros and empty texts and clear good(), so that one check at the end is enough. Must not
// outlive the content.
class BinaryReader {
  public:
    explicit BinaryReader(std::string_view content) : rest_(content) {}

    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }
    // For callers that read an invalid value.
    void fail() { good_ = false; }
    std::string_view bytes(std::size_t count);
    // `bytes` is at most 8.
    std::uint64_t number(std::size_t bytes);
    // A text longer than `most` clears good().
    std::string_view text(std::size_t most);

  private:
    std::string_view rest_;
    bool good_ = true;
};

}  // namespace namegate
