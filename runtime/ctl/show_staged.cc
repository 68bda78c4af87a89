// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "ctl/packet_text.h"
#include "ctl/printable.h"
#include "ctl/rule_text.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

namespace {

// "api.example.com:443 TCP"; of incoming traffic "192.0.2.1 to port 80 TCP".
std::string traffic_text(const api::StagedChange& change) {
    if (change.direction == "ingress") {
        return change.remote + (change.local_port == 0 ? "" : " to port " + std::to_string(change.local_port)) + ' ' + change.protocol;
    }
    const std::string& target = change.names.empty() ? change.remote : change.names.back();
    return remote_text(target, change.remote_port == 0 ? "" : std::to_string(change.remote_port)) + ' ' + change.protocol;
}

}  // namespace

void show_staged(const Context& context, const api::StagedReply& reply) {
    if (reply.policies == 0) {
        context.out() << "no policies are staged\n";
        return;
    }
    context.out() << reply.policies << (reply.policies == 1 ? " staged policy" : " staged policies") << ", observed since "
                  << printable(reply.since) << ": " << reply.judged << " new flows and denied packets\n";
    if (reply.entries.empty()) {
        context.out() << "the staged policies would have changed no verdict\n";
    } else {
        Table table({"ENDPOINT", "WOULD BE", "COUNT", "DIRECTION", "TRAFFIC", "RULE", "LAST", {"PLACE", true, true}});
        for (const api::StagedChange& change : reply.entries) {
            table.add({change.endpoint, change.verdict, std::to_string(change.count), change.direction, traffic_text(change), change.rule,
                       change.last_time, place_text(change.file, change.line)});
        }
        table.print(context.out(), context.width());
    }
    if (reply.unjudged != 0) {
        context.out() << reply.unjudged << " more had no verdict: there were too many at a time, or a rule matches the ICMP type\n";
    }
    if (reply.unlisted != 0) {
        context.out() << reply.unlisted << " more would have another verdict and found no space in this list\n";
    }
}

ExitCode staged_code(const api::StagedReply& reply) { return reply.entries.empty() ? kNo : kYes; }

}  // namespace namegate::ctl
