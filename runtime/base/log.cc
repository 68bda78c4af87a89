// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "base/printable.h"

namespace namegate::log {
namespace {

std::atomic<Level> g_threshold{Level::kInfo};
std::atomic<Format> g_format{Format::kText};

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kPriorities = {"<7>", "<6>", "<4>", "<3>"};

// Quotes and escapes a value, so that it can neither forge a field or a line nor control the terminal that shows it.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return printable(out) + "\"";
}

bool plain(std::string_view text) {
    return !text.empty() && text.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-/:,[]+*") == std::string_view::npos;
}

}  // namespace

void configure(Level threshold, Format format) {
    g_threshold = threshold;
    g_format = format;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < g_threshold.load()) {
        return;
    }
    const auto index = static_cast<std::size_t>(level);
    static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;  // NOLINT(concurrency-mt-unsafe): nothing here sets it
    std::string line(journal ? kPriorities[index] : std::string_view());
    if (g_format.load() == Format::kJson) {
        line += "{\"level\":\"" + std::string(kNames[index]) + "\",\"event\":" + json_string(event);
        for (const Field& field : fields) {
            line += "," + json_string(field.key) + ":" + (field.number ? field.value : json_string(field.value));
        }
        line += "}";
    } else {
        line += std::string(kNames[index]) + ": " + printable(event);
        for (const Field& field : fields) {
            line += " " + field.key + "=" + (field.number || plain(field.value) ? field.value : in_quotes(field.value));
        }
    }
    line += '\n';
    // A log line that cannot be written has nowhere to be reported.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace namegate::log
