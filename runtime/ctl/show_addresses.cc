// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "ctl/printable.h"
#include "ctl/show.h"
#include "ctl/table.h"

namespace namegate::ctl {

namespace {

Cell rule_cell(const api::AddressItem& item) {
    return item.never_opens ? Cell("not open: dnsNeverOpens has " + *item.never_opens) : Cell(item.rule);
}

}  // namespace

void show_ips(const Context& context, const api::AddressesReply& reply) {
    if (reply.empty()) {
        context.out() << "no name has opened an address\n";
        return;
    }
    const bool shown = std::any_of(reply.begin(), reply.end(), [](const api::AddressItem& item) { return item.shown_names.has_value(); });
    Table table = shown ? Table({"ADDRESS", "NAMES", "PATTERNS", "RULE", "SERVER", "TTL", "FLOWS", "TLS NAMES"})
                        : Table({"ADDRESS", "NAMES", "PATTERNS", "RULE", "SERVER", "TTL", "FLOWS"});
    for (const api::AddressItem& item : reply) {
        table.add({item.address, item.names, item.patterns, rule_cell(item), item.server, duration_text(item.ttl_seconds),
                   std::to_string(item.live_flows), item.shown_names.value_or(api::Texts())});
    }
    table.print(context.out(), context.width());
}

void show_dns(const Context& context, const api::NamesReply& reply) {
    if (reply.empty()) {
        context.out() << "no names\n";
        return;
    }
    Table table({"ENDPOINT", "NAME", "ADDRESSES", "TTL"});
    for (const api::NameItem& item : reply) {
        table.add({item.endpoint, item.name, item.addresses, duration_text(item.ttl_seconds)});
    }
    table.print(context.out(), context.width());
}

}  // namespace namegate::ctl
