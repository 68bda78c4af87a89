// SPDX-License-Identifier: Apache-2.0
#include "datapath/replacement.h"

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/file.h"
#include "datapath/attach.h"
#include "datapath/hooks.h"
#include "datapath/map.h"
#include "datapath/object.h"
#include "datapath/reader.h"

namespace namegate::datapath {

namespace {

Result<> pin_programs(const Datapath& datapath, const ng_meta& meta) {
    const std::string beside = datapath.folder() + "/programs-next";
    NG_TRY(remove_tree(beside));
    NG_TRY(make_directories(beside, 0700));
    NG_TRY(load_onto_maps(meta, datapath.folder() + "/maps", beside));
    for (std::size_t i = 0; i < kProgramCount; ++i) {
        const std::string name = program_name(static_cast<ProgramId>(i));
        const std::string to = datapath.folder() + "/programs/" + name;
        if (std::rename((beside + "/" + name).c_str(), to.c_str()) != 0) {
            return sys_error("renaming a pin to " + to, errno);
        }
    }
    return remove_tree(beside);
}

Result<> change_links(Datapath& datapath) {
    NG_ASSIGN(const auto links, list_links(datapath));
    for (const PinnedLink& one : links) {
        const std::string path = link_path(datapath.folder(), one.ifname, *one.hook);
        NG_ASSIGN(const int program, datapath.program(one.hook->program));
        NG_ASSIGN(const Fd link, open_pin(path));
        NG_TRY(update_link(link.get(), program, path));
    }
    return ok();
}

Result<> change_filters(Datapath& datapath) {
    NG_ASSIGN(const auto interfaces, read_interfaces(datapath));
    for (const auto& entry : interfaces) {
        for (const Hook& hook : kHooks) {
            if (filter_program(hook, entry.first) != 0) {
                NG_ASSIGN(const int program, datapath.program(hook.program));
                NG_TRY(put_filter(hook, program, "interface " + std::to_string(entry.first), entry.first));
            }
        }
    }
    return ok();
}

}  // namespace

Result<> replace_programs(Datapath& datapath, ng_meta meta) {
    NG_TRY(pin_programs(datapath, meta));
    NG_TRY(change_links(datapath));
    NG_TRY(change_filters(datapath));
    meta.build = program_build();
    NG_ASSIGN(const int fd, datapath.map(MapId::kMeta));
    const std::uint32_t zero = 0;
    return map_update(fd, zero, meta);
}

}  // namespace namegate::datapath
