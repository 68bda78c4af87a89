// SPDX-License-Identifier: Apache-2.0
//
// A compressed tar file in memory: ustar headers (POSIX.1-1988) and zlib. A value; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::ctl {

class Archive {
  public:
    // `folder` is the folder of all files in the archive; `seconds` their time.
    Archive(std::string folder, std::int64_t seconds) : folder_(std::move(folder)), seconds_(seconds) {}

    // kInvalidInput: folder and name have more than 100 bytes.
    Result<> add(std::string_view name, std::string_view content);
    // The file's content as gzip. kExhausted: no memory.
    Result<std::string> compressed() const;

  private:
    std::string folder_;
    std::int64_t seconds_;
    std::string tar_;
};

}  // namespace namegate::ctl
