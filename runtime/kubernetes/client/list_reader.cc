// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/list_reader.h"

#include <utility>

namespace namegate::kubernetes {

namespace {

constexpr std::size_t kKeyBytes = 16;  // as much of a key as tells it from "items"
constexpr std::size_t kListDepth = 1;  // inside the outermost object
constexpr std::size_t kItemsDepth = 2;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

Result<> ListReader::feed(std::string_view bytes) {
    for (const char c : bytes) {
        NG_TRY(step(c));
    }
    return ok();
}

Result<std::string> ListReader::finish() const {
    if (!done_) {
        return Error(Code::kInvalidInput, "the list ends too early");
    }
    return envelope_;
}

Result<> ListReader::step(char c) {
    if (done_ || depth_ == 0) {
        if (is_space(c)) {
            return ok();
        }
        if (done_ || c != '{') {
            return Error(Code::kInvalidInput, done_ ? "there is something behind the list" : "the reply is not a list");
        }
    }
    if (in_string_) {
        NG_TRY(keep(c));
        in_string(c);
        return ok();
    }
    if (in_items_ && depth_ == kItemsDepth && c != '{' && c != ']') {
        return is_space(c) || c == ',' ? ok() : Result<>(Error(Code::kInvalidInput, "an item of the list is not an object"));
    }
    if (c == '{' || c == '[') {
        open(c);
        return keep(c);
    }
    NG_TRY(keep(c));
    if (c == '"') {
        in_string_ = true;
        last_string_.clear();
    } else if (c == ':' && depth_ == kListDepth) {
        key_ = last_string_;
    } else if (c == '}' || c == ']') {
        close();
    }
    return ok();
}

Result<> ListReader::keep(char c) {
    if (in_item_) {
        too_large_ = too_large_ || item_.size() == max_item_bytes_;
        if (!too_large_) {
            item_ += c;
        }
        return ok();
    }
    if (envelope_.size() == kMaxEnvelopeBytes) {
        return Error(Code::kExhausted, "the list has more than " + std::to_string(kMaxEnvelopeBytes) + " bytes besides its items");
    }
    envelope_ += c;
    return ok();
}

void ListReader::in_string(char c) {
    if (escaped_) {
        escaped_ = false;
    } else if (c == '\\') {
        escaped_ = true;
    } else if (c == '"') {
        in_string_ = false;
        return;
    }
    if (depth_ == kListDepth && last_string_.size() < kKeyBytes) {
        last_string_ += c;
    }
}

void ListReader::open(char c) {
    if (in_items_ && depth_ == kItemsDepth) {
        in_item_ = true;
    } else if (depth_ == kListDepth && c == '[' && key_ == "items") {
        in_items_ = true;
    }
    ++depth_;
}

void ListReader::close() {
    --depth_;
    if (in_item_ && depth_ == kItemsDepth) {
        in_item_ = false;
        take_(item_, std::exchange(too_large_, false));
        item_.clear();
    } else if (depth_ == kListDepth) {
        in_items_ = false;
    }
    done_ = depth_ == 0;
}

}  // namespace namegate::kubernetes
