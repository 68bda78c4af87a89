// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_ports.h"

#include <compare>
#include <set>

#include "policy/compiler/prefix_walk.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr unsigned kPortBits = 16;

struct PortPrefix {
    std::uint16_t port = 0;
    std::uint8_t bits = 0;

    auto operator<=>(const PortPrefix&) const = default;
    bool contains(const PortPrefix& other) const {
        return bits <= other.bits && (bits == 0 || ((port ^ other.port) >> (kPortBits - bits)) == 0);
    }
};

struct PortSpan {
    std::uint8_t protocol = 0;
    std::uint16_t low = 0;
    std::uint16_t high = 0;
};

struct PortMatch {
    bool constrained = false;  // only the spans match
    std::vector<PortSpan> spans;
    std::vector<PortSpan> not_spans;
};

struct PortState {
    RuleBits spans;
    RuleBits not_spans;
    RuleBits match;
};

// Appends the smallest set of prefixes that covers exactly low..high.
void add_prefixes(const PortSpan& span, std::size_t source, std::vector<PrefixItem<PortPrefix>>& out) {
    std::uint32_t low = span.low;
    while (low <= span.high) {
        unsigned size = 0;
        while (size < kPortBits && (low & ((2U << size) - 1)) == 0 && low + (2U << size) - 1 <= span.high) {
            ++size;
        }
        out.push_back({{static_cast<std::uint16_t>(low), static_cast<std::uint8_t>(kPortBits - size)}, source});
        low += 1U << size;
    }
}

PortSpan icmp_span(std::uint8_t protocol, const IcmpMatch& match) {
    const std::uint32_t type = match.type.value_or(0);
    const std::uint32_t low = type << 8 | match.code.value_or(0);
    const std::uint32_t high = type << 8 | match.code.value_or(255);
    return {protocol, static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high)};
}

// Appends the numbers of a port. `known` are the named ports of the peer or of the endpoint itself; a name that is not among
// them matches nothing.
void add_port(const Port& port, const Rule& rule, const std::vector<NamedPort>& known, std::vector<PortSpan>& out) {
    if (port.name.empty()) {
        out.push_back({rule.protocol.value_or(0), port.low, port.high});
        return;
    }
    for (const NamedPort& named : known) {
        if (named.name == port.name && rule.protocol.value_or(named.protocol) == named.protocol) {
            out.push_back({named.protocol, named.port, named.port});
        }
    }
}

struct KnownPorts {
    const std::vector<NamedPort>& ports;
    const std::vector<NamedPort>& not_ports;
};

PortMatch match_of(const Rule& rule, const EntityRule& entity, const KnownPorts& known) {
    PortMatch out;
    out.constrained = !entity.ports.empty();
    for (const Port& port : entity.ports) {
        add_port(port, rule, known.ports, out.spans);
    }
    for (const Port& port : entity.not_ports) {
        add_port(port, rule, known.not_ports, out.not_spans);
    }
    return out;
}

PortMatch match_of(const ServicePart& part) {
    PortMatch out;
    out.constrained = !part.ports.empty();
    for (const auto& [protocol, port] : part.ports) {
        out.spans.push_back({protocol, port, port});
    }
    return out;
}

// Returns the named ports of the endpoint's pod for its own side, and those of the rule's part for the other side.
KnownPorts known_ports(const NumberedRule& numbered, bool local, const EndpointFacts& self) {
    static const std::vector<NamedPort> none;
    if (local) {
        return {self.ports, self.ports};
    }
    return numbered.part ? KnownPorts{numbered.part->ports, numbered.part->not_ports} : KnownPorts{none, none};
}

class PortCompiler {
  public:
    explicit PortCompiler(const std::vector<NumberedRule>& rules)
        : rules_(rules), matches_(rules.size()), constrained_(rules.size()), all_(rules.size()) {
        all_.fill(rules.size());
    }

    void set_match(std::size_t number, PortMatch match) {
        if (match.constrained) {
            constrained_.set(number);
        }
        for (const auto* spans : {&match.spans, &match.not_spans}) {
            for (const PortSpan& span : *spans) {
                protocols_.insert(span.protocol);
            }
        }
        matches_[number] = std::move(match);
    }
    void add_protocol(std::uint8_t protocol) { protocols_.insert(protocol); }
    bool any() const { return !protocols_.empty() || constrained_.any(); }

