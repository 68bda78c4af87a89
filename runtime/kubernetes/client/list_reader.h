// SPDX-License-Identifier: Apache-2.0
//
// Splits the reply to a list request into its items while it arrives, so that a list need not fit into memory and one item that is too
// large does not spoil the others. Finds the items by brackets and strings alone; the receiver parses them. The rest of the reply is
// the envelope. Owns the item that is incomplete. One thread; nothing blocks.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxEnvelopeBytes = 64 * 1024;

class ListReader {
  public:
    // The text of an item. Too large: only its first bytes.
    using TakeItem = std::function<void(std::string_view text, bool too_large)>;

    ListReader(std::size_t max_item_bytes, TakeItem take) : max_item_bytes_(max_item_bytes), take_(std::move(take)) {}

    // kInvalidInput: this is not a list. kExhausted: the envelope is larger than kMaxEnvelopeBytes. Must not be called again after an
    // error.
    Result<> feed(std::string_view bytes);
    // The reply without its items. kInvalidInput: it is not complete.
    Result<std::string> finish() const;

  private:
    Result<> step(char c);
    Result<> keep(char c);
    void in_string(char c);
    void open(char c);
    void close();

    std::size_t max_item_bytes_;
    TakeItem take_;
    std::string envelope_;
    std::string item_;
    bool too_large_ = false;
    std::string last_string_;  // the last one directly in the outermost object, shortened
    std::string key_;          // of the value that follows there
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool in_items_ = false;
    bool in_item_ = false;
    bool done_ = false;
};

}  // namespace namegate::kubernetes
