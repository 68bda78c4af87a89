// SPDX-License-Identifier: Apache-2.0
#include "policy/policy_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "policy/document.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kTogether = 64;  // files in memory at once
constexpr unsigned kMaxThreads = 4;
constexpr std::int64_t kSecond = 1'000'000'000;
// A file written within this time before it was read may be written again without its times telling.
constexpr std::int64_t kSettled = 2 * kSecond;

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

std::int64_t nanoseconds(const timespec& time) { return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec; }

std::optional<FileStamp> stamp_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return FileStamp{status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                     nanoseconds(status.st_ctim)};
}

bool is_settled(const FileStamp& stamp) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::max(stamp.modified_ns, stamp.changed_ns) + kSettled < nanoseconds(now);
}

// A file that was read and has a content that the store does not know.
struct Fresh {
    std::string path;
    std::optional<FileStamp> stamp;
    std::string content;
    DecodeOutcome decoded;
};

// Reads the file unless the store has it; what needs no decoding is done with here.
std::optional<Fresh> read(PolicyStore& store, const std::string& path) {
    const std::optional<FileStamp> stamp = stamp_of(path);
    if (stamp && store.has_stamp(path, *stamp)) {
        return std::nullopt;
    }
    auto content = read_file(path, kMaxPolicyFileBytes);
    if (!content) {
        if (content.error().code() == Code::kNotFound) {
            store.remove_file(path);
        } else {
            store.set_unreadable(path, content.error().message());
        }
        return std::nullopt;
    }
    if (!store.needs(path, id_of(*content))) {
        if (stamp && is_settled(*stamp)) {
            store.set_stamp(path, *stamp);
        }
        return std::nullopt;
    }
    return Fresh{path, stamp, std::move(content).value(), {}};
}

void decode(std::vector<Fresh>& files) {
    std::atomic<std::size_t> next{0};
    const auto work = [&files, &next] {
        for (std::size_t i = next++; i < files.size(); i = next++) {
            files[i].decoded = decode_file(files[i].path, files[i].content);
        }
    };
    std::vector<std::thread> helpers;
    const unsigned wanted = std::min(std::min(std::thread::hardware_concurrency(), kMaxThreads), static_cast<unsigned>(files.size() / 4));
    try {
        while (helpers.size() + 1 < wanted) {
            helpers.emplace_back(work);
        }
    } catch (const std::system_error&) {
        // Then with fewer: this thread decodes too.
    }
    work();
    for (std::thread& helper : helpers) {
        helper.join();
    }
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

// In the order of the paths, which decides between duplicates. With the name of a node, they are kubelet's manifests.
void take(PolicyStore& store, std::vector<Fresh> files, std::string_view static_pods_of = {}) {
    decode(files);
    for (Fresh& file : files) {
        if (!static_pods_of.empty()) {
            make_static(file.decoded, static_pods_of);
        }
        store.take(file.path, id_of(file.content), std::move(file.decoded));
        if (file.stamp && is_settled(*file.stamp)) {
            store.set_stamp(file.path, *file.stamp);
        }
    }
}

}  // namespace

bool is_policy_file_name(std::string_view name) {
    if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos) {
        return false;
    }
    return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

void load_file(PolicyStore& store, const std::string& path) {
    if (auto fresh = read(store, path)) {
        std::vector<Fresh> files;
        files.push_back(std::move(*fresh));
        take(store, std::move(files));
    }
}

namespace {

Result<> load_files(PolicyStore& store, const std::string& folder, std::string_view static_pods_of) {
    NG_ASSIGN(const std::vector<std::string> names, list_directory(folder, kMaxPolicyFiles));
    const std::string prefix = folder + "/";
    std::vector<std::string> present;  // sorted, as the names are
    for (const std::string& name : names) {
        const bool hidden = name.front() == '.';
        if (static_pods_of.empty() ? is_policy_file_name(name) : !hidden) {
            present.push_back(prefix + name);
        }
    }
    for (const std::string& path : store.paths()) {
        const bool here = path.compare(0, prefix.size(), prefix) == 0 && path.find('/', prefix.size()) == std::string::npos;
        if (here && !std::binary_search(present.begin(), present.end(), path)) {
            store.remove_file(path);
        }
    }
    std::vector<Fresh> files;
    for (const std::string& path : present) {
        if (auto fresh = read(store, path)) {
            files.push_back(std::move(*fresh));
        }
        if (files.size() == kTogether) {
            take(store, std::exchange(files, {}), static_pods_of);
        }
    }
    take(store, std::move(files), static_pods_of);
    return ok();
}

}  // namespace

Result<> load_folder(PolicyStore& store, const std::string& folder) { return load_files(store, folder, {}); }

Result<> load_manifest_folder(PolicyStore& store, const std::string& folder, std::string_view node_name) {
    return load_files(store, folder, node_name);
}

}  // namespace namegate::policy