    // `base(protocol)`: the rules that match the protocol. `any_base`: those that match protocols without entries.
    template <typename Base>
    std::vector<PortEntry> run(BitmapTable& bitmaps, Base base, const RuleBits& any_base) const {
        std::vector<PortEntry> out;
        RuleBits any(any_base);
        for (std::size_t i = 0; i < any.words(); ++i) {
            any.word(i) &= ~constrained_.word(i);
        }
        out.push_back({true, 0, 0, 0, bitmaps.index_of(any)});
        for (const std::uint8_t protocol : protocols_) {
            walk(protocol, base(protocol), bitmaps, out);
        }
        return out;
    }

    const RuleBits& all() const { return all_; }

  private:
    void walk(std::uint8_t protocol, const RuleBits& base, BitmapTable& bitmaps, std::vector<PortEntry>& out) const {
        // Source 2n is the spans of rule n; source 2n + 1 is its negated spans.
        std::vector<PrefixItem<PortPrefix>> items;
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            for (const PortSpan& span : matches_[i].spans) {
                if (span.protocol == protocol) {
                    add_prefixes(span, 2 * i, items);
                }
            }
            for (const PortSpan& span : matches_[i].not_spans) {
                if (span.protocol == protocol) {
                    add_prefixes(span, 2 * i + 1, items);
                }
            }
        }
        const RuleBits none(rules_.size());
        const auto add = [](PortState& state, std::size_t source) { (source % 2 == 0 ? state.spans : state.not_spans).set(source / 2); };
        const auto emit = [&](const PortState* parent, PortState& state, const PortPrefix& prefix) {
            for (std::size_t i = 0; i < base.words(); ++i) {
                state.match.word(i) = base.word(i) & (state.spans.word(i) | ~constrained_.word(i)) & ~state.not_spans.word(i);
            }
            if (parent == nullptr || !(parent->match == state.match)) {
                out.push_back({false, protocol, prefix.bits, prefix.port, bitmaps.index_of(state.match)});
            }
        };
        walk_prefixes(std::move(items), PortPrefix{}, PortState{none, none, none}, add, emit);
    }

    const std::vector<NumberedRule>& rules_;
    std::vector<PortMatch> matches_;
    RuleBits constrained_;
    RuleBits all_;
    std::set<std::uint8_t> protocols_;
};

// The destination ports, or what stands in their place: the ports of a Service, or the type and code of ICMP.
PortMatch destination_match(const NumberedRule& numbered, const EndpointFacts& self) {
    if (numbered.services) {
        return match_of(*numbered.services);
    }
    const Rule& rule = *numbered.rule;
    PortMatch match = match_of(rule, rule.destination, known_ports(numbered, self.direction == Direction::kIngress, self));
    if (rule.icmp && rule.protocol) {
        match.constrained = true;
        match.spans.push_back(icmp_span(*rule.protocol, *rule.icmp));
    }
    if (rule.not_icmp && rule.protocol) {
        match.not_spans.push_back(icmp_span(*rule.protocol, *rule.not_icmp));
    }
    return match;
}

}  // namespace

std::vector<PortEntry> compile_destination_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps) {
    PortCompiler compiler(rules);
    RuleBits any_protocol = compiler.all();
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].rule == nullptr) {
            continue;
        }
        const Rule& rule = *rules[i].rule;
        compiler.set_match(i, destination_match(rules[i], self));
        if (rule.protocol) {
            compiler.add_protocol(*rule.protocol);
            any_protocol.clear(i);
        }
        if (rule.not_protocol) {
            compiler.add_protocol(*rule.not_protocol);
        }
    }
    const auto base = [&](std::uint8_t protocol) {
        RuleBits bits = compiler.all();
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const Rule* rule = rules[i].rule;
            if (rule != nullptr && (rule->protocol.value_or(protocol) != protocol || rule->not_protocol == protocol)) {
                bits.clear(i);
            }
        }
        return bits;
    };
    return compiler.run(bitmaps, base, any_protocol);
}

std::vector<PortEntry> compile_source_ports(const std::vector<NumberedRule>& rules, const EndpointFacts& self, BitmapTable& bitmaps) {
    PortCompiler compiler(rules);
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].rule != nullptr) {
            const Rule& rule = *rules[i].rule;
            compiler.set_match(i, match_of(rule, rule.source, known_ports(rules[i], self.direction == Direction::kEgress, self)));
        }
    }
    if (!compiler.any()) {
        return {};
    }
    return compiler.run(
        bitmaps, [&](std::uint8_t) { return compiler.all(); }, compiler.all());
}

}  // namespace namegate::policy
