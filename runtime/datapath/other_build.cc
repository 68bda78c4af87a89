// SPDX-License-Identifier: Apache-2.0
#include "datapath/other_build.h"

#include <bpf/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/file.h"
#include "datapath/hooks.h"
#include "datapath/object.h"

namespace namegate::datapath {

namespace {

constexpr std::size_t kMaxFolders = 1024;
constexpr std::size_t kMaxMetaBytes = 4096;
constexpr std::size_t kMetaHead = offsetof(ng_meta, build);  // the size in version 2

std::optional<std::uint32_t> version_of(const std::string& name) {
    std::uint32_t version = 0;
    const char* end = name.data() + name.size();
    if (name.size() < 2 || name[0] != 'v') {
        return std::nullopt;
    }
    const auto parsed = std::from_chars(name.data() + 1, end, version);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional<std::uint32_t>(version) : std::nullopt;
}

struct FreeNames {
    void operator()(struct if_nameindex* names) const { ::if_freenameindex(names); }
};

}  // namespace

OtherBuild::OtherBuild(std::uint32_t version, std::string folder) : version_(version), folder_(std::move(folder)) {
    for (const Hook& hook : kHooks) {
        const auto program = open_pin(folder_ + "/programs/" + program_name(hook.program));
        const auto number = program ? program_number(program->get()) : Result<std::uint32_t>(program.error());
        if (number) {
            programs_.push_back(*number);
        }
    }
}

Result<std::vector<OtherBuild>> OtherBuild::list(const std::string& bpffs_dir) {
    std::vector<OtherBuild> builds;
    const auto names = list_directory(bpffs_dir, kMaxFolders);
    if (!names) {
        return names.error().sys_errno() == ENOENT ? Result<std::vector<OtherBuild>>(std::move(builds)) : names.error();
    }
    for (const std::string& name : *names) {
        if (const auto version = version_of(name); version && *version != NG_ABI_VERSION) {
            builds.push_back(OtherBuild(*version, bpffs_dir + "/" + name));
        }
    }
    std::sort(builds.begin(), builds.end(), [](const OtherBuild& a, const OtherBuild& b) { return a.version_ > b.version_; });
    return builds;
}

bool OtherBuild::is_filter(std::uint32_t program) const {
    return program != 0 && std::find(programs_.begin(), programs_.end(), program) != programs_.end();
}

Result<bool> OtherBuild::is_on(const std::string& ifname, std::uint32_t ifindex) const {
    for (const Hook& hook : kHooks) {
        auto link = open_pin(link_path(folder_, ifname, hook));
        if (!link && link.error().code() != Code::kNotFound) {
            return link.error();
        }
        if (link) {
            NG_ASSIGN(const LinkState state, link_state(link->get()));
            if (state.ifindex == ifindex) {
                return true;
            }
        } else if (is_filter(filter_program(hook, ifindex))) {
            return true;
        }
    }
    return false;
}

Result<std::vector<std::string>> OtherBuild::interfaces() const {
    std::set<std::string> found;
    const auto pins = list_directory(folder_ + "/links", kMaxLinks);
    if (!pins && pins.error().sys_errno() != ENOENT) {
        return pins.error();
    }
    for (const std::string& pin : pins ? *pins : std::vector<std::string>()) {
        NG_ASSIGN(const Fd link, open_pin(folder_ + "/links/" + pin));
        NG_ASSIGN(const LinkState state, link_state(link.get()));
        if (state.ifindex != 0) {
            found.insert(name_of_pin(pin.substr(0, pin.rfind('-'))));
        }
    }
    const std::unique_ptr<struct if_nameindex, FreeNames> names(::if_nameindex());
    for (const struct if_nameindex* entry = names.get(); entry != nullptr && entry->if_name != nullptr && !programs_.empty(); ++entry) {
        for (const Hook& hook : kHooks) {
            if (found.count(entry->if_name) == 0 && is_filter(filter_program(hook, entry->if_index))) {
                found.insert(entry->if_name);
            }
        }
    }
    return std::vector<std::string>(found.begin(), found.end());
}

Result<ng_meta> OtherBuild::meta() const {
    NG_ASSIGN(const Fd map, open_pin(folder_ + "/maps/meta"));
    bpf_map_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(map.get(), &info, &size); error != 0) {
        return sys_error("reading the information of " + folder_ + "/maps/meta", -error);
    }
    if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size < kMetaHead || info.value_size > kMaxMetaBytes) {
        return Error(Code::kUnsupported, folder_ + "/maps/meta has a form that this build cannot read");
    }
    std::vector<std::uint8_t> value(info.value_size);
    const std::uint32_t zero = 0;
    if (const int error = bpf_map_lookup_elem(map.get(), &zero, value.data()); error != 0) {
        return sys_error("reading " + folder_ + "/maps/meta", -error);
    }
    ng_meta meta{};
    std::memcpy(&meta, value.data(), kMetaHead);
    if (meta.abi_version != version_) {
        return Error(Code::kUnsupported, folder_ + " has the layout version " + std::to_string(meta.abi_version));
    }
    return meta;
}

Result<Fd> OtherBuild::inner_map(const char* outer, std::uint32_t slot) const {
    NG_ASSIGN(const Fd map, open_pin(folder_ + "/maps/" + outer));
    std::uint32_t id = 0;
    const int error = bpf_map_lookup_elem(map.get(), &slot, &id);
    const int inner = error == 0 ? bpf_map_get_fd_by_id(id) : error;
    if (inner < 0) {
        return Error(Code::kNotFound, "slot " + std::to_string(slot) + " has no inner map in " + folder_ + "/maps/" + outer, -inner);
    }
    return Fd(inner);
}

Result<> OtherBuild::unpin(const std::string& ifname) const {
    for (const Hook& hook : kHooks) {
        NG_TRY(remove_file(link_path(folder_, ifname, hook)));
    }
    return ok();
}

Result<> OtherBuild::remove() const {
    NG_TRY(remove_tree(folder_));
    return remove_tree(folder_ + "-loading");
}

}  // namespace namegate::datapath
