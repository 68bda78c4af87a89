// SPDX-License-Identifier: Apache-2.0
#include "datapath/hooks.h"

#include <bpf/bpf.h>

#include <cerrno>

#include "datapath/libbpf_options.h"
#include "datapath/object.h"

namespace namegate::datapath {

namespace {

// The first priority, and a handle ("ng") that other filters are unlikely to have.
constexpr std::uint32_t kPriority = 1;
constexpr std::uint32_t kHandle = 0x6e67;

bpf_tc_hook tc_hook(std::uint32_t ifindex, bpf_tc_attach_point point) {
    auto hook = libbpf_options<bpf_tc_hook>();
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = point;
    return hook;
}

// An `ingress` qdisc occupies the place of clsact. It accepts filters for either direction but runs all of them on
// ingress, so there the filter of one program would replace that of the other.
Result<> check_direction(const Hook& hook, int program, const std::string& ifname, std::uint32_t ifindex) {
    NG_ASSIGN(const std::uint32_t number, program_number(program));
    for (const Hook& other : kHooks) {
        if (other.clsact == hook.clsact || filter_program(other, ifindex) != number) {
            continue;
        }
        NG_TRY(remove_filter(hook, ifname, ifindex));
        return Error(Code::kIo, "attaching a filter to " + ifname +
                                    ": another plugin, such as bandwidth, has made an ingress qdisc in the place of clsact; beside it the "
                                    "programs need tcx, which needs Linux 6.6");
    }
    return ok();
}

bpf_tc_opts our_filter() {
    auto options = libbpf_options<bpf_tc_opts>();
    options.handle = kHandle;
    options.priority = kPriority;
    return options;
}

}  // namespace

std::string link_path(const std::string& folder, const std::string& ifname, const Hook& hook) {
    return folder + "/links/" + pin_name(ifname) + hook.suffix;
}

Result<LinkState> link_state(int link) {
    bpf_link_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(link, &info, &size); error != 0) {
        return sys_error("reading the information of a link", -error);
    }
    // libbpf's headers lack `tcx`; its ifindex is at the same offset as that of `xdp`.
    return LinkState{info.xdp.ifindex, info.prog_id};
}

Result<> update_link(int link, int program, const std::string& path) {
    const int error = bpf_link_update(link, program, nullptr);
    return error == 0 || error == -ENOLINK ? ok() : Result<>(sys_error("updating the link " + path, -error));
}

Result<std::uint32_t> program_number(int program) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(program, &info, &size); error != 0) {
        return sys_error("reading the information of a program", -error);
    }
    return info.id;
}

std::uint32_t filter_program(const Hook& hook, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    bpf_tc_opts options = our_filter();
    return bpf_tc_query(&point, &options) == 0 ? options.prog_id : 0;
}

Result<> put_filter(const Hook& hook, int program, const std::string& ifname, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    int error = bpf_tc_hook_create(&point);
    if (error == 0 || error == -EEXIST) {
        bpf_tc_opts options = our_filter();
        options.prog_fd = program;
        options.flags = BPF_TC_F_REPLACE;
        error = bpf_tc_attach(&point, &options);
    }
    if (error == -ENODEV) {
        return Error(Code::kNotFound, "attaching a filter to " + ifname + ": no such interface", ENODEV);
    }
    if (error != 0) {
        return sys_error("attaching a filter to " + ifname, -error);
    }
    return check_direction(hook, program, ifname, ifindex);
}

Result<> remove_filter(const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    bpf_tc_hook point = tc_hook(ifindex, hook.clsact);
    bpf_tc_opts options = our_filter();
    const int error = bpf_tc_detach(&point, &options);
    // These errors mean that the interface, the qdisc or the filter does not exist.
    if (error != 0 && error != -ENOENT && error != -ENODEV && error != -EINVAL) {
        return sys_error("detaching the filter from " + ifname, -error);
    }
    return ok();
}

}  // namespace namegate::datapath
