// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace namegate::log {
namespace {

std::atomic<Level> g_threshold{Level::kInfo};
std::atomic<Format> g_format{Format::kText};

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kPriorities = {"<7>", "<6>", "<4>", "<3>"};

// Quotes what came from outside, so that no value can forge a field or a line.
std::string quoted(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            out += c;
        }
    }
    return out + "\"";
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
        line += "{\"level\":\"" + std::string(kNames[index]) + "\",\"event\":" + quoted(event);
        for (const Field& field : fields) {
            line += "," + quoted(field.key) + ":" + (field.number ? field.value : quoted(field.value));
        }
        line += "}";
    } else {
        line += std::string(kNames[index]) + ": " + std::string(event);
        for (const Field& field : fields) {
            line += " " + field.key + "=" + (field.number || plain(field.value) ? field.value : quoted(field.value));
        }
    }
    line += '\n';
    // A log line that cannot be written has nowhere to be reported.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace namegate::log
