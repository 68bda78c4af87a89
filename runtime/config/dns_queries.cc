// SPDX-License-Identifier: Apache-2.0
#include "config/dns_queries.h"

#include <algorithm>
#include <string>

namespace namegate::config {

using policy::Cursor;
using policy::DomainPattern;

DnsQuerySettings::DnsQuerySettings() {
    for (std::size_t i = 0; i < kUsualQueryTypes; ++i) {
        types.push_back(kQueryTypes[i].number);
    }
}

namespace {

void read_always(const Cursor& root, DnsQuerySettings& out) {
    if (!root.child("dnsAlwaysAllowed")) {
        return;
    }
    std::vector<DomainPattern>& names = out.always.emplace();
    root.each("dnsAlwaysAllowed", [&names](const Cursor& item) {
        const auto name = DomainPattern::parse(item.node().text());
        if (!name) {
            item.error(name.error().message());
        } else if (name->kind() != DomainPattern::Kind::kExact) {
            item.error("write the name without a wildcard: all names below it are allowed too");
        } else if (std::find(names.begin(), names.end(), *name) != names.end()) {
            item.error("the name is in the list already");
        } else {
            names.push_back(*name);
        }
    });
}

void read_types(const Cursor& root, DnsQuerySettings& out) {
    if (!root.child("dnsQueryTypes")) {
        return;
    }
    out.types.clear();
    root.each("dnsQueryTypes", [&out](const Cursor& item) {
        const std::string& text = item.node().text();
        const auto type = std::find_if(kQueryTypes.begin(), kQueryTypes.end(), [&text](const QueryType& one) { return one.name == text; });
        if (type == kQueryTypes.end()) {
            std::string known;
            for (const QueryType& one : kQueryTypes) {
                known += (known.empty() ? "" : ", ") + std::string(one.name);
            }
            item.error("\"" + text + "\" is not a record type that queries may have; write one of " + known);
        } else if (std::find(out.types.begin(), out.types.end(), type->number) != out.types.end()) {
            item.error("the record type is in the list already");
        } else {
            out.types.push_back(type->number);
        }
    });
}

}  // namespace

void read_dns_queries(const Cursor& root, DnsQuerySettings& out) {
    const std::string queries = root.text("dnsQueries").value_or("Any");
    const auto word = std::find(kDnsQueriesSettings.begin(), kDnsQueriesSettings.end(), queries);
    if (word != kDnsQueriesSettings.end()) {
        out.queries = static_cast<policy::DnsQueries>(word - kDnsQueriesSettings.begin());
    }
    out.refuse = root.text("dnsRefusal").value_or("NXDomain") == "Refused";
    read_always(root, out);
    read_types(root, out);
}

}  // namespace namegate::config
