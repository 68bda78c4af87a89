// SPDX-License-Identifier: Apache-2.0
#include "rollout/node_files.h"

#include <net/if.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/file_system.h"
#include "base/identifiers.h"
#include "base/listed.h"
#include "cni/json.h"
#include "config/config.h"
#include "endpoints/record_store.h"
#include "rollout/conflist.h"

namespace namegate::rollout {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPluginName = "namegate";
constexpr const char* kSettings = config::kDefaultConfigPath;
constexpr const char* kPolicies = "/etc/namegate/policies.d";
constexpr mode_t kFolderMode = 0755;
constexpr std::array<std::string_view, 3> kEndings = {".conf", ".conflist", ".json"};

std::string conflist_path(const NodePaths& paths) { return paths.host + paths.conf_dir + "/" + kConflistName; }
std::string plugin_path(const NodePaths& paths) { return paths.host + paths.bin_dir + "/" + kPluginName; }
std::string settings_path(const NodePaths& paths) { return paths.host + kSettings; }

// Whether containerd and CRI-O read a file of this name.
bool is_configuration(const std::string& name) {
    return std::any_of(kEndings.begin(), kEndings.end(), [&name](std::string_view ending) { return name.ends_with(ending); });
}

// The first configuration besides ours, by name; nothing: there is none.
Result<std::optional<std::string>> other_configuration(const NodePaths& paths) {
    const std::string folder = paths.host + paths.conf_dir;
    NG_ASSIGN(const auto names, list_directory(folder, kMaxConfFiles));
    const auto found =
        std::find_if(names.begin(), names.end(), [](const std::string& name) { return is_configuration(name) && name != kConflistName; });
    return found == names.end() ? std::nullopt : std::optional(*found);
}

// The content for kConflistName.
Result<std::string> conflist_for(const InstallOptions& options) {
    const std::string folder = options.paths.host + options.paths.conf_dir;
    NG_ASSIGN(const auto other, other_configuration(options.paths));
    if (other && *other < kConflistName) {
        return Error(Code::kExists, "the runtime reads " + options.paths.conf_dir + "/" + *other + " before " + kConflistName +
                                        ", so namegate would police no pod: give it a later name");
    }
    if (!options.conflist.empty()) {
        return read_file(options.conflist, cni::kMaxJsonBytes);
    }
    if (!other) {
        return Error(Code::kTryAgain, options.paths.conf_dir + " has no CNI configuration yet into which namegate could be chained");
    }
    NG_ASSIGN(const std::string text, read_file(folder + "/" + *other, cni::kMaxJsonBytes));
    return chain_namegate(text, kSettings).with_context(options.paths.conf_dir + "/" + *other);
}

// The plugins exist. Links of the node need not lead anywhere here, where the node has another root.
Result<> check_plugins(const InstallOptions& options, const std::string& conflist) {
    NG_ASSIGN(const auto needed, needed_plugins(conflist).with_context(options.conflist.empty() ? kConflistName : options.conflist));
    std::vector<std::string> missing;
    for (const std::string& name : needed) {
        if (!system_files().has_name(options.paths.host + options.paths.bin_dir + "/" + name)) {
            missing.push_back(name);
        }
    }
    return missing.empty() ? ok()
                           : Result<>(Error(Code::kNotFound, "these plugins, without which no pod starts, are not in " +
                                                                 options.paths.bin_dir + ": " + listed(missing, missing.size())));
}

// The settings with the node's name, checked as daemon and plugin check them.
Result<std::string> settings_for(const InstallOptions& options) {
    NG_ASSIGN(std::string text, read_file(options.settings, config::kMaxConfigBytes));
    NG_ASSIGN(const config::Config config, config::parse_config(options.settings, text));
    // It is written between quotes.
    if (!options.node_name.empty() && !is_object_name(options.node_name)) {
        return Error(Code::kInvalidInput, "\"" + options.node_name + "\" is not the name of a node");
    }
    if (config.node_name.empty() && !options.node_name.empty()) {
        text += "\nnodeName: \"" + options.node_name + "\"\n";
        NG_TRY(config::parse_config(options.settings + " with the node's name", text));
    }
    return text;
}

Result<> place(const std::string& path, const std::string& content, mode_t mode, std::vector<std::string>& done) {
    // The runtime reads its folder again after each change.
    if (const auto now = read_file(path, kMaxProgramBytes); now && *now == content) {
        done.push_back("unchanged " + path);
        return ok();
    }
    NG_TRY(make_directories(path.substr(0, path.rfind('/')), kFolderMode));
    NG_TRY(write_file_atomically(path, content, mode));
    done.push_back("installed " + path);
    return ok();
}

// Those whose interface is there. A record whose pod another plugin removed has none.
Result<std::vector<std::string>> enforced_pods(const NodePaths& paths, const config::Config& config) {
    NG_ASSIGN(const auto listing, endpoints::RecordStore(paths.host + config.records_dir()).list());
    std::vector<std::string> out;
    for (const endpoints::Record& record : listing.records) {
        if (::if_nametoindex(record.host_ifname.c_str()) != 0) {
            out.push_back(endpoints::display_name(record));
        }
    }
    for (const endpoints::BadRecord& bad : listing.bad) {
        out.push_back(bad.path + " (" + bad.why + ")");
    }
    return out;
}

Result<config::Config> settings_of_node(const NodePaths& paths) { return config::load_config(settings_path(paths)); }

// All paths that belong to namegate alone, in the order of their removal: the runtime's configuration first, the settings, which
// say where the others are, last.
std::vector<std::string> own_paths(const NodePaths& paths, const config::Config& config) {
    return {conflist_path(paths),          plugin_path(paths),  paths.host + config.bpffs_dir, paths.host + config.state_dir,
            paths.host + config.cache_dir, settings_path(paths)};
}

Result<> remove_path(const std::string& path) {
    std::error_code failed;
    fs::remove_all(path, failed);
    return failed ? Result<>(sys_error("remove " + path, failed.value())) : ok();
}

}  // namespace

