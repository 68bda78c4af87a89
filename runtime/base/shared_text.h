// SPDX-License-Identifier: Apache-2.0
//
// Immutable text that all copies share: one pointer and one allocation, for texts of which there are 100,000 or more.
// Copies may be used and destroyed from any thread.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace namegate {

class SharedText {
  public:
    SharedText() = default;
    explicit SharedText(std::string_view text) {
        if (!text.empty()) {
            void* const room = ::operator new(sizeof(Block) + text.size());
            block_ = new (room) Block{{1}, static_cast<std::uint32_t>(text.size())};
            std::memcpy(characters(), text.data(), text.size());
        }
    }
    ~SharedText() { release(); }
    SharedText(const SharedText& other) : block_(other.block_) {
        if (block_ != nullptr) {
            block_->owners.fetch_add(1, std::memory_order_relaxed);
        }
    }
    SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    SharedText& operator=(const SharedText& other) {
        SharedText copy(other);
        std::swap(block_, copy.block_);
        return *this;
    }
    SharedText& operator=(SharedText&& other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }

    std::string_view view() const { return block_ == nullptr ? std::string_view() : std::string_view(characters(), block_->size); }

    bool operator==(const SharedText& other) const { return block_ == other.block_ || view() == other.view(); }
    std::strong_ordering operator<=>(const SharedText& other) const {
        return block_ == other.block_ ? std::strong_ordering::equal : view() <=> other.view();
    }

  private:
    struct Block {
        std::atomic<std::uint32_t> owners;
        std::uint32_t size;
        // The characters follow.
    };
    static_assert(std::is_trivially_destructible_v<Block>);

    char* characters() const { return reinterpret_cast<char*>(block_ + 1); }
    void release() {
        if (block_ != nullptr && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            // The static analyser does not track the count and assumes that two copies can both be the last.
            ::operator delete(block_);  // NOLINT(clang-analyzer-cplusplus.NewDelete)
        }
    }

    Block* block_ = nullptr;  // null: empty
};

}  // namespace namegate
