// SPDX-License-Identifier: Apache-2.0
#include "datapath/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/file.h"
#include "datapath/libbpf_options.h"
#include "datapath/object.h"

namespace namegate::datapath {

namespace {

// Newer than the headers of Debian 12; both are the kernel's ABI.
constexpr int kTcxIngress = 46;
constexpr int kTcxEgress = 47;
// First in line, and a handle ("ng") that nobody else's filter is likely to have.
constexpr std::uint32_t kPriority = 1;
constexpr std::uint32_t kHandle = 0x6e67;
constexpr std::size_t kMaxLinks = 65536;

struct Hook {
    ProgramId program;
    int tcx;
    bpf_tc_attach_point clsact;
    const char* suffix;
};
constexpr std::array<Hook, 2> kHooks{Hook{ProgramId::kPodEgress, kTcxIngress, BPF_TC_INGRESS, "-in"},
                                     Hook{ProgramId::kPodIngress, kTcxEgress, BPF_TC_EGRESS, "-out"}};

std::string link_path(const Datapath& datapath, const std::string& ifname, const Hook& hook) {
    return datapath.folder() + "/links/" + pin_name(ifname) + hook.suffix;
}

struct LinkState {
    std::uint32_t ifindex = 0;
    std::uint32_t program = 0;
};

Result<LinkState> link_state(int link) {
    bpf_link_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(link, &info, &size); error != 0) {
        return sys_error("reading a link's description", -error);
    }
    // The interface index of a tcx link stands where that of an XDP link does.
    return LinkState{info.xdp.ifindex, info.prog_id};
}

Result<std::uint32_t> program_number(int program) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(program, &info, &size); error != 0) {
        return sys_error("reading a program's description", -error);
    }
    return info.id;
}

// Does the pinned link already do what is wanted? A link of an older interface of that name is unpinned.
Result<bool> adopt_link(const std::string& path, int program, std::uint32_t ifindex) {
    auto link = open_pin(path);
    if (!link) {
        return link.error().code() == Code::kNotFound ? Result<bool>(false) : Result<bool>(link.error());
    }
    NG_ASSIGN(const LinkState state, link_state(link->get()));
    if (state.ifindex != ifindex) {
        NG_TRY(remove_file(path));
        return false;
    }
    NG_ASSIGN(const std::uint32_t wanted, program_number(program));
    if (state.program != wanted) {
        if (const int error = bpf_link_update(link->get(), program, nullptr); error != 0) {
            return sys_error("updating the link " + path, -error);
        }
    }
    return true;
}

Error attach_error(const std::string& what, int error) {
    return error == ENODEV ? Error(Code::kNotFound, what + ": no such interface", error) : sys_error(what, error);
}

Result<> attach_tcx(Datapath& datapath, const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    const std::string path = link_path(datapath, ifname, hook);
    NG_ASSIGN(const int program, datapath.program(hook.program));
    NG_ASSIGN(const bool there, adopt_link(path, program, ifindex));
    if (there) {
        return ok();
    }
    const Fd link(bpf_link_create(program, static_cast<int>(ifindex), static_cast<bpf_attach_type>(hook.tcx), nullptr));
    const int error = errno;
    if (!link.valid()) {
        return attach_error("attaching to " + ifname + " by tcx", error);
    }
    if (const int failed = bpf_obj_pin(link.get(), path.c_str()); failed != 0) {
        return sys_error("pinning the link " + path, -failed);
    }
    return ok();
}

bpf_tc_hook tc_hook(std::uint32_t ifindex, bpf_tc_attach_point point) {
    auto hook = libbpf_options<bpf_tc_hook>();
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = point;
    return hook;
}

Result<> attach_clsact(Datapath& datapath, const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    if (const int error = bpf_tc_hook_create(&point); error != 0 && error != -EEXIST) {
        return attach_error("making the clsact qdisc of " + ifname, -error);
    }
    NG_ASSIGN(const int program, datapath.program(hook.program));
    auto options = libbpf_options<bpf_tc_opts>();
    options.prog_fd = program;
    options.flags = BPF_TC_F_REPLACE;
    options.handle = kHandle;
    options.priority = kPriority;
    if (const int error = bpf_tc_attach(&point, &options); error != 0) {
        return attach_error("attaching a filter to " + ifname, -error);
    }
    return ok();
}

