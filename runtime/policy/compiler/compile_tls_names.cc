// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_tls_names.h"

#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

// What a rule's own protocol leaves of its binding (T5). A rule that names another protocol than TCP means packets that cannot show a
// name, so only QUIC is left to deny.
TlsBinding for_protocol(const TlsBinding& binding, std::uint8_t protocol) {
    if (protocol == kProtocolTcp) {
        return {binding.names, Quic::kDeny};
    }
    const bool denies_quic = protocol == kProtocolUdp && binding.binds() && binding.quic == Quic::kDeny;
    return denies_quic ? TlsBinding{TlsNames::kVerify, Quic::kDeny} : TlsBinding();
}

}  // namespace

BitmapIndex compile_tls_names(std::vector<NumberedRule>& rules, const RuleBits& with_domains, TlsNames node_default, BitmapTable& bitmaps) {
    RuleBits bound(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        NumberedRule& numbered = rules[i];
        if (numbered.rule == nullptr || !with_domains.has(i)) {
            continue;
        }
        const TlsBinding binding = binding_of(numbered.rule->tls, numbered.policy->tls, node_default);
        numbered.compiled.tls = numbered.rule->protocol ? for_protocol(binding, *numbered.rule->protocol) : binding;
        if (numbered.compiled.tls.binds()) {
            bound.set(i);
        }
    }
    return bitmaps.index_of(bound);
}

}  // namespace namegate::policy
