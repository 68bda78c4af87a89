// SPDX-License-Identifier: Apache-2.0
//
// A log file that is appended to and that another one replaces when it is large or old: PATH becomes PATH.1, PATH.1 becomes PATH.2,
// and so on; the last one is removed. Files are split between lines, and no file exceeds its size unless one line alone does. When
// another program renamed or removed PATH, a new one is begun. A line that a crash cut off is ended first. Owns the open file; disk and
// clock outlive it. Blocks on the disk. One thread. After an error the call can be repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "daemon/flow_log/log_disk.h"

namespace namegate::daemon {

struct RotationSettings {
    std::string path;
    std::uint64_t max_bytes = 0;   // of one file
    std::uint32_t max_files = 0;   // with the open one
    std::int64_t max_seconds = 0;  // of one file, from its first line on; 0: no limit
};

class RotatingFile {
  public:
    RotatingFile(RotationSettings settings, LogDisk& disk, const Clock& clock)
        : settings_(std::move(settings)), disk_(disk), clock_(clock) {}

    // What became of the beginning of the text.
    struct Appended {
        std::size_t bytes = 0;    // not needed any more
        std::size_t written = 0;  // lines
        std::size_t torn = 0;     // lines whose rest was dropped, because their beginning is in another file
    };
    // Appends whole lines. At least one byte, or an error; the rest may follow at once. A line may be written in parts while the disk
    // is nearly full.
    Result<Appended> append(std::string_view lines);
    // Begins a new file if PATH is no longer the open one. Call it now and then, and at once after a rename.
    void check_name();

  private:
    Result<> open();
    Result<> rotate();
    Result<std::size_t> next_part(std::string_view lines);
    bool is_old() const;

    RotationSettings settings_;
    LogDisk& disk_;
    const Clock& clock_;
    std::unique_ptr<LogFile> file_;
    std::uint64_t size_ = 0;
    std::int64_t began_ = 0;  // when the file was created
    bool end_first_ = false;  // the file ends within a line that its writer did not finish
    bool in_line_ = false;    // the last write ended within a line
    bool torn_ = false;       // and the file with its beginning is closed
};

}  // namespace namegate::daemon
