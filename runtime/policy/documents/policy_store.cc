// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/policy_store.h"

#include <algorithm>
#include <utility>

#include "policy/documents/document.h"

namespace namegate::policy {
std::string_view to_string(FileStatus::InForce in_force) {
    switch (in_force) {
        case FileStatus::InForce::kCurrent: return "current";
        case FileStatus::InForce::kLastGood: return "last good";
        case FileStatus::InForce::kNone: return "none";
        case FileStatus::InForce::kUnknown: return "unknown";
    }
    return "";
}

bool PolicyStore::set_file(const std::string& path, std::string_view content) {
    const ContentId id = id_of(content);
    return is_new_content(path, id) && set_decoded(path, id, decode_file(path, content));
}

bool PolicyStore::is_new_content(const std::string& path, const ContentId& id) const {
    const auto found = files_.find(path);
    return found == files_.end() || !found->second.seen || !(found->second.content == id);
}

bool PolicyStore::set_decoded(const std::string& path, const ContentId& id, DecodeOutcome decoded) {
    File& file = files_[path];
    file.seen = true;
    file.content = id;
    file.stamp.reset();
    file.loaded = false;
    file.problems = std::move(decoded.problems);
    ++revision_;
    refused_.erase(path);
    if (has_errors(file.problems) || !accept(path, file, std::make_shared<const FileResources>(std::move(decoded.resources)))) {
        return false;
    }
    retry_refused();
    return true;
}

void PolicyStore::set_stamp(const std::string& path, const FileStamp& stamp) { files_[path].stamp = stamp; }

bool PolicyStore::has_stamp(const std::string& path, const FileStamp& stamp) const {
    const auto found = files_.find(path);
    return found != files_.end() && found->second.stamp == stamp;
}

bool PolicyStore::remove_file(const std::string& path) {
    const auto found = files_.find(path);
    if (found == files_.end()) {
        return false;
    }
    const bool changed = found->second.good && !found->second.good->all().empty();
    forget_owner(found->second);
    files_.erase(found);
    ++revision_;
    refused_.erase(path);
    if (changed) {
        ++generation_;
        snapshot_.reset();
        retry_refused();
    }
    return changed;
}

bool PolicyStore::restore(const std::string& path, DecodeOutcome decoded) {
    auto resources = std::make_shared<const FileResources>(std::move(decoded.resources));
    if (has_errors(decoded.problems) || !duplicates(path, *resources).empty()) {
        return false;
    }
    put_in_force(path, files_[path], std::move(resources));
    ++revision_;
    return true;
}

std::optional<ContentId> PolicyStore::loaded(const std::string& path) const {
    const auto found = files_.find(path);
    return found != files_.end() && found->second.loaded ? std::optional(found->second.content) : std::nullopt;
}

bool PolicyStore::has_good(const std::string& path) const {
    const auto found = files_.find(path);
    return found != files_.end() && found->second.good;
}

void PolicyStore::set_unreadable(const std::string& path, const std::string& why) {
    File& file = files_[path];
    Problems problems = {{{path, 0, 0}, Problem::Severity::kError, "", why}};
    revision_ += file.loaded || file.problems.size() != 1 || file.problems.front().message != why ? 1U : 0U;
    file.seen = false;
    file.stamp.reset();
    file.loaded = false;
    file.problems = std::move(problems);
    refused_.erase(path);
}

// V7 against the other files.
Problems PolicyStore::duplicates(const std::string& path, const FileResources& resources) const {
    Problems out;
    for (const Resource& resource : resources.all()) {
        const ResourceKey key = key_of(resource);
        const auto owner = owners_.find(key);
        if (owner == owners_.end() || owner->second == path) {
            continue;
        }
        Place first{owner->second, 0, 0};
        for (const Resource& other : files_.at(owner->second).good->all()) {
            if (key_of(other) == key) {
                first = place_of(other);
            }
        }
        out.push_back({place_of(resource), Problem::Severity::kError, "metadata.name",
                       to_string(key) + " is already defined at " + to_string(first) + "; remove or rename one of them"});
    }
    return out;
}

void PolicyStore::forget_owner(const File& file) {
    if (file.good) {
        for (const Resource& resource : file.good->all()) {
            owners_.erase(key_of(resource));
        }
    }
}

bool PolicyStore::accept(const std::string& path, File& file, std::shared_ptr<const FileResources> resources) {
    Problems clashes = duplicates(path, *resources);
    if (!clashes.empty()) {
        file.problems.insert(file.problems.end(), clashes.begin(), clashes.end());
        refused_[path] = std::move(resources);
        return false;
    }
    put_in_force(path, file, std::move(resources));
    file.loaded = true;
    return true;
}

void PolicyStore::put_in_force(const std::string& path, File& file, std::shared_ptr<const FileResources> resources) {
    forget_owner(file);
    for (const Resource& resource : resources->all()) {
        owners_[key_of(resource)] = path;
    }
    file.good = std::move(resources);
    ++generation_;
    snapshot_.reset();
}

// Accepts files that were refused only for duplicates which no longer exist. Each accepted file can make others acceptable.
void PolicyStore::retry_refused() {
    for (auto next = refused_.begin(); next != refused_.end();) {
        if (!duplicates(next->first, *next->second).empty()) {
            ++next;
            continue;
        }
        const std::string path = next->first;
        auto resources = std::move(next->second);
        refused_.erase(next);
        File& file = files_[path];
        const auto is_error = [](const Problem& problem) { return problem.severity == Problem::Severity::kError; };
        file.problems.erase(std::remove_if(file.problems.begin(), file.problems.end(), is_error), file.problems.end());
        accept(path, file, std::move(resources));
        next = refused_.begin();
    }
}

FileStatus PolicyStore::status_of(const std::string& path, const File& file) {
    const auto in_force = file.loaded ? FileStatus::InForce::kCurrent
                          : file.good ? FileStatus::InForce::kLastGood
                                      : FileStatus::InForce::kNone;
    return {path, file.loaded, in_force, file.good ? file.good->all().size() : 0, file.problems, 0};
}

std::vector<FileStatus> PolicyStore::files() const {
    std::vector<FileStatus> out;
    for (const auto& entry : files_) {
        out.push_back(status_of(entry.first, entry.second));
    }
    return out;
}

std::vector<FileStatus> PolicyStore::refused() const {
    std::vector<FileStatus> out;
    for (const auto& entry : files_) {
        if (!entry.second.loaded) {
            out.push_back(status_of(entry.first, entry.second));
        }
    }
    return out;
}

std::shared_ptr<const Snapshot> PolicyStore::snapshot() const {
    if (!snapshot_) {
        std::vector<std::shared_ptr<const FileResources>> files;
        files.reserve(files_.size());
        for (const auto& entry : files_) {
            if (entry.second.good && !entry.second.good->all().empty()) {
                files.push_back(entry.second.good);
            }
        }
        snapshot_ = std::make_shared<const Snapshot>(std::move(files), generation_);
    }
    return snapshot_;
}

}  // namespace namegate::policy
