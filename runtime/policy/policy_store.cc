// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_store.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/file.h"
#include "policy/document.h"

namespace namegate::policy {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

std::vector<std::shared_ptr<const Resource>> share(std::vector<Resource> resources) {
    std::vector<std::shared_ptr<const Resource>> out;
    out.reserve(resources.size());
    for (Resource& resource : resources) {
        out.push_back(std::make_shared<const Resource>(std::move(resource)));
    }
    return out;
}

void make_static(DecodeOutcome& decoded, std::string_view node_name) {
    for (Resource& resource : decoded.resources) {
        if (auto* pod = std::get_if<PodDocument>(&resource)) {
            pod->name += "-" + std::string(node_name);
            continue;
        }
        decoded.problems.push_back({place_of(resource), Problem::Severity::kError, "kind",
                                    "only a Pod belongs into a folder of pod manifests; put policies into one of policyDirs"});
    }
}

}  // namespace

std::string_view to_string(FileStatus::InForce in_force) {
    switch (in_force) {
        case FileStatus::InForce::kCurrent: return "current";
        case FileStatus::InForce::kLastGood: return "last good";
        case FileStatus::InForce::kNone: return "none";
    }
    return "";
}

bool PolicyStore::set_file(const std::string& path, std::string_view content, std::string_view static_pods_of) {
    File& file = files_[path];
    const std::uint64_t hash = std::hash<std::string_view>()(content);
    if (file.seen && file.content_hash == hash && file.content_size == content.size()) {
        return false;
    }
    file.seen = true;
    file.content_hash = hash;
    file.content_size = content.size();
    file.loaded = false;
    refused_.erase(path);
    DecodeOutcome decoded = decode_file(path, content);
    if (!static_pods_of.empty()) {
        make_static(decoded, static_pods_of);
    }
    file.problems = std::move(decoded.problems);
    if (has_errors(file.problems)) {
        return false;
    }
    if (!accept(path, file, share(std::move(decoded.resources)))) {
        return false;
    }
    retry_refused();
    return true;
}

bool PolicyStore::remove_file(const std::string& path) {
    const auto found = files_.find(path);
    if (found == files_.end()) {
        return false;
    }
    const bool changed = !found->second.good.empty();
    for (const auto& resource : found->second.good) {
        owners_.erase(key_of(*resource));
    }
    files_.erase(found);
    refused_.erase(path);
    if (changed) {
        ++generation_;
        snapshot_.reset();
        retry_refused();
    }
    return changed;
}

void PolicyStore::set_unreadable(const std::string& path, const std::string& why) {
    File& file = files_[path];
    file.seen = false;
    file.loaded = false;
    file.problems = {{{path, 0, 0}, Problem::Severity::kError, "", why}};
    refused_.erase(path);
}

// V7 against the other files.
Problems PolicyStore::duplicates(const std::string& path, const std::vector<std::shared_ptr<const Resource>>& resources) const {
    Problems out;
    for (const auto& resource : resources) {
        const ResourceKey key = key_of(*resource);
        const auto owner = owners_.find(key);
        if (owner == owners_.end() || owner->second == path) {
            continue;
        }
        Place first{owner->second, 0, 0};
        for (const auto& other : files_.at(owner->second).good) {
            if (key_of(*other) == key) {
                first = place_of(*other);
            }
        }
        out.push_back({place_of(*resource), Problem::Severity::kError, "metadata.name",
                       to_string(key) + " is already defined at " + to_string(first) + "; remove or rename one of them"});
    }
    return out;
}

bool PolicyStore::accept(const std::string& path, File& file, std::vector<std::shared_ptr<const Resource>> resources) {
    Problems clashes = duplicates(path, resources);
    if (!clashes.empty()) {
        file.problems.insert(file.problems.end(), clashes.begin(), clashes.end());
        refused_[path] = std::move(resources);
        return false;
    }
    for (const auto& resource : file.good) {
        owners_.erase(key_of(*resource));
    }
    for (const auto& resource : resources) {
        owners_[key_of(*resource)] = path;
    }
    file.good = std::move(resources);
    file.has_good = true;
    file.loaded = true;
    ++generation_;
    snapshot_.reset();
    return true;
}

// A file that was refused only because of another file's resource may be good now; and that may free more.
void PolicyStore::retry_refused() {
    for (auto next = refused_.begin(); next != refused_.end();) {
        if (!duplicates(next->first, next->second).empty()) {
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

std::vector<FileStatus> PolicyStore::files() const {
    std::vector<FileStatus> out;
    for (const auto& entry : files_) {
        const File& file = entry.second;
        const auto in_force = file.loaded     ? FileStatus::InForce::kCurrent
                              : file.has_good ? FileStatus::InForce::kLastGood
                                              : FileStatus::InForce::kNone;
        out.push_back({entry.first, file.loaded, in_force, file.good.size(), file.problems});
    }
    return out;
}

std::vector<std::string> PolicyStore::paths() const {
    std::vector<std::string> out;
    for (const auto& entry : files_) {
        out.push_back(entry.first);
    }
    return out;
}

std::shared_ptr<const Snapshot> PolicyStore::snapshot() const {
    if (!snapshot_) {
        std::vector<std::shared_ptr<const Resource>> all;
        for (const auto& entry : files_) {
            all.insert(all.end(), entry.second.good.begin(), entry.second.good.end());
        }
        snapshot_ = std::make_shared<const Snapshot>(std::move(all), generation_);
    }
    return snapshot_;
}

bool is_policy_file_name(std::string_view name) {
    if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos) {
        return false;
    }
    return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

void load_file(PolicyStore& store, const std::string& path, std::string_view static_pods_of) {
    auto content = read_file(path, kMaxPolicyFileBytes);
    if (content) {
        store.set_file(path, *content, static_pods_of);
    } else if (content.error().code() == Code::kNotFound) {
        store.remove_file(path);
    } else {
        store.set_unreadable(path, content.error().message());
    }
}

namespace {

Result<> load_files(PolicyStore& store, const std::string& folder, std::string_view static_pods_of) {
    NG_ASSIGN(const std::vector<std::string> names, list_directory(folder, kMaxPolicyFiles));
    const std::string prefix = folder + "/";
    std::set<std::string> present;
    for (const std::string& name : names) {
        const bool hidden = name.front() == '.';
        if (static_pods_of.empty() ? is_policy_file_name(name) : !hidden) {
            present.insert(prefix + name);
        }
    }
    for (const std::string& path : store.paths()) {
        const bool here = path.compare(0, prefix.size(), prefix) == 0 && path.find('/', prefix.size()) == std::string::npos;
        if (here && present.count(path) == 0) {
            store.remove_file(path);
        }
    }
    for (const std::string& path : present) {
        load_file(store, path, static_pods_of);
    }
    return ok();
}

}  // namespace

Result<> load_folder(PolicyStore& store, const std::string& folder) { return load_files(store, folder, {}); }

Result<> load_manifest_folder(PolicyStore& store, const std::string& folder, std::string_view node_name) {
    return load_files(store, folder, node_name);
}

}  // namespace namegate::policy