Result<std::vector<std::string>> install_on_node(const InstallOptions& options) {
    // All that can be refused is refused before anything changes.
    NG_ASSIGN(const std::string conflist, conflist_for(options));
    NG_TRY(check_plugins(options, conflist));
    NG_ASSIGN(const std::string settings, settings_for(options));
    NG_ASSIGN(const std::string program, read_file(options.plugin, kMaxProgramBytes));
    std::vector<std::string> done;
    NG_TRY(make_directories(options.paths.host + kPolicies, kFolderMode));
    NG_TRY(place(settings_path(options.paths), settings, 0644, done));
    NG_TRY(place(plugin_path(options.paths), program, 0755, done));
    NG_TRY(place(conflist_path(options.paths), conflist, 0644, done));
    return done;
}

Result<Removal> remove_from_node(const NodePaths& paths) {
    NG_ASSIGN(const config::Config config, settings_of_node(paths));
    NG_ASSIGN(const auto other, other_configuration(paths));
    Removal out;
    NG_ASSIGN(out.waits_for, enforced_pods(paths, config));
    if (out.waits_for.empty() || other) {
        NG_TRY(remove_file(conflist_path(paths)));
        // A pod may have been added between the two.
        NG_ASSIGN(out.waits_for, enforced_pods(paths, config));
    }
    if (!out.waits_for.empty()) {
        return out;
    }
    for (const std::string& path : own_paths(paths, config)) {
        NG_TRY(remove_path(path));
    }
    // What the operator put there stays.
    for (const char* folder : {kPolicies, "/etc/namegate"}) {
        std::error_code not_empty;
        fs::remove(paths.host + folder, not_empty);
    }
    out.done = true;
    return out;
}

std::vector<std::string> left_on_node(const NodePaths& paths) {
    std::vector<std::string> out;
    for (const std::string& path : own_paths(paths, settings_of_node(paths).value_or(config::Config()))) {
        if (system_files().has_name(path)) {
            out.push_back(path);
        }
    }
    return out;
}

}  // namespace namegate::rollout
