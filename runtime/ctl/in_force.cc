// SPDX-License-Identifier: Apache-2.0
#include "ctl/in_force.h"

#include <utility>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/utc_text.h"
#include "policy/documents/document_ledger.h"
#include "policy/documents/policy_folder.h"

namespace namegate::ctl {

namespace {

using policy::FileStatus;

// Reads the disk; reports each change as done, and makes none.
class ReadOnlyFiles final : public FileSystem {
  public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override { return system_files().read(path, max_bytes); }
    Result<std::vector<std::string>> list(const std::string& folder, std::size_t max_entries) override {
        return system_files().list(folder, max_entries);
    }
    Result<FileInfo> info(const std::string& path) override { return system_files().info(path); }
    bool has_name(const std::string& path) override { return system_files().has_name(path); }

    Result<> make_folder(const std::string&) override { return ok(); }
    Result<> write(const std::string&, std::string_view) override { return ok(); }
    Result<> sync(const std::string&) override { return ok(); }
    Result<> sync_all(const std::string&) override { return ok(); }
    Result<> sync_folder(const std::string&) override { return ok(); }
    Result<> rename(const std::string&, const std::string&) override { return ok(); }
    Result<> remove(const std::string&) override { return ok(); }
};

}  // namespace

InForce read_in_force(const config::Config& config) {
    InForce out;
    ReadOnlyFiles files;
    const std::string folder = config.cache_dir + policy::kKeptFolder;
    if (const auto index = policy::KeptDocuments(files, folder).read(); !index) {
        if (index.error().code() != Code::kNotFound) {
            out.unknown = index.error().message();
        }
        return out;
    }
    const SystemClock clock;
    policy::DocumentLedger ledger(clock, policy::KeptDocuments(files, folder));
    ledger.begin();
    for (const std::string& each : config.policy_dirs) {
        const auto loaded = policy::load_folder(ledger, each, policy::ChangedFiles::any(), files);
        if (!loaded && !ledger.documents_of(each).empty()) {
            out.folders[each] = loaded.error().message();
        }
    }
    static_cast<void>(ledger.finish());  // it keeps nothing
    out.refused = ledger.refused();
    return out;
}

std::string in_force_text(const FileStatus& file) {
    switch (file.in_force) {
        case FileStatus::InForce::kLastGood:
            return "its last good content" + (file.good_since == 0 ? "" : ", of " + utc_text(file.good_since) + ",") + " is in force";
        case FileStatus::InForce::kUnknown:
            return "its last good content is lost: until the file is right, no pod is opened or changed, and none can start";
        case FileStatus::InForce::kNone:
        case FileStatus::InForce::kKept:
        case FileStatus::InForce::kOverridden:
        case FileStatus::InForce::kCurrent: break;
    }
    return {};
}

}  // namespace namegate::ctl
