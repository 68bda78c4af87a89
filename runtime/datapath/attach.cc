// SPDX-License-Identifier: Apache-2.0
#include "datapath/attach.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/file.h"
#include "datapath/hooks.h"
#include "datapath/object.h"
#include "datapath/slots.h"

namespace namegate::datapath {

namespace {

std::string link_path(const Datapath& datapath, const std::string& ifname, const Hook& hook) {
    return link_path(datapath.folder(), ifname, hook);
}

// Returns whether the pinned link is on this interface, and updates its program if needed. Unpins a link of an earlier
// interface with this name.
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
        NG_TRY(update_link(link->get(), program, path));
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

Result<> attach_filter(Datapath& datapath, const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    NG_ASSIGN(const int program, datapath.program(hook.program));
    return put_filter(hook, program, ifname, ifindex);
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
    NG_TRY(attach_both(datapath, attach_filter, ifname, ifindex));
    return AttachKind::kClsact;
}

Result<> detach(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex) {
    for (const Hook& hook : kHooks) {
        const std::string path = link_path(datapath, ifname, hook);
        const bool by_tcx = ::access(path.c_str(), F_OK) == 0;
        NG_TRY(remove_file(path));
        if (!by_tcx && ifindex != 0) {
            NG_TRY(remove_filter(hook, ifname, ifindex));
        }
    }
    for (const OtherBuild& older : datapath.older()) {
        NG_TRY(older.unpin(ifname));
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
        if (filter_program(hook, ifindex) != wanted) {
            return false;
        }
    }
    return true;
}

namespace {

Result<> take_over_hook(Datapath& datapath, const OtherBuild& older, const Hook& hook, const std::string& ifname, std::uint32_t ifindex) {
    NG_ASSIGN(const int program, datapath.program(hook.program));
    const std::string from = link_path(older.folder(), ifname, hook);
    auto link = open_pin(from);
    if (!link && link.error().code() != Code::kNotFound) {
        return link.error();
    }
    if (link) {
        NG_ASSIGN(const LinkState state, link_state(link->get()));
        if (state.ifindex != ifindex) {
            return remove_file(from);  // of an earlier interface with this name
        }
        // The link is updated before the pin is moved: after a crash in between, the next call finds the pin in
        // the older folder and repeats both.
        NG_TRY(update_link(link->get(), program, from));
        if (std::rename(from.c_str(), link_path(datapath, ifname, hook).c_str()) != 0) {
            return sys_error("moving the link " + from, errno);
        }
        return ok();
    }
    return older.is_filter(filter_program(hook, ifindex)) ? put_filter(hook, program, ifname, ifindex) : ok();
}

}  // namespace

Result<> take_over(Datapath& datapath, const std::string& ifname, std::uint32_t ifindex, std::uint32_t slot) {
    for (const OtherBuild& older : datapath.older()) {
        NG_ASSIGN(const bool on, older.is_on(ifname, ifindex));
        if (on) {
            NG_TRY(copy_grown_maps(datapath, older, slot, Write::kAny));
        }
        for (const Hook& hook : kHooks) {
            NG_TRY(take_over_hook(datapath, older, hook, ifname, ifindex));
        }
        if (on) {
            NG_TRY(copy_grown_maps(datapath, older, slot, Write::kOnlyNew));
        }
    }
    return ok();
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
                continue;  // removed since the folder was listed
            }
            if (!link) {
                return link.error();
            }
            NG_ASSIGN(const LinkState state, link_state(link->get()));
            links.push_back({name_of_pin(name.substr(0, name.size() - suffix.size())), &hook, state.ifindex});
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
        NG_TRY(remove_file(link_path(datapath, link.ifname, *link.hook)));
        if (removed.empty() || removed.back() != link.ifname) {
            removed.push_back(link.ifname);
        }
    }
    return removed;
}

}  // namespace namegate::datapath