Result<> detach_clsact(const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    auto options = libbpf_options<bpf_tc_opts>();
    options.handle = kHandle;
    options.priority = kPriority;
    const int error = bpf_tc_detach(&point, &options);
    // No such interface, qdisc, or filter: nothing of ours is there.
    if (error != 0 && error != -ENOENT && error != -ENODEV && error != -EINVAL) {
        return sys_error("detaching the filter from " + ifname, -error);
    }
    return ok();
}

// The id of our filter's program; 0 when there is none.
std::uint32_t clsact_program(const Hook& hook, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    auto options = libbpf_options<bpf_tc_opts>();
    options.handle = kHandle;
    options.priority = kPriority;
    return bpf_tc_query(&point, &options) == 0 ? options.prog_id : 0;
}

bool means_no_tcx(const Error& error) { return error.sys_errno() == EINVAL || error.sys_errno() == EOPNOTSUPP; }

using AttachOne = Result<> (*)(Datapath&, const Hook&, const std::string&, std::uint32_t);

Result<> attach_both(Datapath& datapath, AttachOne attach_one, const std::string& ifname, std::uint32_t ifindex) {
    for (const Hook& hook : kHooks) {
        if (auto attached = attach_one(datapath, hook, ifname, ifindex); !attached) {
            static_cast<void>(detach(datapath, ifname, ifindex));
            return attached;
        }
    }
    return ok();
}

}  // namespace

Result<AttachKind> attach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex) {
    const AttachMode mode = datapath.options().attach;
    if (mode != AttachMode::kClsact) {
        auto attached = attach_both(datapath, attach_tcx, ifname, ifindex);
        if (attached) {
            return AttachKind::kTcx;
        }
        if (mode == AttachMode::kTcx || !means_no_tcx(attached.error())) {
            return attached.error();
        }
    }
    NG_TRY(attach_both(datapath, attach_clsact, ifname, ifindex));
    return AttachKind::kClsact;
}

Result<> detach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex) {
    for (const Hook& hook : kHooks) {
        const std::string path = link_path(datapath, ifname, hook);
        const bool by_tcx = ::access(path.c_str(), F_OK) == 0;
        NG_TRY(remove_file(path));
        if (!by_tcx && ifindex != 0) {
            NG_TRY(detach_clsact(hook, ifname, ifindex));
        }
    }
    return ok();
}

Result<bool> is_attached(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex) {
    for (const Hook& hook : kHooks) {
        NG_ASSIGN(const int program, datapath.program(hook.program));
        NG_ASSIGN(const std::uint32_t wanted, program_number(program));
        auto link = open_pin(link_path(datapath, ifname, hook));
        if (link) {
            NG_ASSIGN(const LinkState state, link_state(link->get()));
            if (state.ifindex == ifindex && state.program == wanted) {
                continue;
            }
        } else if (link.error().code() != Code::kNotFound) {
            return link.error();
        }
        if (clsact_program(hook, ifindex) != wanted) {
            return false;
        }
    }
    return true;
}

Result<std::vector<PinnedLink>> list_links(Datapath& datapath) {
    const std::string folder = datapath.folder() + "/links";
    NG_ASSIGN(const auto names, list_directory(folder, kMaxLinks));
    std::vector<PinnedLink> links;
    for (const auto& name : names) {
        for (const Hook& hook : kHooks) {
            const std::string suffix = hook.suffix;
            if (name.size() <= suffix.size() || name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) {
                continue;
            }
            auto link = open_pin(folder + "/" + name);
            if (!link && link.error().code() == Code::kNotFound) {
                continue;  // gone while we were looking
            }
            if (!link) {
                return link.error();
            }
            NG_ASSIGN(const LinkState state, link_state(link->get()));
            links.push_back({name_of_pin(name.substr(0, name.size() - suffix.size())), hook.tcx == kTcxIngress, state.ifindex});
        }
    }
    return links;
}

Result<std::vector<std::string>> remove_severed_links(Datapath& datapath) {
    NG_ASSIGN(const auto links, list_links(datapath));
    std::vector<std::string> removed;
    for (const auto& link : links) {
        if (link.ifindex != 0) {
            continue;
        }
        NG_TRY(remove_file(link_path(datapath, link.ifname, kHooks[link.ingress_hook ? 0 : 1])));
        if (removed.empty() || removed.back() != link.ifname) {
            removed.push_back(link.ifname);
        }
    }
    return removed;
}

}  // namespace namegate::datapath
