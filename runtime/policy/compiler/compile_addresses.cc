// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_addresses.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "policy/compiler/prefix_walk.h"

namespace namegate::policy {
namespace {

// The rules in which an address matches each of these fields.
struct Groups {
    RuleBits nets;
    RuleBits selected;  // by selector, namespaceSelector or serviceAccounts
    RuleBits not_nets;
    RuleBits excluded;  // by notSelector

    explicit Groups(std::size_t rules) : nets(rules), selected(rules), not_nets(rules), excluded(rules) {}
    Groups& operator|=(const Groups& other) {
        nets |= other.nets;
        selected |= other.selected;
        not_nets |= other.not_nets;
        excluded |= other.excluded;
        return *this;
    }
};

struct AddressState {
    Groups groups;
    RuleBits match;
    RuleBits exclude;
};

// Prefixes with a common origin (a rule's nets, a set, an endpoint) and the rules that refer to them.
struct Source {
    std::vector<IpPrefix> prefixes;
    Groups groups;
};

class AddressCompiler {
  public:
    AddressCompiler(const std::vector<NumberedRule>& rules, Resolver& resolver)
        : rules_(rules),
          resolver_(resolver),
          direction_(resolver.self().direction),
          needs_nets_(rules.size()),
          needs_selected_(rules.size()),
          has_domains_(rules.size()),
          families_{RuleBits(rules.size()), RuleBits(rules.size())} {}

    AddressTables run(BitmapTable& bitmaps) {
        for (std::size_t i = 0; i < rules_.size(); ++i) {
            collect(i);
        }
        AddressTables out{{}, {}, has_domains_};
        for (const bool v4 : {true, false}) {
            walk(v4, bitmaps, out.cidrs);
        }
        conclude_patterns(bitmaps, out.patterns);
        return out;
    }

  private:
    void collect(std::size_t number) {
        const NumberedRule& numbered = rules_[number];
        if (numbered.v4) {
            families_[0].set(number);
        }
        if (numbered.v6) {
            families_[1].set(number);
        }
        if (numbered.rule == nullptr || (!numbered.v4 && !numbered.v6)) {
            return;
        }
        if (numbered.services) {
            needs_nets_.set(number);
            add_source(host_prefixes(numbered.services->addresses)).groups.nets.set(number);
            return;
        }
        const EntityRule& entity = remote_of(*numbered.rule, direction_);
        if (entity.service) {
            needs_nets_.set(number);  // only its parts match
            return;
        }
        if (!numbered.excluded_services.empty()) {
            add_source(host_prefixes(numbered.excluded_services)).groups.not_nets.set(number);
        }
        if (!entity.nets.empty()) {
            needs_nets_.set(number);
            add_source(entity.nets).groups.nets.set(number);
        }
        if (!entity.not_nets.empty()) {
            add_source(entity.not_nets).groups.not_nets.set(number);
        }
        if (entity.not_selector) {
            add_members(resolver_.excluded(*numbered.policy, entity, numbered.compiled.action), number, &Groups::excluded);
        }
        if (numbered.part) {
            const Members peers{numbered.part->peers, {}};
            if (!numbered.part->others) {
                needs_selected_.set(number);
                add_members(peers, number, &Groups::selected);
                return;
            }
            add_members(peers, number, &Groups::excluded);
        }
        if (selects_by_labels(entity)) {
            needs_selected_.set(number);
            const Members& members = resolver_.selected(*numbered.policy, entity, numbered.compiled.action);
            add_members(members, number, &Groups::selected);
            add_set_domains(members, number);
        }
        if (!entity.domains.empty()) {
            needs_selected_.set(number);  // no prefix matches; only the domains open addresses
            for (const DomainPattern& pattern : entity.domains) {
                add_pattern(pattern, number);
            }
        }
    }

    Source& add_source(std::vector<IpPrefix> prefixes) {
        sources_.push_back({std::move(prefixes), Groups(rules_.size())});
        return sources_.back();
    }

    void add_members(const Members& members, std::size_t number, RuleBits Groups::*group) {
        for (const std::size_t index : members.sets) {
            (member_source(set_sources_, index, [&] { return resolver_.set(index).nets; }).groups.*group).set(number);
        }
        for (const std::size_t index : members.endpoints) {
            (member_source(endpoint_sources_, index, [&] { return host_prefixes(resolver_.endpoint(index).addresses); }).groups.*group)
                .set(number);
        }
    }

    template <typename Make>
    Source& member_source(std::map<std::size_t, std::size_t>& known, std::size_t index, Make make) {
        const auto [found, added] = known.emplace(index, sources_.size());
        return added ? add_source(make()) : sources_[found->second];
    }

    static std::vector<IpPrefix> host_prefixes(const std::vector<IpAddress>& addresses) {
        std::vector<IpPrefix> out;
        out.reserve(addresses.size());
        for (const IpAddress& address : addresses) {
            out.emplace_back(address, address.bits());
        }
        return out;
    }

