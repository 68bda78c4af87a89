// SPDX-License-Identifier: Apache-2.0
//
// Errors as values. Result<T> holds either a T or an Error; a dropped Result is a compiler warning. A value type, safe to
// move between threads. Member names are those of std::expected.
//
//   Result<Fd> open_thing();                       // fallible function
//   NG_ASSIGN(Fd fd, open_thing());                // assign the value or return the error
//   NG_TRY(do_thing(fd));                          // return the error, if any
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace namegate {

// What the caller can do about the error; the message has the details.
enum class Code {
    kInvalidInput,   // a file, an argument or a packet is invalid
    kNotFound,       // the requested thing does not exist
    kExists,         // it exists already
    kTryAgain,       // may succeed later without any change
    kLabelsUnknown,  // policies ask for labels of a pod that are not known (S8); may succeed when they are
    kPermission,     // the kernel or the file system refused
    kExhausted,      // a named limit was reached
    kUnsupported,    // valid, but not supported
    kIo,             // a system call failed
    kInternal,       // a bug in namegate
};

std::string_view to_string(Code code);

class [[nodiscard]] Error {
  public:
    Error(Code code, std::string message, int sys_errno = 0) : code_(code), sys_errno_(sys_errno), message_(std::move(message)) {}

    Code code() const { return code_; }
    int sys_errno() const { return sys_errno_; }
    const std::string& message() const { return message_; }
    // Whether the same call may succeed later.
    bool is_temporary() const { return code_ == Code::kTryAgain || code_ == Code::kLabelsUnknown; }

    // The same error with the message "context: message".
    Error with_context(std::string_view context) const;

  private:
    Code code_;
    int sys_errno_;
    std::string message_;
};

// An error with the message "what: No such file or directory". Capture errno right after the failed call.
Error sys_error(std::string_view what, int sys_errno);

struct Unit {
    bool operator==(const Unit&) const = default;
};

template <typename T = Unit>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::move(std::get<0>(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const { return std::get<1>(state_); }

    Result with_context(std::string_view context) && {
        if (has_value()) {
            return std::move(*this);
        }
        return error().with_context(context);
    }

    T value_or(T fallback) && { return has_value() ? std::move(*this).value() : std::move(fallback); }

  private:
    std::variant<T, Error> state_;
};

inline Result<> ok() { return Unit{}; }

}  // namespace namegate

#define NG_CONCAT_INNER(a, b) a##b
#define NG_CONCAT(a, b) NG_CONCAT_INNER(a, b)

// Returns from the calling function if `expr` is an error.
#define NG_TRY(expr)                                         \
    do {                                                     \
        if (auto&& ng_try_result = (expr); !ng_try_result) { \
            return ng_try_result.error();                    \
        }                                                    \
    } while (false)

// Declares `decl` with the value of `expr`, or returns its error from the calling function.
#define NG_ASSIGN(decl, expr) NG_ASSIGN_INNER(NG_CONCAT(ng_result_, __LINE__), decl, expr)
// NOLINTBEGIN(bugprone-macro-parentheses): `decl` is a declaration and cannot be parenthesised
#define NG_ASSIGN_INNER(temporary, decl, expr) \
    auto temporary = (expr);                   \
    if (!temporary) {                          \
        return temporary.error();              \
    }                                          \
    decl = std::move(temporary).value()
// NOLINTEND(bugprone-macro-parentheses)
