// SPDX-License-Identifier: Apache-2.0
//
// The files in which a node keeps what it knows of the API server, one of each kind, so that a process without an API server knows it
// too. A file has a line with a checksum and then JSON; a damaged file counts as missing. Functions without state; safe from any
// thread; they block on the disk.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxKeptBytes = 128UL * 1024 * 1024;  // of one file

struct KeptObjects {
    std::string resource_version;
    std::vector<Object> objects;
};

std::string kept_path(const std::string& folder, Kind kind);
// kNotFound: there is no file. kInvalidInput: it is damaged, or of another format.
Result<KeptObjects> read_kept(const std::string& folder, Kind kind);
// Creates the folder if it is missing. Durable when it returns.
Result<> write_kept(const std::string& folder, Kind kind, const std::string& resource_version,
                    const std::map<ObjectName, std::shared_ptr<const Object>>& objects);

// The content of a file, and back.
std::string encode_kept(Kind kind, const std::string& resource_version, const std::map<ObjectName, std::shared_ptr<const Object>>& objects);
Result<KeptObjects> decode_kept(Kind kind, std::string_view content);

}  // namespace namegate::kubernetes
