// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/policy_store.h"

#include <algorithm>
#include <utility>

#include "policy/documents/document.h"

namespace namegate::policy {

namespace {

// Whether what one path defines comes before the same resource at the other path.
bool outranks(std::string_view path, std::string_view other) { return is_object_path(other) && !is_object_path(path); }

}  // namespace

std::string_view to_string(FileStatus::InForce in_force) {
    switch (in_force) {
        case FileStatus::InForce::kCurrent: return "current";
        case FileStatus::InForce::kLastGood: return "last good";
        case FileStatus::InForce::kNone: return "none";
        case FileStatus::InForce::kUnknown: return "unknown";
        case FileStatus::InForce::kKept: return "kept";
        case FileStatus::InForce::kOverridden: return "overridden";
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
    forget_owner(path, found->second);
    files_.erase(found);
    ++revision_;
    refused_.erase(path);
    if (changed) {
        ++generation_;
        snapshot_.reset();
        retry_overridden();
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
        if (owner == owners_.end() || owner->second == path || outranks(path, owner->second) || outranks(owner->second, path)) {
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

void PolicyStore::forget_owner(const std::string& path, File& file) {
    if (file.good && !file.overridden) {
        for (const Resource& resource : file.good->all()) {
            owners_.erase(key_of(resource));
        }
    }
    file.overridden = false;
    overridden_.erase(path);
}

bool PolicyStore::is_outranked(const std::string& path, const FileResources& resources) const {
    return std::any_of(resources.all().begin(), resources.all().end(), [&](const Resource& resource) {
        const auto owner = owners_.find(key_of(resource));
        return owner != owners_.end() && outranks(owner->second, path);
    });
}

// Of what `file.good` defines, which no other path of the same rank has.
void PolicyStore::take_ownership(const std::string& path, File& file) {
    if (is_outranked(path, *file.good)) {
        file.overridden = true;
        overridden_.insert(path);
        return;
    }
    for (const Resource& resource : file.good->all()) {
        std::string& owner = owners_[key_of(resource)];
        if (!owner.empty() && owner != path) {
            const std::string outranked = owner;
            File& other = files_.at(outranked);
            forget_owner(outranked, other);  // erases the element that `owner` refers to
            other.overridden = true;
            overridden_.insert(outranked);
            owners_[key_of(resource)] = path;
        } else {
            owner = path;
        }
    }
}

// Puts objects in force whose resources are in no file any more.
void PolicyStore::retry_overridden() {
    for (const std::string& path : std::set<std::string>(overridden_)) {
        File& file = files_.at(path);
        if (!is_outranked(path, *file.good) && duplicates(path, *file.good).empty()) {
            forget_owner(path, file);
            take_ownership(path, file);
            ++generation_;
            ++revision_;
            snapshot_.reset();
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
    forget_owner(path, file);
    file.good = std::move(resources);
    take_ownership(path, file);
    ++generation_;
    snapshot_.reset();
    retry_overridden();
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

FileStatus PolicyStore::status_of(const std::string& path, const File& file) const {
    const auto in_force = file.overridden ? FileStatus::InForce::kOverridden
                          : file.loaded   ? FileStatus::InForce::kCurrent
                          : file.good     ? FileStatus::InForce::kLastGood
                                          : FileStatus::InForce::kNone;
    FileStatus out{path, file.loaded, in_force, file.good && !file.overridden ? file.good->all().size() : 0, file.problems, 0};
    for (std::size_t i = 0; file.overridden && i < file.good->all().size(); ++i) {
        const Resource& resource = file.good->all()[i];
        if (const auto owner = owners_.find(key_of(resource)); owner != owners_.end()) {
            out.problems.push_back({place_of(resource), Problem::Severity::kWarning, "metadata.name",
                                    to_string(owner->first) + " is not in force: " + (is_object_path(owner->second) ? "" : "the file ") +
                                        owner->second + " has it too, and comes first"});
        }
    }
    return out;
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
            if (entry.second.good && !entry.second.overridden && !entry.second.good->all().empty()) {
                files.push_back(entry.second.good);
            }
        }
        snapshot_ = std::make_shared<const Snapshot>(std::move(files), generation_);
    }
    return snapshot_;
}

}  // namespace namegate::policy
