// SPDX-License-Identifier: Apache-2.0
//
// The index on disk, all numbers little endian:
//   "NGKP", u32 version,
//   u32 sources:   text name, u64 device, u8 mount point
//   u32 documents: text path, text source, u8 kept, u64 hash, u64 size, u64 valid_since, u64 invalid_since
//   u64 checksum of everything before it
// A text is a u16 length and its bytes.
#include "policy/documents/kept_index.h"

#include <algorithm>

#include "base/binary.h"
#include "base/checksum.h"

namespace namegate::policy {
namespace {

constexpr std::string_view kMagic = "NGKP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kMaxText = 4096;           // a path
constexpr std::size_t kDocumentBytes = 64;       // upper bound for a document without its texts
constexpr std::size_t kFrameBytes = 512 * 1024;  // upper bound for everything but the documents

bool read_flag(BinaryReader& reader) {
    const std::uint64_t value = reader.number(1);
    if (value > 1) {
        reader.fail();
    }
    return value == 1;
}

std::string read_text(BinaryReader& reader) {
    const std::string_view text = reader.text(kMaxText);
    if (text.empty()) {
        reader.fail();
    }
    return std::string(text);
}

// Reads the number of entries that follow.
std::size_t read_count(BinaryReader& reader, std::size_t most) {
    const std::uint64_t value = reader.number(4);
    if (value > most) {
        reader.fail();
    }
    return reader.good() ? static_cast<std::size_t>(value) : 0;
}

bool is_text(std::string_view text) { return !text.empty() && text.size() <= kMaxText; }

void put_document(std::string& out, const std::string& path, const KeptDocument& document) {
    put_text(out, path);
    put_text(out, document.source);
    put_number(out, document.kept ? 1 : 0, 1);
    put_number(out, document.content.hash, 8);
    put_number(out, document.content.size, 8);
    put_number(out, static_cast<std::uint64_t>(document.valid_since), 8);
    put_number(out, static_cast<std::uint64_t>(document.invalid_since), 8);
}

// Returns how many documents, in order, are within the limits.
std::size_t count_within(const KeptIndex& index) {
    std::size_t bytes = kFrameBytes;
    std::size_t count = 0;
    for (const auto& [path, document] : index.documents) {
        bytes += path.size() + document.source.size() + kDocumentBytes;
        if (count == kMaxKeptDocuments || bytes > kMaxKeptIndexBytes || !is_text(path) || !is_text(document.source)) {
            break;
        }
        ++count;
    }
    return count;
}

Error broken(const std::string& why) { return {Code::kInvalidInput, "the index of kept policies: " + why}; }

void read_sources(BinaryReader& reader, KeptIndex& out) {
    for (std::size_t left = read_count(reader, kMaxKeptSources); left > 0 && reader.good(); --left) {
        const std::string name = read_text(reader);
        SourcePlace& place = out.sources[name];
        place.device = reader.number(8);
        place.mount_point = read_flag(reader);
    }
}

void read_documents(BinaryReader& reader, KeptIndex& out) {
    for (std::size_t left = read_count(reader, kMaxKeptDocuments); left > 0 && reader.good(); --left) {
        const std::string path = read_text(reader);
        KeptDocument& document = out.documents[path];
        document.source = read_text(reader);
        document.kept = read_flag(reader);
        document.content.hash = reader.number(8);
        document.content.size = reader.number(8);
        document.valid_since = static_cast<std::int64_t>(reader.number(8));
        document.invalid_since = static_cast<std::int64_t>(reader.number(8));
    }
}

}  // namespace

bool fits(const KeptIndex& index) {
    const auto is_named = [](const auto& source) { return is_text(source.first); };
    return index.sources.size() <= kMaxKeptSources && std::all_of(index.sources.begin(), index.sources.end(), is_named) &&
           count_within(index) == index.documents.size();
}

std::string encode(const KeptIndex& index) {
    const std::map<std::string, SourcePlace> none;
    const auto& sources = fits(index) ? index.sources : none;
    std::string out(kMagic);
    put_number(out, kVersion, 4);
    put_number(out, sources.size(), 4);
    for (const auto& [name, place] : sources) {
        put_text(out, name);
        put_number(out, place.device, 8);
        put_number(out, place.mount_point ? 1 : 0, 1);
    }
    std::size_t left = count_within(index);
    put_number(out, left, 4);
    for (auto entry = index.documents.begin(); left > 0; ++entry, --left) {
        put_document(out, entry->first, entry->second);
    }
    put_number(out, checksum_of(out), kChecksumBytes);
    return out;
}

Result<KeptIndex> decode_kept_index(std::string_view bytes) {
    if (bytes.size() < kMagic.size() + 4 + kChecksumBytes || bytes.substr(0, kMagic.size()) != kMagic) {
        return broken("the file is not an index");
    }
    const std::size_t end = bytes.size() - kChecksumBytes;
    if (BinaryReader(bytes.substr(end)).number(kChecksumBytes) != checksum_of(bytes.substr(0, end))) {
        return broken("the checksum does not match, the file is damaged");
    }
    BinaryReader reader(bytes.substr(kMagic.size(), end - kMagic.size()));
    const std::uint64_t version = reader.number(4);
    if (version != kVersion) {
        return broken("version " + std::to_string(version) + ", this program reads version " + std::to_string(kVersion));
    }
    KeptIndex out;
    read_sources(reader, out);
    read_documents(reader, out);
    if (!reader.good() || !reader.at_end()) {
        return broken("the file is damaged");
    }
    return out;
}

}  // namespace namegate::policy
