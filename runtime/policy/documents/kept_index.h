// SPDX-License-Identifier: Apache-2.0
//
// What is known of every policy document, as it stands on the disk beside the copies of what they said (kept_documents.h).
// Values; pure and safe from any thread.
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

// Where a source was found, to tell an empty mount point from an emptied folder.
struct SourcePlace {
    std::uint64_t device = 0;
    bool mount_point = false;

    bool operator==(const SourcePlace&) const = default;
};

struct KeptDocument {
    std::string source;
    bool kept = false;  // a copy of `content` is there; else nobody can tell what the document said when it was good
    ContentId content;
    std::int64_t taken = 0;  // when it first said this; seconds since the epoch
    std::int64_t lost = 0;   // since when it does not say anything good; 0: it does

    bool operator==(const KeptDocument&) const = default;
};

struct KeptIndex {
    // Those that were read as a whole. A document of theirs that is not listed here never was good.
    std::map<std::string, SourcePlace> sources;
    std::map<std::string, KeptDocument> documents;  // by path

    bool operator==(const KeptIndex&) const = default;
};

// What goes beyond the limits is left out, and then the sources too: a document that is missing here may have been good.
std::string encode(const KeptIndex& index);
bool fits(const KeptIndex& index);
// kInvalidInput: damaged, or another version's.
Result<KeptIndex> decode_kept_index(std::string_view bytes);

}  // namespace namegate::policy
