// SPDX-License-Identifier: Apache-2.0
//
// Numbers and texts of the files that the runtime keeps for its successors: little endian, a text as a u16 length and its
// bytes. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace namegate {

// The lowest `bytes` bytes of the value.
void put_number(std::string& out, std::uint64_t value, std::size_t bytes);
// At most 65,535 bytes.
void put_text(std::string& out, std::string_view text);

// Reads run on after the end as zeros and empty texts, with `good` lowered: one check at the end is enough. Refers to the
// content and lives no longer than it does.
class BinaryReader {
  public:
    explicit BinaryReader(std::string_view content) : rest_(content) {}

    bool good() const { return good_; }
    bool at_end() const { return rest_.empty(); }
    // What was read cannot be right.
    void fail() { good_ = false; }
    std::string_view bytes(std::size_t count);
    // Of `bytes` bytes, 8 at most.
    std::uint64_t number(std::size_t bytes);
    // One that is longer than `most` is not good.
    std::string_view text(std::size_t most);

  private:
    std::string_view rest_;
    bool good_ = true;
};

}  // namespace namegate
