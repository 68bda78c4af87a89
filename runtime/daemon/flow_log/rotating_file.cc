// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/rotating_file.h"

#include <algorithm>
#include <utility>

namespace namegate::daemon {

namespace {

constexpr std::size_t kMaxWrite = std::size_t{256} * 1024;

// The end of the last line that ends within the first `limit` bytes; 0: none does.
std::size_t last_line_end(std::string_view lines, std::size_t limit) {
    const std::size_t end = lines.substr(0, limit).rfind('\n');
    return end == std::string_view::npos ? 0 : end + 1;
}

std::size_t first_line_end(std::string_view lines) {
    const std::size_t end = lines.find('\n');
    return end == std::string_view::npos ? lines.size() : end + 1;
}

}  // namespace

Result<> RotatingFile::open() {
    NG_ASSIGN(file_, disk_.open(settings_.path));
    size_ = file_->state().size;
    began_ = file_->state().created;
    end_first_ = file_->state().cut;
    return ok();
}

bool RotatingFile::is_old() const {
    return settings_.max_seconds > 0 && size_ > 0 && clock_.wall_seconds() - began_ >= settings_.max_seconds;
}

// A rename replaces its target, so a rotation that failed half-way loses no file when it is repeated.
Result<> RotatingFile::rotate() {
    const auto numbered = [this](std::uint32_t number) { return settings_.path + (number == 0 ? "" : "." + std::to_string(number)); };
    for (std::uint32_t number = settings_.max_files - 1; number > 0; --number) {
        NG_TRY(disk_.rename(numbered(number - 1), numbered(number)));
    }
    // With one file only, the open one; otherwise those that an earlier setting of max_files left.
    for (std::uint32_t number = settings_.max_files == 1 ? 0 : settings_.max_files; disk_.identity(numbered(number)); ++number) {
        NG_TRY(disk_.remove(numbered(number)));
    }
    file_.reset();
    return open();
}

// The end of what the next write may contain; rotates first if that is due.
Result<std::size_t> RotatingFile::next_part(std::string_view lines) {
    const std::size_t first = first_line_end(lines);
    if (in_line_) {
        return first;
    }
    if (is_old() || (size_ > 0 && size_ + first + 1 > settings_.max_bytes)) {
        NG_TRY(rotate());
    }
    // One byte for the end of a line that was cut off.
    const std::uint64_t room = settings_.max_bytes > size_ + 1 ? settings_.max_bytes - size_ - 1 : 0;
    return std::max(first, last_line_end(lines, std::min<std::uint64_t>(kMaxWrite, room)));
}

Result<RotatingFile::Appended> RotatingFile::append(std::string_view lines) {
    if (torn_) {
        torn_ = false;
        return Appended{first_line_end(lines), 0, 1};
    }
    if (file_ == nullptr) {
        NG_TRY(open());
    }
    NG_ASSIGN(const std::size_t end, next_part(lines));
    if (end_first_) {
        NG_TRY(file_->write("\n"));
        end_first_ = false;
        ++size_;
    }
    NG_ASSIGN(const std::size_t bytes, file_->write(lines.substr(0, end)));
    size_ += bytes;
    in_line_ = lines[bytes - 1] != '\n';
    const std::string_view written = lines.substr(0, bytes);
    return Appended{bytes, static_cast<std::size_t>(std::count(written.begin(), written.end(), '\n')), 0};
}

void RotatingFile::check_name() {
    if (file_ == nullptr) {
        return;
    }
    const auto identity = disk_.identity(settings_.path);
    const bool same = identity ? *identity == file_->state().identity : identity.error().code() != Code::kNotFound;
    if (!same) {
        file_.reset();
        torn_ = in_line_;
        in_line_ = false;
    }
}

}  // namespace namegate::daemon
