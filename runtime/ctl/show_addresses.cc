// SPDX-License-Identifier: Apache-2.0
#include "ctl/printable.h"
#include "ctl/reply.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

using api::Json;

namespace {

std::string ttl_text(const Json& entry) {
    return is_count(member(entry, "ttlSeconds")) ? duration_text(number_of(entry, "ttlSeconds")) : std::string();
}

Cell rule_cell(const Json& entry) {
    const std::string never = text_of(entry, "neverOpens");
    return never.empty() ? Cell(items_of(member(entry, "rule"))) : Cell("not open: dnsNeverOpens has " + never);
}

}  // namespace

void show_ips(const Context& context, const Json& result) {
    if (!result.is_array() || result.empty()) {
        context.out() << "no name has opened an address\n";
        return;
    }
    Table table({"ADDRESS", "NAMES", "PATTERNS", "RULE", "SERVER", "TTL", "FLOWS"});
    for (const Json& entry : result) {
        table.add({text_of(entry, "address"), items_of(member(entry, "names")), items_of(member(entry, "patterns")), rule_cell(entry),
                   text_of(entry, "server"), ttl_text(entry), text_of(entry, "liveFlows")});
    }
    table.print(context.out(), context.width());
}

void show_dns(const Context& context, const Json& result) {
    if (!result.is_array() || result.empty()) {
        context.out() << "no names\n";
        return;
    }
    Table table({"ENDPOINT", "NAME", "ADDRESSES", "TTL"});
    for (const Json& entry : result) {
        table.add({text_of(entry, "endpoint"), text_of(entry, "name"), items_of(member(entry, "addresses")), ttl_text(entry)});
    }
    table.print(context.out(), context.width());
}

}  // namespace namegate::ctl
