// SPDX-License-Identifier: Apache-2.0
//
// Structured log to stderr: each event is one line, a static text and key=value pairs, or one JSON object. A line
// starts with the sd-daemon priority "<N>" if stderr is connected to the journal. Control characters and bytes that are
// not UTF-8 are escaped. Thread-safe: a line is one write(2). Never fails; never writes to stdout, which carries CNI
// results.
#pragma once

#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace namegate::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

struct Field {
    std::string key;
    std::string value;
    bool number = false;
};

inline Field kv(std::string_view key, std::string_view value) { return {std::string(key), std::string(value), false}; }
inline Field kv(std::string_view key, const char* value) { return kv(key, std::string_view(value)); }
inline Field kv(std::string_view key, const std::string& value) { return kv(key, std::string_view(value)); }

template <typename T>
requires std::is_arithmetic_v<T> Field kv(std::string_view key, T value) {
    // JSON cannot represent infinity and NaN as numbers.
    const bool number = !std::is_floating_point_v<T> || std::isfinite(static_cast<double>(value));
    return {std::string(key), std::to_string(value), number};
}

// Process-wide settings, set once at start.
void configure(Level threshold, Format format);

void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::kDebug, event, fields); }
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::kInfo, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::kWarning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::kError, event, fields); }

}  // namespace namegate::log
