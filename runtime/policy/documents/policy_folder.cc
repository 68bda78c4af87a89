// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/policy_folder.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "policy/documents/document.h"

namespace namegate::policy {
namespace {

constexpr std::size_t kBatch = 64;  // files in memory at once
constexpr unsigned kMaxThreads = 4;
constexpr std::int64_t kSecond = 1'000'000'000;
// A file that was written less than this before it was read may change again with the same time stamps.
constexpr std::int64_t kSettled = 2 * kSecond;

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

std::optional<FileStamp> stamp_of(FileSystem& files, const std::string& path) {
    const auto info = files.info(path);
    return info ? std::optional(FileStamp{info->device, info->inode, info->size, info->modified_ns, info->changed_ns}) : std::nullopt;
}

bool is_settled(const FileStamp& stamp) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::max(stamp.modified_ns, stamp.changed_ns) + kSettled < static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
}

// A folder, and how to read its files.
struct Folder {
    FileSystem& files;
    std::string path;
    DocumentLedger::Decoder decoder;
    bool (*is_policy_file)(std::string_view name);
    std::optional<SourcePlace> place = {};  // where it was when its reading began

    std::optional<SourcePlace> present_place() const {
        const auto info = files.info(path);
        return info ? std::optional(SourcePlace{info->device, info->mount_point}) : std::nullopt;
    }
};

// A file with content that the ledger does not know.
struct Fresh {
    std::string path;
    std::optional<FileStamp> stamp;
    std::string content;
    DecodeOutcome decoded;
};

void note_stamp(DocumentLedger& ledger, const std::string& path, const std::optional<FileStamp>& stamp) {
    if (stamp && is_settled(*stamp)) {
        ledger.set_stamp(path, *stamp);
    }
}

// Reads the file unless the ledger knows its stamp. Returns nothing, and reports to the ledger, if the file needs no decoding.
std::optional<Fresh> read(DocumentLedger& ledger, const Folder& folder, const std::string& path) {
    const std::optional<FileStamp> stamp = stamp_of(folder.files, path);
    if (stamp && ledger.has_stamp(path, *stamp)) {
        return std::nullopt;
    }
    auto content = folder.files.read(path, kMaxPolicyFileBytes);
    if (!content) {
        // A file that disappeared with the mount of its folder was not removed.
        if (content.error().code() == Code::kNotFound && !folder.files.has_name(path) &&
            (!folder.place || folder.present_place() == folder.place)) {
            ledger.report_removed(path);
        } else {
            ledger.report_unreadable(folder.path, path, content.error().message());
        }
        return std::nullopt;
    }
    if (!ledger.is_new_content(path, id_of(*content))) {
        ledger.report_unchanged(path, *content);
        note_stamp(ledger, path, stamp);
        return std::nullopt;
    }
    return Fresh{path, stamp, std::move(content).value(), {}};
}

void decode(std::vector<Fresh>& files, const DocumentLedger::Decoder& decoder) {
    std::atomic<std::size_t> next{0};
    const auto work = [&files, &next, &decoder] {
        for (std::size_t i = next++; i < files.size(); i = next++) {
            files[i].decoded = decoder(files[i].path, files[i].content);
        }
    };
    std::vector<std::thread> helpers;
    const unsigned wanted = std::min(std::min(std::thread::hardware_concurrency(), kMaxThreads), static_cast<unsigned>(files.size() / 4));
    try {
        while (helpers.size() + 1 < wanted) {
            helpers.emplace_back(work);
        }
    } catch (const std::system_error&) {
        // Continue with fewer threads; this one decodes too.
    }
    work();
    for (std::thread& helper : helpers) {
        helper.join();
    }
}

// Names the Pods as kubelet names its static pods.
void make_static(DecodeOutcome& decoded, std::string_view node_name) {
    for (Resource& resource : decoded.resources) {
        if (auto* pod = std::get_if<PodDocument>(&resource)) {
            pod->name += "-" + std::string(node_name);
            continue;
        }
        decoded.problems.push_back({place_of(resource), Problem::Severity::kError, "kind",
                                    "a folder of pod manifests may contain only Pods; put policies into one of policyDirs"});
    }
}

// Reports in the order of the paths, so that the first of two files with the same resource has it in force.
void report(DocumentLedger& ledger, const Folder& folder, std::vector<Fresh> files) {
    decode(files, folder.decoder);
    for (Fresh& file : files) {
        ledger.report_content(folder.path, {file.path, id_of(file.content), file.content, std::move(file.decoded)});
        note_stamp(ledger, file.path, file.stamp);
    }
}

// `paths`: sorted, in the folder.
void read_all(DocumentLedger& ledger, const Folder& folder, const std::vector<std::string>& paths) {
    std::vector<Fresh> files;
    for (const std::string& path : paths) {
        if (auto fresh = read(ledger, folder, path)) {
            files.push_back(std::move(*fresh));
        }
        if (files.size() == kBatch) {
            report(ledger, folder, std::exchange(files, {}));
        }
    }
    report(ledger, folder, std::move(files));
}

bool is_not_hidden(std::string_view name) { return name.front() != '.'; }

}  // namespace

