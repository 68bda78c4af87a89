// SPDX-License-Identifier: Apache-2.0
#include "node/policy_folders.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "policy/documents/policy_folder.h"

namespace namegate::node {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr unsigned kKeptLockMs = 2'000;

}  // namespace

std::string node_name(const config::Config& config) {
    if (!config.node_name.empty()) {
        return config.node_name;
    }
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "localhost";
    }
    std::string lower(name.data());
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower.empty() ? "localhost" : lower;
}

void log_problems(const std::vector<FolderProblem>& problems) {
    for (const FolderProblem& problem : problems) {
        log::warning(
            policy::is_object_path(problem.folder) ? "the policies of the API server cannot be read" : "a policy folder cannot be read",
            {log::kv("folder", problem.folder), log::kv("error", problem.why)});
    }
}

std::vector<std::string> watched_folders(const config::Config& config) {
    std::vector<std::string> out = config.policy_dirs;
    out.insert(out.end(), config.pod_manifest_dirs.begin(), config.pod_manifest_dirs.end());
    return out;
}

std::string kept_policies_folder(const config::Config& config) { return config.cache_dir + policy::kKeptFolder; }

policy::DocumentLedger make_ledger(const config::Config& config, const Clock& clock) {
    return policy::DocumentLedger(clock, policy::KeptDocuments(system_files(), kept_policies_folder(config)));
}

namespace {

// nullopt: the lock file cannot be used. Then the copies cannot be written either, and the ledger reports that.
Result<std::optional<FileLock>> lock_kept(const config::Config& config) {
    const std::string folder = kept_policies_folder(config);
    if (!make_directories(folder, kFolderMode)) {
        return std::optional<FileLock>();
    }
    auto lock = FileLock::acquire(folder + "/lock", kKeptLockMs);
    if (!lock && lock.error().code() == Code::kTryAgain) {
        return lock.error().with_context("reading the policies");
    }
    return lock ? std::optional(std::move(lock).value()) : std::nullopt;
}

FoldersRead read_once(policy::DocumentLedger& ledger, const config::Config& config, ObjectSources& objects,
                      const policy::ChangedFiles& changed) {
    FoldersRead out;
    const auto note = [&out](const std::string& folder, const Result<>& loaded) {
        if (!loaded) {
            out.problems.push_back({folder, loaded.error().message()});
        }
    };
    ledger.begin();
    for (const std::string& folder : config.policy_dirs) {
        note(folder, policy::load_folder(ledger, folder, changed));
    }
    for (const std::string& folder : config.pod_manifest_dirs) {
        note(folder, policy::load_manifest_folder(ledger, folder, node_name(config), changed));
    }
    for (auto& [group, source] : objects) {
        source.report(ledger);
        if (std::string why = source.problem(); !why.empty()) {
            out.problems.push_back({source.name(), std::move(why)});
        }
    }
    out.kept = ledger.finish();
    return out;
}

}  // namespace

Result<FoldersRead> load_policies(policy::DocumentLedger& ledger, const config::Config& config, ObjectSources& objects,
                                  const policy::ChangedFiles& changed) {
    NG_ASSIGN(const std::optional<FileLock> lock, lock_kept(config));
    FoldersRead out = read_once(ledger, config, objects, changed);
    return ledger.wants_another_round() ? read_once(ledger, config, objects, policy::ChangedFiles::any()) : out;
}

ObjectSources make_object_sources(const config::Config& config) {
    ObjectSources out;
    for (const std::string& group : config.policy_groups) {
        out.emplace(group, policy::ObjectSource(std::string(policy::kObjectPrefix) + group));
    }
    return out;
}

std::string gaps_text(const policy::DocumentLedger& ledger) {
    const auto& gaps = ledger.gaps();
    if (gaps.empty()) {
        return {};
    }
    const std::string others = gaps.size() == 1 ? "" : " (and " + std::to_string(gaps.size() - 1) + " more)";
    return "not all policies are known: " + gaps.front().subject + ": " + gaps.front().why + others;
}

}  // namespace namegate::node
