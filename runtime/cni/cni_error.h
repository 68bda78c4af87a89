// SPDX-License-Identifier: Apache-2.0
//
// Errors as the CNI specification prints them (a code, a message, details), and Outcome<T>: a T or such an error, with
// the member names of Result so that NG_TRY and NG_ASSIGN work on both. One table converts an Error from a lower layer
// into a CniError. Value types; safe to move between threads.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/result.h"

namespace namegate::cni {

enum class ErrorCode : unsigned {
    kIncompatibleVersion = 1,
    kUnsupportedField = 2,
    kUnknownContainer = 3,
    kInvalidEnvironment = 4,
    kIo = 5,
    kDecode = 6,
    kInvalidConfig = 7,
    kInvalidNetns = 8,
    kTryAgain = 11,
    kNotReady = 50,
    kLimited = 51,
    // Codes of namegate: the specification leaves 100 and above to plugins.
    kFailed = 100,
    kNotAVeth = 101,
    kCheckFailed = 102,
    kAlreadyExists = 103,
    kInternal = 999,
};

struct CniError {
    unsigned code = 0;
    std::string message;
    std::string details;

    CniError(ErrorCode error_code, std::string text, std::string more = {})
        : code(static_cast<unsigned>(error_code)), message(std::move(text)), details(std::move(more)) {}
    // Any code, as a delegate printed it.
    CniError(unsigned raw_code, std::string text, std::string more) : code(raw_code), message(std::move(text)), details(std::move(more)) {}

    bool operator==(const CniError&) const = default;
};

// The CNI code for `code`. Runtimes decide by it how to react.
ErrorCode to_cni_code(Code code);

inline CniError to_cni_error(const Error& error) { return {to_cni_code(error.code()), error.message()}; }

// The JSON object for stdout. `cni_version` is the configuration's; when it is empty, kNewestVersion is used.
std::string to_json(const CniError& error, const std::string& cni_version);

template <typename T = Unit>
class [[nodiscard]] Outcome {
  public:
    using value_type = T;

    Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Outcome(CniError error) : state_(std::in_place_index<1>, std::move(error)) {}
    Outcome(const Error& error) : state_(std::in_place_index<1>, to_cni_error(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & { return *std::get_if<0>(&state_); }
    const T& value() const& { return *std::get_if<0>(&state_); }
    T&& value() && { return std::move(*std::get_if<0>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const CniError& error() const { return *std::get_if<1>(&state_); }

  private:
    std::variant<T, CniError> state_;
};

// The value, or the error with this code instead of that of to_cni_code(): `with_code(parse(x), ErrorCode::kDecode)`.
template <typename T>
Outcome<T> with_code(Result<T> result, ErrorCode code) {
    if (result) {
        return std::move(result).value();
    }
    return CniError(code, result.error().message());
}

}  // namespace namegate::cni
