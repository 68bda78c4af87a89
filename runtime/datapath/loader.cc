// SPDX-License-Identifier: Apache-2.0
#include "datapath/loader.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/log.h"
#include "datapath/clock.h"
#include "datapath/hooks.h"
#include "datapath/map.h"
#include "datapath/object.h"
#include "datapath/replacement.h"
#include "datapath/slots.h"

namespace namegate::datapath {

namespace {

constexpr const char* kMapNames[kMapCount] = {
#define NG_MAP(id, name, ...) #name,
#define NG_MAP_OF_MAPS(id, name, ...) #name,
#define NG_MAP_ON_DEMAND(id, name, ...) #name,
#define NG_RING(id, name, ...) #name,
#include "datapath/bpf/maps.def"
#undef NG_MAP
#undef NG_MAP_OF_MAPS
#undef NG_MAP_ON_DEMAND
#undef NG_RING
};
constexpr const char* kProgramNames[kProgramCount] = {"pod_egress", "pod_ingress", "clock_now", "sweep_flows", "empty"};

bool is_bpffs(const std::string& path) {
    struct statfs info {};
    return ::statfs(path.c_str(), &info) == 0 && static_cast<unsigned long>(info.f_type) == BPF_FS_MAGIC;
}

std::string existing_parent(const std::string& path) {
    std::filesystem::path at(path);
    std::error_code ignored;
    while (!std::filesystem::exists(at, ignored) && at.has_parent_path() && at != at.parent_path()) {
        at = at.parent_path();
    }
    return at.string();
}

// Mounts a BPF file system if there is none: a node that has not used BPF has none.
Result<> ensure_bpffs(const std::string& dir) {
    if (is_bpffs(existing_parent(dir))) {
        return make_directories(dir, 0700);
    }
    const std::string standard = "/sys/fs/bpf";
    const bool below_standard = dir == standard || dir.rfind(standard + "/", 0) == 0;
    const std::string root = below_standard ? standard : dir;
    if (!below_standard) {
        NG_TRY(make_directories(root, 0700));
    }
    if (::mount("bpf", root.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
        return sys_error("mounting the BPF file system on " + root, errno);
    }
    return make_directories(dir, 0700);
}

bool exists(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

std::string folder_below(const std::string& bpffs_dir) { return bpffs_dir + "/v" + std::to_string(NG_ABI_VERSION); }

// Checks every pin that a load makes. If one is missing, none of the pins is used.
bool all_pinned(const std::string& folder) {
    for (const char* name : kMapNames) {
        if (!exists(folder + "/maps/" + name)) {
            return false;
        }
    }
    for (const char* name : kProgramNames) {
        if (!exists(folder + "/programs/" + name)) {
            return false;
        }
    }
    return exists(folder + "/links");
}

// Leaves version and build unset.
Result<ng_meta> new_meta() {
    ng_meta meta{};
    meta.next_endpoint = 1;
    meta.next_policy = 1;
    NG_ASSIGN(meta.hz, jiffies_per_second());
    if (::getrandom(&meta.seed, sizeof meta.seed, 0) != static_cast<ssize_t>(sizeof meta.seed)) {
        return sys_error("choosing the seed of name hashes", errno);
    }
    NG_ASSIGN(meta.held_mark, random_mark());
    return meta;
}

// Hands the links of a datapath that lost pins to the new programs. Their maps are empty, so the interfaces are closed
// until they are programmed again, and never open.
Result<> adopt_links(const std::string& old_links, const std::string& fresh) {
    if (!exists(old_links)) {
        return ok();
    }
    NG_ASSIGN(const auto names, list_directory(old_links, kMaxLinks));
    NG_ASSIGN(const Fd egress, open_pin(fresh + "/programs/pod_egress"));
    NG_ASSIGN(const Fd ingress, open_pin(fresh + "/programs/pod_ingress"));
    for (const auto& name : names) {
        NG_ASSIGN(const Fd link, open_pin(old_links + "/" + name));
        const bool from_pod = name.size() > 3 && name.compare(name.size() - 3, 3, "-in") == 0;
        const int error = bpf_link_update(link.get(), from_pod ? egress.get() : ingress.get(), nullptr);
        if (error == -ENOLINK) {
            continue;  // severed: its interface is gone
        }
        if (error != 0) {
            return sys_error("handing the link " + name + " to the new programs", -error);
        }
        const std::string to = fresh + "/links/" + name;
        if (std::rename((old_links + "/" + name).c_str(), to.c_str()) != 0) {
            return sys_error("moving the link " + name, errno);
        }
    }
    return ok();
}

// Loads into a temporary folder and renames it into place. The next call completes what a crash interrupted.
Result<> load_fresh(const std::string& folder, const ng_meta& meta) {
    const std::string loading = folder + "-loading";
    // After a crash between moving the links and the rename, the moved links are in the temporary folder, which must
    // then be kept.
    std::error_code unreadable;
    const bool has_links = exists(loading + "/links") && !std::filesystem::is_empty(loading + "/links", unreadable);
    if (!has_links || !all_pinned(loading)) {
        NG_TRY(remove_tree(loading));
        for (const char* part : {"/maps", "/programs", "/links"}) {
            NG_TRY(make_directories(loading + part, 0700));
        }
        NG_TRY(load_and_pin(meta, loading));
    }
    NG_TRY(adopt_links(folder + "/links", loading));
    NG_TRY(remove_tree(folder));
    if (std::rename(loading.c_str(), folder.c_str()) != 0) {
        return sys_error("renaming " + loading + " to " + folder, errno);
    }
    return ok();
}

}  // namespace

const char* map_name(MapId id) { return kMapNames[static_cast<std::size_t>(id)]; }
const char* program_name(ProgramId id) { return kProgramNames[static_cast<std::size_t>(id)]; }

Datapath::Datapath(DatapathOptions options) : options_(std::move(options)), folder_(folder_below(options_.bpffs_dir)) {}

bool Datapath::is_loaded(const std::string& bpffs_dir) { return exists(folder_below(bpffs_dir)); }

Result<std::unique_ptr<Datapath>> Datapath::open(const DatapathOptions& options) {
    use_own_log();
    std::unique_ptr<Datapath> datapath(new Datapath(options));
    NG_TRY(datapath->find_others());
    if (!all_pinned(datapath->folder_)) {
        NG_TRY(datapath->load().with_context("loading the datapath into " + datapath->folder_));
    }
    NG_TRY(datapath->read_meta());
    if (datapath->meta_.build != program_build() && options.take_over) {
        // The old programs have the same layout, so a failure only leaves them in force.
        datapath->replaced_ = replace_programs(*datapath, datapath->meta_).with_context("replacing the programs of another build");
        NG_TRY(datapath->read_meta());
    }
    // Endpoints of an older build keep their slots.
    if (datapath->fresh_ && datapath->older_.empty()) {
        NG_TRY(ensure_spare_slots(*datapath, options.spare_slots));
    }
    return datapath;
}

// Two datapaths on one interface are not allowed: each would deny packets of flows that only the other one knows.
Result<> Datapath::find_others() {
    NG_ASSIGN(const auto builds, OtherBuild::list(options_.bpffs_dir));
    for (const OtherBuild& build : builds) {
        NG_ASSIGN(const auto interfaces, build.interfaces());
        const bool idle = interfaces.empty();
        if (build.is_newer() && (!idle || !options_.take_over)) {
            const std::string what = idle ? " runs on" : " enforces " + std::to_string(interfaces.size()) + " interfaces of";
            return Error(Code::kUnsupported, "a newer build of namegate (layout version " + std::to_string(build.version()) + ")" + what +
                                                 " this node, and this one (version " + std::to_string(NG_ABI_VERSION) +
                                                 ") cannot take over: install the newer build again, or remove the pods first");
        }
        if (!idle || (!build.is_newer() && !options_.take_over)) {
            older_.push_back(build);
        } else {
            NG_TRY(build.remove());
        }
    }
    if (!older_.empty() && !options_.take_over && !all_pinned(folder_)) {
        return Error(Code::kTryAgain, "the daemon of an older build of namegate (layout version " +
                                          std::to_string(older_.front().version()) + ") is still running: start the installed one");
    }
    return ok();
}

// The seed is kept, because pattern ids of learned addresses are hashes with it; so are the next ids, because records on
// disk contain endpoint ids.
Result<ng_meta> Datapath::first_meta() const {
    NG_ASSIGN(ng_meta meta, new_meta());
    if (!older_.empty()) {
        if (const auto older = older_.front().meta(); older) {
            meta = *older;
        } else {
            log::warning("the state of an older build cannot be carried over", {log::kv("error", older.error().message())});
        }
    }
    meta.abi_version = NG_ABI_VERSION;
    meta.build = program_build();
    return meta;
}

Result<> Datapath::load() {
    NG_TRY(ensure_bpffs(options_.bpffs_dir));
    NG_ASSIGN(const ng_meta meta, first_meta());
    NG_TRY(load_fresh(folder_, meta));
    fresh_ = true;
    return ok();
}

Result<std::vector<std::string>> Datapath::retire_older() {
    std::vector<std::string> left;
    std::vector<OtherBuild> still;
    for (const OtherBuild& build : older_) {
        NG_ASSIGN(const auto interfaces, build.interfaces());
        if (interfaces.empty()) {
            NG_TRY(build.remove());
        } else {
            left.insert(left.end(), interfaces.begin(), interfaces.end());
            still.push_back(build);
        }
    }
    older_ = std::move(still);
    return left;
}

Result<> Datapath::read_meta() {
    NG_ASSIGN(const int fd, map(MapId::kMeta));
    const std::uint32_t zero = 0;
    NG_ASSIGN(const auto meta, map_lookup<ng_meta>(fd, zero));
    if (!meta || meta->abi_version != NG_ABI_VERSION) {
        return Error(Code::kUnsupported, "the maps pinned in " + folder_ + " have layout version " +
                                             std::to_string(meta ? meta->abi_version : 0) + ", this program has version " +
                                             std::to_string(NG_ABI_VERSION) + ": remove " + folder_ + " and start again");
    }
    meta_ = *meta;
    return ok();
}

bool Datapath::is_pinned() const { return all_pinned(folder_) && is_current(); }

bool Datapath::is_current() const {
    const auto id_of = [](int fd) {
        bpf_map_info info{};
        __u32 size = sizeof info;
        return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
    };
    const auto pinned = open_pin(folder_ + "/maps/" + map_name(MapId::kMeta));
    return pinned && id_of(pinned->get()) == id_of(maps_[static_cast<std::size_t>(MapId::kMeta)].get());
}

Result<int> Datapath::map(MapId id) {
    Fd& fd = maps_[static_cast<std::size_t>(id)];
    if (!fd.valid()) {
        NG_ASSIGN(fd, open_pin(folder_ + "/maps/" + map_name(id)));
    }
    return fd.get();
}

Result<int> Datapath::program(ProgramId id) {
    Fd& fd = programs_[static_cast<std::size_t>(id)];
    if (!fd.valid()) {
        NG_ASSIGN(fd, open_pin(folder_ + "/programs/" + program_name(id)));
    }
    return fd.get();
}

Result<Fd> Datapath::inner_map(MapId outer, std::uint32_t slot) {
    NG_ASSIGN(const int fd, map(outer));
    NG_ASSIGN(const auto id, map_lookup<std::uint32_t>(fd, slot));
    if (!id) {
        return Error(Code::kNotFound, std::string("slot ") + std::to_string(slot) + " has no inner map in " + map_name(outer));
    }
    const int inner = bpf_map_get_fd_by_id(*id);
    if (inner < 0) {
        return sys_error(std::string("opening the inner map of slot ") + std::to_string(slot) + " in " + map_name(outer), -inner);
    }
    return Fd(inner);
}

Result<std::uint32_t> Datapath::take_number(std::uint32_t ng_meta::*member) {
    NG_TRY(read_meta());
    ng_meta next = meta_;
    const std::uint32_t number = next.*member;
    if (number == UINT32_MAX) {
        return Error(Code::kExhausted, "all ids are used up: remove " + folder_ + " and start again");
    }
    next.*member += 1;
    NG_ASSIGN(const int fd, map(MapId::kMeta));
    const std::uint32_t zero = 0;
    NG_TRY(map_update(fd, zero, next));
    meta_ = next;
    return number;
}

Result<std::uint32_t> Datapath::next_endpoint_id() { return take_number(&ng_meta::next_endpoint); }
Result<std::uint32_t> Datapath::next_policy_id() { return take_number(&ng_meta::next_policy); }

Result<std::uint32_t> Datapath::upcoming_policy_id() {
    NG_TRY(read_meta());
    return meta_.next_policy;
}

Result<> Datapath::remove() {
    NG_TRY(remove_tree(folder_));
    return remove_tree(folder_ + "-loading");
}

}  // namespace namegate::datapath
