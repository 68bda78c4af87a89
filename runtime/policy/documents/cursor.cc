// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/cursor.h"

#include <algorithm>

namespace namegate::policy {
namespace {

constexpr std::size_t kMaxProblems = 200;  // of one file

}  // namespace

std::optional<Cursor> Cursor::child(std::string_view key) const {
    const auto& entries = node_->entries();
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const MapEntry& entry) { return entry.key == key; });
    if (found == entries.end() || found->value.is_null()) {
        return std::nullopt;
    }
    return child(*found);
}

std::optional<std::string> Cursor::text(std::string_view key) const {
    const std::optional<Cursor> field = child(key);
    if (!field || !field->node().is_scalar()) {
        return std::nullopt;
    }
    return field->node().text();
}

std::string Cursor::path() const {
    if (parent_ == nullptr) {
        return {};
    }
    std::string out = parent_->path();
    if (key_.empty()) {
        return out + "[" + std::to_string(index_) + "]";
    }
    if (!out.empty()) {
        out += '.';
    }
    return out.append(key_);
}

void Cursor::report(Place place, Problem::Severity severity, std::string field, std::string message) const {
    Problems& problems = context_->problems;
    if (problems.size() < kMaxProblems) {
        problems.push_back({std::move(place), severity, std::move(field), std::move(message)});
    } else if (problems.size() == kMaxProblems) {
        problems.push_back({{context_->file, 0, 0}, Problem::Severity::kError, "", "there are more problems, which are not shown"});
    }
}

void Cursor::error(std::string message) const { report(place(), Problem::Severity::kError, path(), std::move(message)); }

void Cursor::warning(std::string message) const { report(place(), Problem::Severity::kWarning, path(), std::move(message)); }

void Cursor::field_error(std::string_view key, std::string message) const {
    Place where = place();
    for (const MapEntry& entry : node_->entries()) {
        if (entry.key == key) {
            where.line = entry.line;
            where.column = entry.column;
        }
    }
    std::string field = path();
    if (!field.empty()) {
        field += '.';
    }
    report(std::move(where), Problem::Severity::kError, field.append(key), std::move(message));
}

void Cursor::error_inside(std::size_t offset, std::string message) const {
    Place where = place();
    const std::size_t line = static_cast<std::size_t>(std::max(where.line, 1)) - 1;
    const std::size_t start = static_cast<std::size_t>(std::max(where.column, 1)) - 1 + (node_->quoted() ? 1 : 0);
    const std::string_view before = std::string_view(node_->text()).substr(0, offset);
    // The column is exact only if the file contains the text unchanged, without escapes or folded lines.
    if (line < context_->lines.size() && start <= context_->lines[line].size() &&
        context_->lines[line].substr(start, before.size()) == before) {
        where.column = static_cast<int>(start + offset) + 1;
    }
    report(std::move(where), Problem::Severity::kError, path(), std::move(message));
}

}  // namespace namegate::policy
