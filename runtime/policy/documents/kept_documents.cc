// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/kept_documents.h"

#include <utility>

#include "policy/documents/document.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kSyncedOneByOne = 8;  // for more files, the whole file system is synced
// Names in the folder: copies, what an interrupted commit left behind, and files of other programs.
constexpr std::size_t kMaxEntries = 4 * kMaxKeptDocuments;

}  // namespace

KeptDocuments::Copy KeptDocuments::copy_of(const std::string& path, const ContentId& id) { return {checksum_of(path), id.hash, id.size}; }

std::string KeptDocuments::name_of(const Copy& copy) {
    return hex_of(copy.path_hash) + "-" + hex_of(copy.hash) + "-" + std::to_string(copy.size);
}

std::set<KeptDocuments::Copy> KeptDocuments::named_by(const KeptIndex& index) const {
    std::set<Copy> out;
    for (const auto& [path, document] : index.documents) {
        if (document.kept) {
            out.insert(copy_of(path, document.content));
        }
    }
    return out;
}

KeptDocuments::Stamp KeptDocuments::stamp_of(const std::string& path) const {
    const auto info = files_.info(path);
    return info ? Stamp(*info) : std::nullopt;
}

void KeptDocuments::note_stamps() {
    folder_stamp_ = stamp_of(folder_);
    index_stamp_ = stamp_of(index_path());
}

bool KeptDocuments::changed() const { return stamp_of(folder_) != folder_stamp_ || stamp_of(index_path()) != index_stamp_; }

Result<KeptIndex> KeptDocuments::read() {
    note_stamps();
    leftovers_removed_ = false;
    NG_ASSIGN(const std::string bytes, files_.read(index_path(), kMaxKeptIndexBytes));
    return decode_kept_index(bytes).with_context(index_path());
}

Result<> KeptDocuments::find_copies(const KeptIndex& index) {
    // The process that wrote this index may have been killed before it synced the folder.
    if (auto synced = files_.sync_folder(folder_); !synced && synced.error().code() != Code::kNotFound) {
        return synced;
    }
    auto names = files_.list(folder_, kMaxEntries);
    if (!names && names.error().code() != Code::kNotFound) {
        return names.error();
    }
    copies_.clear();
    unsynced_.clear();
    bytes_ = 0;
    const std::set<std::string> there = names ? std::set<std::string>(names->begin(), names->end()) : std::set<std::string>();
    for (const Copy& copy : named_by(index)) {
        if (there.count(name_of(copy)) != 0) {
            copies_.insert(copy);
            bytes_ += copy.size;
        }
    }
    return ok();
}

Result<> KeptDocuments::write_copy(const std::string& path, const ContentId& id, std::string_view content) {
    const Copy copy = copy_of(path, id);
    if (copies_.count(copy) != 0) {
        return ok();
    }
    if (bytes_ + content.size() > kMaxKeptBytes) {
        return Error(Code::kExhausted,
                     path + " is not kept: the copies of all policies would have more than " + std::to_string(kMaxKeptBytes) + " bytes");
    }
    NG_TRY(files_.make_folder(folder_));
    if (auto written = files_.write(file_of(copy), content); !written) {
        leftovers_removed_ = false;  // part of it may be there
        return written;
    }
    bytes_ += content.size();
    unsynced_.push_back(copy);
    copies_.insert(copy);
    return ok();
}

Result<std::string> KeptDocuments::read_copy(const std::string& path, const ContentId& id) const {
    const std::string copy = file_of(copy_of(path, id));
    NG_ASSIGN(std::string content, files_.read(copy, kMaxPolicyFileBytes));
    if (!(id_of(content) == id)) {
        return Error(Code::kInvalidInput, copy + " is damaged: it is not the kept content of " + path);
    }
    return content;
}

Result<> KeptDocuments::sync_copies() {
    if (unsynced_.size() > kSyncedOneByOne) {
        NG_TRY(files_.sync_all(folder_));
    } else {
        for (const Copy& copy : unsynced_) {
            NG_TRY(files_.sync(file_of(copy)));
        }
    }
    // The names of the copies must be synced before an index refers to them.
    return unsynced_.empty() ? ok() : files_.sync_folder(folder_);
}

Result<> KeptDocuments::commit(const KeptIndex& index) {
    const std::string unfinished = folder_ + "/.index.tmp";
    NG_TRY(files_.make_folder(folder_));
    NG_TRY(sync_copies());
    const bool removed_before = std::exchange(leftovers_removed_, false);  // until the file has its final name
    NG_TRY(files_.write(unfinished, encode(index)));
    NG_TRY(files_.sync(unfinished));
    NG_TRY(files_.rename(unfinished, index_path()));
    leftovers_removed_ = removed_before;
    NG_TRY(files_.sync_folder(folder_));
    if (!folder_synced_) {
        NG_TRY(files_.sync_folder(folder_.substr(0, folder_.rfind('/'))));
        folder_synced_ = true;
    }
    unsynced_.clear();
    note_stamps();
    return ok();
}

Result<> KeptDocuments::remove_index() {
    NG_TRY(files_.remove(index_path()));
    return files_.sync_folder(folder_);
}

Result<> KeptDocuments::remove_others(const KeptIndex& index) {
    const std::set<Copy> named = named_by(index);
    for (auto copy = copies_.begin(); copy != copies_.end();) {
        if (named.count(*copy) != 0) {
            ++copy;
            continue;
        }
        if (auto removed = files_.remove(file_of(*copy)); !removed && removed.error().code() != Code::kNotFound) {
            return removed;
        }
        bytes_ -= copy->size;
        copy = copies_.erase(copy);
    }
    if (!leftovers_removed_) {
        NG_TRY(remove_leftovers());
        leftovers_removed_ = true;
    }
    note_stamps();
    return ok();
}

// Removes what is neither the index nor one of copies_.
Result<> KeptDocuments::remove_leftovers() {
    std::set<std::string> named;
    for (const Copy& copy : copies_) {
        named.insert(name_of(copy));
    }
    NG_ASSIGN(const std::vector<std::string> names, files_.list(folder_, kMaxEntries));
    for (const std::string& name : names) {
        if (named.count(name) == 0 && name != "index" && name != "lock") {
            NG_TRY(files_.remove(folder_ + "/" + name));
        }
    }
    return ok();
}

}  // namespace namegate::policy