bool is_policy_file_name(std::string_view name) {
    if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos) {
        return false;
    }
    return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

namespace {

Result<> unreachable(DocumentLedger& ledger, const Folder& folder, const Error& error) {
    ledger.report_unreachable(folder.path, error.message());
    return error;
}

Result<> check_mount(const DocumentLedger& ledger, const Folder& folder, const SourcePlace& place) {
    const auto before = ledger.place_of(folder.path);
    const bool moved = before && (before->device != place.device || (before->mount_point && !place.mount_point));
    if (moved && !ledger.documents_of(folder.path).empty()) {
        return Error(Code::kNotFound, "folder " + folder.path +
                                          " is empty and on another file system than when it had files: is it mounted? If it is meant to "
                                          "be empty, add a file with a comment");
    }
    return ok();
}

Result<> load_whole(DocumentLedger& ledger, Folder folder) {
    ledger.add_source(folder.path, folder.decoder);
    const auto names = folder.files.list(folder.path, kMaxPolicyFiles);
    const auto info = folder.files.info(folder.path);
    if (!names || !info) {
        return unreachable(ledger, folder, names ? info.error() : names.error());
    }
    const std::string prefix = folder.path + "/";
    std::vector<std::string> present;  // sorted, as the names are
    for (const std::string& name : *names) {
        if (folder.is_policy_file(name)) {
            present.push_back(prefix + name);
        }
    }
    const SourcePlace place{info->device, info->mount_point};
    folder.place = place;
    if (const auto mounted = check_mount(ledger, folder, place); present.empty() && !mounted) {
        return unreachable(ledger, folder, mounted.error());
    }
    ledger.report_reached(folder.path, place);
    for (const std::string& path : ledger.documents_of(folder.path)) {
        if (!std::binary_search(present.begin(), present.end(), path)) {
            ledger.report_removed(path);
        }
    }
    read_all(ledger, folder, present);
    return ok();
}

// Whether the files of the folder that are not among `changed` are as the ledger knows them.
bool is_known(const DocumentLedger& ledger, const Folder& folder, const ChangedFiles& changed) {
    return !changed.may_be_any() && !ledger.wants_all() && folder.place && ledger.place_of(folder.path) == folder.place &&
           ledger.file_count() + changed.paths().size() <= kMaxPolicyFiles;
}

Result<> load(DocumentLedger& ledger, Folder folder, const ChangedFiles& changed) {
    folder.place = folder.present_place();
    if (!is_known(ledger, folder, changed)) {
        return load_whole(ledger, std::move(folder));
    }
    ledger.add_source(folder.path, folder.decoder);
    ledger.report_reached(folder.path, *folder.place);
    const std::string prefix = folder.path + "/";
    std::vector<std::string> paths;
    for (const std::string& path : changed.paths()) {
        const std::string_view name = path.starts_with(prefix) ? std::string_view(path).substr(prefix.size()) : std::string_view();
        if (!name.empty() && name.find('/') == std::string_view::npos && folder.is_policy_file(name)) {
            paths.push_back(path);
        }
    }
    read_all(ledger, folder, paths);
    return ok();
}

}  // namespace

Result<> load_folder(DocumentLedger& ledger, const std::string& folder, const ChangedFiles& changed, FileSystem& files) {
    return load(ledger, {files, folder, decode_file, is_policy_file_name}, changed);
}

Result<> load_manifest_folder(DocumentLedger& ledger, const std::string& folder, std::string_view node_name, const ChangedFiles& changed,
                              FileSystem& files) {
    const auto decoder = [node = std::string(node_name)](const std::string& path, std::string_view content) {
        DecodeOutcome decoded = decode_file(path, content);
        make_static(decoded, node);
        return decoded;
    };
    return load(ledger, {files, folder, decoder, is_not_hidden}, changed);
}

void load_file(DocumentLedger& ledger, const std::string& path, FileSystem& files) {
    const std::size_t slash = path.rfind('/');
    const Folder folder{files, slash == std::string::npos ? "." : path.substr(0, slash), decode_file, is_policy_file_name};
    ledger.add_source(folder.path, folder.decoder);
    if (auto fresh = read(ledger, folder, path)) {
        std::vector<Fresh> one;
        one.push_back(std::move(*fresh));
        report(ledger, folder, std::move(one));
    }
}

}  // namespace namegate::policy
