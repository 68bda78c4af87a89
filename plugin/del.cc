// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/identifiers.h"
#include "base/log.h"
#include "endpoints/host_interface_alias.h"
#include "endpoints/host_interface_name.h"
#include "netlink/link.h"
#include "plugin/ipam.h"
#include "plugin/link_removal.h"
#include "plugin/masquerade.h"
#include "plugin/operations.h"

namespace namegate::plugin {

namespace {

using cni::Outcome;

// A failing DEL prevents the removal of a pod. A failure is therefore only logged if the daemon or the next boot removes what it
// left behind.
void note(std::string_view step, const std::string& message) {
    log::warning("DEL continues after a failure", {log::kv("step", step), log::kv("error", message)});
}

// Null if it cannot be opened: the interface must be removed all the same. Also shortens the grace periods.
std::unique_ptr<node::EndpointLifecycle> try_open_lifecycle(const OpenLifecycle& make, const std::string& config_path) {
    auto lifecycle = make(config_path);
    if (!lifecycle) {
        note("programs", lifecycle.error().message());
        return nullptr;
    }
    (*lifecycle)->shorten_grace_periods();
    return std::move(lifecycle).value();
}

void remove_programs(node::EndpointLifecycle* lifecycle, const Attachment& attachment) {
    if (lifecycle == nullptr) {
        return;
    }
    if (const auto removed = lifecycle->remove(attachment.container_id, attachment.ifname); !removed) {
        note("programs", removed.error().message());
    }
}

void remove_masquerade(const std::string& host_ifname) {
    const auto masquerade = Masquerade::create();
    if (!masquerade) {
        note("masquerade", masquerade.error().message());
        return;
    }
    if (const auto removed = masquerade->remove(host_ifname); !removed) {
        note("masquerade", removed.error().message());
    }
}

// Host interfaces of this network that the runtime does not know any more.
Result<std::vector<netlink::Link>> stale_links(const Request& request) {
    std::set<std::string> valid;
    for (const Attachment& attachment : *request.config.valid_attachments) {
        valid.insert(endpoints::host_interface_name(attachment.container_id, attachment.ifname));
    }
    NG_ASSIGN(netlink::Socket socket, netlink::Socket::open());
    NG_ASSIGN(std::vector<netlink::Link> links, netlink::list_links(socket));
    std::vector<netlink::Link> stale;
    for (netlink::Link& link : links) {
        const auto owner = endpoints::parse_alias(link.alias);
        // The name must follow from the owner, because anyone can set the same alias on another interface.
        if (owner && owner->network == request.config.name && valid.count(link.name) == 0 &&
            link.name == endpoints::host_interface_name(owner->container_id, owner->ifname)) {
            stale.push_back(std::move(link));
        }
    }
    return stale;
}

void remove_stale_programs(node::EndpointLifecycle* lifecycle, const Request& request) {
    if (lifecycle == nullptr) {
        return;
    }
    const auto known = lifecycle->attachments(request.config.name);
    if (!known) {
        note("programs", known.error().message());
        return;
    }
    const std::set<Attachment> valid(request.config.valid_attachments->begin(), request.config.valid_attachments->end());
    for (const Attachment& attachment : *known) {
        if (valid.count(attachment) == 0) {
            log::info("GC removes an attachment", {log::kv("container", attachment.container_id), log::kv("ifname", attachment.ifname)});
            remove_programs(lifecycle, attachment);
        }
    }
}

// The host interface, found by its alias if it was renamed; nullopt when it is gone.
Result<std::optional<netlink::Link>> find_host_link(netlink::Socket& socket, const Request& request, const std::string& host_ifname) {
    auto named = netlink::find_link(socket, host_ifname);
    if (named) {
        return std::optional<netlink::Link>(std::move(named).value());
    }
    if (named.error().code() != Code::kNotFound) {
        return named.error();
    }
    const auto links = netlink::list_links(socket);
    for (const netlink::Link& link : links ? *links : std::vector<netlink::Link>()) {
        const auto owner = endpoints::parse_alias(link.alias);
        if (owner && owner->network == request.config.name && owner->container_id == request.environment.container_id &&
            owner->ifname == request.environment.ifname) {
            return std::optional<netlink::Link>(link);
        }
    }
    return std::optional<netlink::Link>();
}

// Removes the masquerade rules of interfaces that do not exist any more, in all networks.
void remove_orphaned_masquerade() {
    const auto masquerade = Masquerade::create();
    auto socket = netlink::Socket::open();
    if (!masquerade || !socket) {
        return;
    }
    const auto names = masquerade->list();
    if (!names) {
        note("masquerade", names.error().message());
        return;
    }
    for (const std::string& name : *names) {
        const auto link = netlink::find_link(*socket, name);
        if (!link && link.error().code() == Code::kNotFound) {
            remove_masquerade(name);
        }
    }
}

}  // namespace

Outcome<> Operations::del(const Request& request) {
    const cni::Environment& environment = request.environment;
    const Attachment attachment{environment.container_id, environment.ifname};
    // Opened first: the short grace periods also speed up the removal of the interface.
    const std::unique_ptr<node::EndpointLifecycle> lifecycle = try_open_lifecycle(dependencies_.open_lifecycle, request.config.config_path);
    if (!request.config.has_ipam()) {
        // Chained: the interface belongs to another plugin, whose DEL comes next and must not be delayed.
        remove_programs(lifecycle.get(), attachment);
        return Unit{};
    }
    const std::string host_ifname = endpoints::host_interface_name(environment.container_id, environment.ifname);
    // The interface goes down first: if it were up without programs, everything would pass. The address is released last,
    // because another pod may get it then.
    NG_ASSIGN(netlink::Socket socket, netlink::Socket::open());
    NG_ASSIGN(const std::optional<netlink::Link> link, find_host_link(socket, request, host_ifname));
    NG_ASSIGN(LinkRemoval removal, LinkRemoval::begin(socket, link));
    auto release = Ipam(request, dependencies_.environment).start(cni::Command::kDel);
    remove_programs(lifecycle.get(), attachment);
    if (request.config.ip_masq) {
        remove_masquerade(host_ifname);
    }
    if (!release) {
        NG_TRY(removal.finish());
        return release.error();
    }
    release->go();
    const auto released = release->finish();
    NG_TRY(removal.finish());
    NG_TRY(released);
    return Unit{};
}

Outcome<> Operations::gc(const Request& request) {
    if (!request.config.valid_attachments) {
        return Unit{};
    }
    Outcome<> result = Unit{};
    const std::unique_ptr<node::EndpointLifecycle> lifecycle = try_open_lifecycle(dependencies_.open_lifecycle, request.config.config_path);
    if (request.config.has_ipam()) {
        NG_ASSIGN(const std::vector<netlink::Link> stale, stale_links(request));
        NG_ASSIGN(netlink::Socket socket, netlink::Socket::open());
        for (const netlink::Link& link : stale) {
            const auto owner = endpoints::parse_alias(link.alias);
            log::info("GC removes an attachment", {log::kv("container", owner->container_id), log::kv("interface", link.name)});
            auto removal = LinkRemoval::begin(socket, link);
            if (!removal) {
                result = removal.error();
                continue;
            }
            remove_programs(lifecycle.get(), {owner->container_id, owner->ifname});
            if (const auto gone = removal->finish(); !gone) {
                result = gone.error();
            }
        }
    }
    // Attachments whose interface is gone already or belongs to another plugin.
    remove_stale_programs(lifecycle.get(), request);
    if (request.config.has_ipam()) {
        if (request.config.ip_masq) {
            remove_orphaned_masquerade();
        }
        if (auto delegated = Ipam(request, dependencies_.environment).run(cni::Command::kGc); !delegated) {
            result = std::move(delegated);
        }
    }
    return result;
}

}  // namespace namegate::plugin
