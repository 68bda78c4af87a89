// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_annotations.h"

#include <algorithm>
#include <span>

#include "base/words.h"
#include "policy/documents/decode_kubernetes.h"
#include "policy/documents/schema.h"
#include "policy/model/own_side.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr std::string_view kPrefix = "namegate.dev/";

// The position of the value among the words; nothing, and an error, if it is none of them.
template <typename Word>
std::optional<Word> decode_word(const Cursor& value, std::span<const std::string_view> words) {
    const std::string& text = value.node().text();
    const auto word = std::find(words.begin(), words.end(), text);
    if (word == words.end()) {
        value.error("\"" + text + "\" is not valid; write " + join_words(words));
        return std::nullopt;
    }
    return static_cast<Word>(word - words.begin());
}

void decode_dns(const Cursor& value, Policy& out) {
    const auto word = decode_word<DnsQueries>(value, kDnsQueriesWords);
    if (word && !out.applies_egress) {
        value.error("has no effect: DNS queries leave the pod, and the policy does not apply to egress; add Egress to its types");
    } else {
        out.dns = word;
    }
}

// Returns true for an annotation about TLS names, and decodes it.
bool decode_tls(const Cursor& value, std::string_view key, TlsDemand& out) {
    if (key == kTlsAnnotation) {
        out.names = decode_word<TlsNames>(value, kTlsNamesWords);
    } else if (key == kQuicAnnotation) {
        out.quic = decode_word<Quic>(value, kQuicWords);
    }
    return key == kTlsAnnotation || key == kQuicAnnotation;
}

// Why TLS names have no effect on any rule of the policy; empty: they may have.
std::string without_effect(const Policy& policy) {
    if (!policy.applies_egress) {
        return "TLS names concern egress, to which the policy does not apply; add Egress to its types";
    }
    return policy.kind == kKubernetesPolicyKind ? "Kubernetes' NetworkPolicy has no domains" : "";
}

bool may_have_domains(const EntityRule& destination) {
    // Service accounts select endpoints only.
    return !destination.domains.empty() || (selects_by_labels(destination) && !destination.service_accounts);
}

// Why the annotation has no effect on the rule; empty: it may have.
std::string without_effect(const Rule& rule, Direction direction, std::string_view key) {
    if (direction == Direction::kIngress) {
        return "TLS names concern egress rules";
    }
    if (rule.action != RuleAction::kAllow) {
        return "TLS names concern rules with action: Allow";
    }
    if (!may_have_domains(rule.destination)) {
        return "the rule has no domains";
    }
    if (key == kQuicAnnotation && rule.tls.names == TlsNames::kOff) {
        return std::string(kTlsAnnotation) + " is off";
    }
    const std::uint8_t protocol = rule.protocol.value_or(kProtocolUdp);
    if (protocol != kProtocolUdp && (key == kQuicAnnotation || protocol != kProtocolTcp)) {
        return key == kQuicAnnotation ? "QUIC is UDP, and the rule is for another protocol" : "the rule is neither for TCP nor for UDP";
    }
    return {};
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

void refuse_unknown(const Cursor& annotations, const MapEntry& entry, std::span<const std::string_view> known) {
    annotations.field_error(entry.key, "unknown annotation of namegate; it knows " + join_words(known));
}

void report_without_effect(const Cursor& value, const std::string& why) {
    if (!why.empty()) {
        value.error("has no effect: " + why);
    }
}

}  // namespace

void decode_policy_annotations(const Cursor& document, Policy& out) {
    static constexpr std::array kKnown = {kDnsAnnotation, kTlsAnnotation, kQuicAnnotation};
    for_each_own(document, [&out](const Cursor& annotations, const MapEntry& entry) {
        const Cursor value = annotations.child(entry);
        if (entry.key == kDnsAnnotation) {
            decode_dns(value, out);
        } else if (decode_tls(value, entry.key, out.tls)) {
            report_without_effect(value, without_effect(out));
        } else {
            refuse_unknown(annotations, entry, kKnown);
        }
    });
}

void decode_rule_annotations(const Cursor& rule, Direction direction, Rule& out) {
    static constexpr std::array kKnown = {kTlsAnnotation, kQuicAnnotation};
    for_each_own(rule, [&out](const Cursor& annotations, const MapEntry& entry) {
        if (entry.key == kDnsAnnotation) {
            annotations.field_error(entry.key, "has no effect on a rule; write it into the metadata of the policy");
        } else if (!decode_tls(annotations.child(entry), entry.key, out.tls)) {
            refuse_unknown(annotations, entry, kKnown);
        }
    });
    // After all of them are decoded, because one may depend on another.
    for_each_own(rule, [&out, direction](const Cursor& annotations, const MapEntry& entry) {
        if (entry.key == kTlsAnnotation || entry.key == kQuicAnnotation) {
            report_without_effect(annotations.child(entry), without_effect(out, direction, entry.key));
        }
    });
}

}  // namespace namegate::policy