    // D3: a set's domains count in the destination of an egress Allow rule only.
    void add_set_domains(const Members& members, std::size_t number) {
        if (direction_ != Direction::kEgress || rules_[number].compiled.action != RuleAction::kAllow) {
            return;
        }
        for (const std::size_t index : members.sets) {
            for (const DomainPattern& pattern : resolver_.set(index).domains) {
                add_pattern(pattern, number);
            }
        }
    }

    void add_pattern(const DomainPattern& pattern, std::size_t number) {
        patterns_.push_back({&pattern, number});
        has_domains_.set(number);
    }

    void conclude_patterns(BitmapTable& bitmaps, std::vector<PatternEntry>& out) {
        const auto before = [](const PatternOfRule& a, const PatternOfRule& b) {
            const auto order = *a.pattern <=> *b.pattern;
            return order != 0 ? order < 0 : a.rule < b.rule;
        };
        std::sort(patterns_.begin(), patterns_.end(), before);
        out.reserve(patterns_.size());
        RuleBits bits(rules_.size());
        // Saves most look-ups of bitmaps: most patterns belong to one rule, and so does the next pattern.
        std::optional<std::pair<std::size_t, BitmapIndex>> last;  // of the last pattern, if only one rule has it
        for (auto one = patterns_.begin(); one != patterns_.end();) {
            const DomainPattern& pattern = *one->pattern;
            auto next = one + 1;
            while (next != patterns_.end() && *next->pattern == pattern) {
                ++next;
            }
            if (next != one + 1 || !last || last->first != one->rule) {
                std::for_each(one, next, [&bits](const PatternOfRule& named) { bits.set(named.rule); });
                out.push_back({pattern, bitmaps.index_of(bits)});
                last.reset();
                if (next == one + 1) {
                    last.emplace(one->rule, out.back().bitmap);
                }
                std::for_each(one, next, [&bits](const PatternOfRule& named) { bits.clear(named.rule); });
            } else {
                out.push_back({pattern, last->second});
            }
            one = next;
        }
    }

    // An address matches a rule if the rule's nets and selector contain it, where present, and its notNets and notSelector do
    // not. If a name opened the address, the selector need not contain it.
    void conclude(AddressState& state, const RuleBits& family) const {
        for (std::size_t i = 0; i < family.words(); ++i) {
            const Groups& groups = state.groups;
            const std::uint64_t not_excluded =
                family.word(i) & (groups.nets.word(i) | ~needs_nets_.word(i)) & ~groups.not_nets.word(i) & ~groups.excluded.word(i);
            state.match.word(i) = not_excluded & (groups.selected.word(i) | ~needs_selected_.word(i));
            state.exclude.word(i) = has_domains_.word(i) & ~not_excluded;
        }
    }

    void walk(bool v4, BitmapTable& bitmaps, std::vector<CidrEntry>& out) const {
        std::vector<PrefixItem<IpPrefix>> items;
        for (std::size_t i = 0; i < sources_.size(); ++i) {
            for (const IpPrefix& prefix : sources_[i].prefixes) {
                if (prefix.is_v4() == v4) {
                    items.push_back({prefix, i});
                }
            }
        }
        const IpPrefix root(v4 ? IpAddress::v4({0, 0, 0, 0}) : IpAddress(), 0);
        const AddressState start{Groups(rules_.size()), RuleBits(rules_.size()), RuleBits(rules_.size())};
        const auto add = [&](AddressState& state, std::size_t source) { state.groups |= sources_[source].groups; };
        const auto emit = [&](const AddressState* parent, AddressState& state, const IpPrefix& prefix) {
            conclude(state, families_[v4 ? 0 : 1]);
            // An entry equal to its parent would not change any lookup.
            if (parent == nullptr || !(parent->match == state.match) || !(parent->exclude == state.exclude)) {
                out.push_back({prefix, bitmaps.index_of(state.match), bitmaps.index_of(state.exclude)});
            }
        };
        walk_prefixes(std::move(items), root, start, add, emit);
    }

    const std::vector<NumberedRule>& rules_;
    Resolver& resolver_;
    Direction direction_;
    RuleBits needs_nets_;
    RuleBits needs_selected_;
    RuleBits has_domains_;
    std::array<RuleBits, 2> families_;  // v4, v6
    std::vector<Source> sources_;
    std::map<std::size_t, std::size_t> set_sources_;
    std::map<std::size_t, std::size_t> endpoint_sources_;
    struct PatternOfRule {
        const DomainPattern* pattern;
        std::size_t rule;
    };
    std::vector<PatternOfRule> patterns_;
};

}  // namespace

AddressTables compile_addresses(const std::vector<NumberedRule>& rules, Resolver& resolver, BitmapTable& bitmaps) {
    return AddressCompiler(rules, resolver).run(bitmaps);
}

}  // namespace namegate::policy
