// SPDX-License-Identifier: Apache-2.0
//
// The index of the kept policies, which is stored next to the copies (kept_documents.h). Plain values; functions are pure and
// safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/documents/content_id.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxKeptDocuments = 20'000;
inline constexpr std::size_t kMaxKeptSources = 64;
inline constexpr std::size_t kMaxKeptIndexBytes = 16UL * 1024 * 1024;

// The file system of a source, to distinguish a missing mount from an emptied folder.
struct SourcePlace {
    std::uint64_t device = 0;
    bool mount_point = false;

    bool operator==(const SourcePlace&) const = default;
};

struct KeptDocument {
    std::string source;
    bool kept = false;  // there is a copy of `content`; otherwise the last good content is lost
    ContentId content;
    std::int64_t valid_since = 0;    // when it first had this content; seconds since the epoch
    std::int64_t invalid_since = 0;  // when it stopped being valid; 0: it is valid

    bool operator==(const KeptDocument&) const = default;
};

struct KeptIndex {
    // Sources that were read completely. A document of such a source that is not listed below was never valid.
    std::map<std::string, SourcePlace> sources;
    std::map<std::string, KeptDocument> documents;  // by path

    bool operator==(const KeptIndex&) const = default;
};

// Leaves out documents over the limits. Then it leaves out all sources too: otherwise the missing documents would count as never
// valid.
std::string encode(const KeptIndex& index);
// Whether encode() leaves nothing out.
bool fits(const KeptIndex& index);
// kInvalidInput: damaged, or of another version.
Result<KeptIndex> decode_kept_index(std::string_view bytes);

}  // namespace namegate::policy
