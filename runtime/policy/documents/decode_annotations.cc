// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_annotations.h"

#include <algorithm>

namespace namegate::policy {
namespace {

constexpr std::string_view kPrefix = "namegate.dev/";

void decode_dns(const Cursor& value, Policy& out) {
    const std::string& text = value.node().text();
    const auto word = std::find(kDnsQueriesWords.begin(), kDnsQueriesWords.end(), text);
    if (word == kDnsQueriesWords.end()) {
        value.error("\"" + text + "\" is not valid; write allowed, log or any");
    } else if (!out.applies_egress) {
        value.error("has no effect: DNS queries leave the pod, and the policy does not apply to egress; add Egress to its types");
    } else {
        out.dns = static_cast<DnsQueries>(word - kDnsQueriesWords.begin());
    }
}

// Visits the annotations of namegate in the metadata of a policy or rule.
template <typename Visit>
void for_each_own(const Cursor& owner, const Visit& visit) {
    const std::optional<Cursor> metadata = owner.child("metadata");
    const std::optional<Cursor> annotations = metadata && metadata->node().is_map() ? metadata->child("annotations") : std::nullopt;
    if (!annotations || !annotations->node().is_map()) {
        return;
    }
    for (const MapEntry& entry : annotations->node().entries()) {
        if (std::string_view(entry.key).starts_with(kPrefix) && entry.value.is_scalar()) {
            visit(*annotations, entry);
        }
    }
}

}  // namespace

void decode_annotations(const Cursor& document, Policy& out) {
    for_each_own(document, [&out](const Cursor& annotations, const MapEntry& entry) {
        if (entry.key == kDnsAnnotation) {
            decode_dns(annotations.child(entry), out);
        } else {
            annotations.field_error(entry.key, "unknown annotation of namegate; it knows " + std::string(kDnsAnnotation));
        }
    });
}

void refuse_annotations(const Cursor& rule) {
    for_each_own(rule, [](const Cursor& annotations, const MapEntry& entry) {
        annotations.field_error(entry.key, "has no effect on a rule; write it into the metadata of the policy");
    });
}

}  // namespace namegate::policy
