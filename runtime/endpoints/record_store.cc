// SPDX-License-Identifier: Apache-2.0
#include "endpoints/record_store.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "base/identifiers.h"
#include "endpoints/host_interface_name.h"

namespace namegate::endpoints {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kShownIdBytes = 64;  // the length of containerd's ids
constexpr std::string_view kSuffix = ".json";

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string hex(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto [end, status] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
    static_cast<void>(status);  // 16 digits always fit
    return {digits.data(), end};
}

Result<Record> read_record(const std::string& path) {
    NG_ASSIGN(const std::string text, read_file(path, kMaxRecordBytes));
    return record_from_json(text).with_context(path);
}

// Removes temporary files of writes that ended before their rename.
Result<> remove_unfinished(const std::string& directory, const std::string& file_name) {
    const auto names = list_directory(directory, kMaxRecordFiles);
    if (!names) {
        return names.error().code() == Code::kNotFound ? ok() : Result<>(names.error());
    }
    for (const std::string& name : *names) {
        if (name.starts_with("." + file_name + ".")) {
            NG_TRY(remove_file(directory + "/" + name));
        }
    }
    return ok();
}

}  // namespace

Result<std::string> RecordStore::path_of(std::string_view container_id, std::string_view ifname) const {
    if (!is_identifier(container_id)) {
        return Error(Code::kInvalidInput,
                     "endpoint record: a container id is letters, digits, \"_\", \".\" and \"-\", a letter or digit first, at most " +
                         std::to_string(kMaxIdentifierBytes) + " bytes");
    }
    if (!is_interface_name(ifname) || !is_printable(ifname)) {
        return Error(Code::kInvalidInput, "endpoint record: an interface name is 1 to " + std::to_string(kMaxInterfaceNameBytes) +
                                              " printable characters without \"/\" and \":\"");
    }
    return directory_ + "/" + std::string(container_id.substr(0, kShownIdBytes)) + "-" + std::string(ifname) + "-" +
           hex(endpoint_hash(container_id, ifname)) + std::string(kSuffix);
}

Result<> RecordStore::write(const Record& record) const {
    NG_ASSIGN(const std::string path, path_of(record.container_id, record.ifname));
    const std::string text = to_json(record);
    // A record that cannot be read back must not be written: the next start would not know the pod.
    NG_TRY(record_from_json(text).with_context("write " + path));
    NG_TRY(make_directories(directory_, kFolderMode));
    return write_file_atomically(path, text, kFileMode);
}

Result<Record> RecordStore::read(std::string_view container_id, std::string_view ifname) const {
    NG_ASSIGN(const std::string path, path_of(container_id, ifname));
    NG_ASSIGN(Record record, read_record(path));
    if (record.container_id != container_id || record.ifname != ifname) {
        return Error(Code::kInvalidInput, path + ": the record belongs to another endpoint");
    }
    return record;
}

Result<> RecordStore::remove(std::string_view container_id, std::string_view ifname) const {
    NG_ASSIGN(const std::string path, path_of(container_id, ifname));
    NG_TRY(remove_unfinished(directory_, path.substr(directory_.size() + 1)));
    return remove_file(path);
}

Result<RecordListing> RecordStore::list() const {
    RecordListing listing;
    auto names = list_directory(directory_, kMaxRecordFiles);
    if (!names && names.error().code() == Code::kNotFound) {
        return listing;
    }
    if (!names) {
        return names.error();
    }
    for (const std::string& name : *names) {
        // Hidden files are left from unfinished writes.
        if (name.front() == '.' || !name.ends_with(kSuffix)) {
            continue;
        }
        const std::string path = directory_ + "/" + name;
        auto record = read_record(path);
        if (!record && record.error().code() == Code::kNotFound) {
            continue;  // removed since the folder was listed
        }
        if (!record) {
            listing.bad.push_back({path, record.error().message()});
            continue;
        }
        const auto own_path = path_of(record->container_id, record->ifname);
        if (!own_path || *own_path != path) {
            listing.bad.push_back({path, path + ": the file name does not match the record"});
            continue;
        }
        listing.records.push_back(std::move(*record));
    }
    std::sort(listing.records.begin(), listing.records.end(), [](const Record& a, const Record& b) { return a.id < b.id; });
    return listing;
}

}  // namespace namegate::endpoints
