// SPDX-License-Identifier: Apache-2.0
//
// The name cache on disk, all numbers little endian:
//   "NGNC", u32 version, text scope, u32 entries,
//   entries, oldest first: u32 endpoint, text name,
//                          u16 addresses: 16 bytes, u64 expiry; u16 links: text target, u64 expiry
//   u64 checksum of everything before it
// A text is a u16 length and its bytes. Expiry times are boot times in ns; the scope identifies the boot.
#include <algorithm>

#include "base/binary.h"
#include "base/file.h"
#include "dns/name_cache.h"

namespace namegate::dns {
namespace {

constexpr std::string_view kMagic = "NGNC";
constexpr std::uint32_t kFileVersion = 1;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kMaxText = 1024;  // a name of 255 bytes, every one of them escaped
constexpr std::size_t kMaxScopeBytes = 256;
constexpr mode_t kFileMode = 0600;

// FNV-1a. Detects damaged and partly written files; forgery is no concern, because only root can write the file.
std::uint64_t checksum(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char byte : bytes) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    }
    return hash;
}

IpAddress read_address(BinaryReader& reader) {
    IpAddress::Bytes raw{};
    const std::string_view from = reader.bytes(raw.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        raw[i] = static_cast<std::uint8_t>(from[i]);
    }
    return IpAddress(raw);
}

Error broken(const std::string& why) { return {Code::kInvalidInput, "name cache file: " + why + "; starting with an empty cache"}; }

// Checks everything but the entries and reduces `content` to what is between the version and the checksum.
Result<> check_frame(std::string_view& content) {
    if (content.size() < kMagic.size() + 4 + kChecksumBytes || content.substr(0, kMagic.size()) != kMagic) {
        return broken("the file is not a name cache");
    }
    const std::size_t end = content.size() - kChecksumBytes;
    if (BinaryReader(content.substr(end)).number(kChecksumBytes) != checksum(content.substr(0, end))) {
        return broken("the checksum does not match, the file is damaged");
    }
    BinaryReader reader(content.substr(kMagic.size()));
    const std::uint64_t version = reader.number(4);
    if (version != kFileVersion) {
        return broken("version " + std::to_string(version) + ", this program reads version " + std::to_string(kFileVersion));
    }
    content = content.substr(kMagic.size() + 4, end - kMagic.size() - 4);
    return ok();
}

}  // namespace

std::string NameCache::serialise(std::string_view scope) const {
    std::string out(kMagic);
    put_number(out, kFileVersion, 4);
    put_text(out, scope.substr(0, kMaxScopeBytes));
    const auto counts = [](const Entry& entry) { return !entry.endpoint->forgotten; };
    put_number(out, static_cast<std::uint64_t>(std::count_if(entries_.begin(), entries_.end(), counts)), 4);
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
        if (!counts(*entry)) {
            continue;
        }
        put_number(out, entry->endpoint->id, 4);
        put_text(out, entry->name);
        put_number(out, entry->addresses.size(), 2);
        for (const NameEntry::Address& address : entry->addresses) {
            for (const std::uint8_t byte : address.address.bytes()) {
                out += static_cast<char>(byte);
            }
            put_number(out, address.expiry_boot_ns, 8);
        }
        put_number(out, entry->links.size(), 2);
        for (const NameEntry::Link& link : entry->links) {
            put_text(out, link.target);
            put_number(out, link.expiry_boot_ns, 8);
        }
    }
    put_number(out, checksum(out), kChecksumBytes);
    return out;
}

Result<std::size_t> NameCache::read_entries(std::string_view content, std::string_view scope) {
    BinaryReader reader(content);
    const std::string_view file_scope = reader.text(kMaxText);
    const std::uint64_t count = reader.number(4);
    if (reader.good() && file_scope != scope.substr(0, kMaxScopeBytes)) {
        return std::size_t{0};
    }
    const std::uint64_t now = clock_.boot_ns();
    for (std::uint64_t i = 0; i < count && reader.good(); ++i) {
        const auto endpoint = static_cast<std::uint32_t>(reader.number(4));
        const std::string name(reader.text(kMaxText));
        // Nothing is reserved by count: a damaged count must not allocate more memory than the file has bytes.
        std::vector<NameEntry::Address> addresses;
        for (std::uint64_t left = reader.number(2); left > 0 && reader.good(); --left) {
            const IpAddress address = read_address(reader);
            addresses.push_back({address, reader.number(8)});
        }
        std::vector<NameEntry::Link> links;
        for (std::uint64_t left = reader.number(2); left > 0 && reader.good(); --left) {
            const std::string_view target = reader.text(kMaxText);
            links.push_back({std::string(target), reader.number(8)});
        }
        if (reader.good()) {
            restore(endpoint, {name, std::move(addresses), std::move(links)}, now);
        }
    }
    if (!reader.good() || !reader.at_end()) {
        return broken("the size of the entries does not match the size of the file");
    }
    return entries_.size();
}

Result<std::size_t> NameCache::deserialise(std::string_view content, std::string_view scope) {
    clear();
    NG_TRY(check_frame(content));
    auto loaded = read_entries(content, scope);
    if (!loaded) {
        clear();
    }
    return loaded;
}

Result<> NameCache::save(const std::string& path, std::string_view scope) const {
    return write_file_atomically(path, serialise(scope), kFileMode);
}

Result<std::size_t> NameCache::load(const std::string& path, std::string_view scope) {
    clear();
    NG_ASSIGN(const std::string content, read_file(path, kMaxCacheFileBytes));
    return deserialise(content, scope).with_context(path);
}

}  // namespace namegate::dns
