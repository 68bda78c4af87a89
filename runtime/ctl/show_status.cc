// SPDX-License-Identifier: Apache-2.0
#include "base/listed.h"
#include "ctl/printable.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "ctl/wrap.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kValueColumn = 11;

void print_line(const Context& context, std::string_view name, const std::string& value) {
    if (value.empty()) {
        return;
    }
    std::string begin = std::string(name) + std::string(name.size() < kValueColumn ? kValueColumn - name.size() : 1, ' ');
    const std::size_t room = context.width() > 2 * kValueColumn ? context.width() - kValueColumn : std::string::npos;
    for (const std::string& line : wrap_text(printable(value), room)) {
        context.out() << begin << line << '\n';
        begin.assign(kValueColumn, ' ');
    }
}

void print_counters(const Context& context, const api::NumberMap& counters) {
    Table table({"COUNTER", "VALUE"});
    for (const auto& [name, value] : counters.entries) {
        table.add({name, std::to_string(value)});
    }
    if (!table.empty()) {
        context.out() << '\n';
        table.print(context.out(), context.width());
    }
}

void print_files(const Context& context, const std::vector<api::FileItem>& files) {
    if (files.empty()) {
        print_line(context, "files", "none");
        return;
    }
    Table table({"FILE", "LOADED", "IN FORCE", "SINCE", "RESOURCES"});
    api::Texts problems;
    for (const api::FileItem& file : files) {
        table.add({file.path, file.loaded ? "yes" : "no", file.in_force, file.since, std::to_string(file.resources)});
        problems.insert(problems.end(), file.problems.begin(), file.problems.end());
    }
    context.out() << '\n';
    table.print(context.out(), context.width());
    if (!problems.empty()) {
        context.out() << '\n';
    }
    for (const std::string& problem : problems) {
        context.out() << printable(problem) << '\n';
    }
}

// The trusted servers, each with the source that names it.
std::string servers_text(const api::StatusReply& reply) {
    api::Texts servers;
    for (const api::NamedServerItem& one : reply.trusted_servers_named_by) {
        servers.push_back(one.server + " (" + one.named_by + ")");
    }
    return listed(servers, servers.size());
}

// Empty: it is no source.
std::string api_server_text(const std::optional<api::ApiServerItem>& one) {
    if (!one) {
        return {};
    }
    const std::string state = one->connected       ? "connected since " + one->since
                              : one->since.empty() ? "connecting"
                                                   : "away since " + one->since;
    return (one->server.empty() ? "" : one->server + ", ") + state + ", " + std::to_string(one->pods) + " pods of this node, " +
           std::to_string(one->namespaces) + " namespaces, " + std::to_string(one->service_accounts) + " service accounts" +
           (one->refused == 0 ? "" : ", refused: " + std::to_string(one->refused) + ", the last: " + one->last_refused);
}

// Empty: there is none.
std::string not_policed_text(const std::optional<api::ApiServerItem>& one) {
    if (!one || one->host_network_pods.value_or(0) + one->other_network_pods.value_or(0) == 0) {
        return {};
    }
    return std::to_string(one->host_network_pods.value_or(0)) + " pods of this node in the node's network, " +
           std::to_string(one->other_network_pods.value_or(0)) + " in a network that namegate did not make";
}

std::string modes_text(const api::ModeCounts& endpoints) {
    return std::to_string(endpoints.enforced) + " enforced, " + std::to_string(endpoints.open) + " open, " +
           std::to_string(endpoints.closed) + " closed";
}

}  // namespace

ExitCode status_code(const api::StatusReply& reply) { return reply.healthy ? kYes : kNo; }

void show_status(const Context& context, const api::StatusReply& reply) {
    print_line(context, "daemon", reply.version + ", up " + duration_text(reply.uptime_seconds));
    print_line(context, "healthy", reply.healthy ? "yes" : "no");
    for (const std::string& line : reply.degraded) {
        print_line(context, "degraded", line);
    }
    for (const std::string& line : reply.warnings) {
        print_line(context, "warning", line);
    }
    print_line(context, "endpoints", modes_text(reply.endpoints));
    print_line(context, "dns", servers_text(reply));
    print_line(context, "api server", api_server_text(reply.api_server));
    print_line(context, "unpoliced", not_policed_text(reply.api_server));
    print_line(context, "folders", listed(reply.folders, reply.folders.size()));
    print_line(context, "pins", reply.pins);
    print_files(context, reply.files);
    print_counters(context, reply.counters);
}

}  // namespace namegate::ctl
