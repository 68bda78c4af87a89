// SPDX-License-Identifier: Apache-2.0
#include "datapath/slots.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/fd.h"
#include "datapath/grown_map.h"
#include "datapath/hello_maps.h"
#include "datapath/inner_map.h"
#include "datapath/map.h"
#include "datapath/program_wait.h"
#include "datapath/untrusted.h"

namespace namegate::datapath {

namespace {

constexpr std::uint32_t kNearSlots = 128;

// The inner map of a slot, from maps.def. `since`: the first layout from which its content can be carried over.
struct SlotMap {
    InnerMap inner;
    std::uint32_t since;
};
constexpr SlotMap kSlotMaps[] = {
#define NG_MAP(...)
#define NG_RING(...)
#define NG_MAP_ON_DEMAND(...)
#define NG_MAP_OF_MAPS(id, name, type, key, value, entries, flags, since) \
    {{MapId::k##id, #name "_inner", type, sizeof(key), sizeof(value), entries, flags}, since},
#include "datapath/bpf/maps.def"
#undef NG_MAP
#undef NG_RING
#undef NG_MAP_OF_MAPS
#undef NG_MAP_ON_DEMAND
};
constexpr std::size_t kOuters = std::size(kSlotMaps);

// The configuration sets two of the sizes.
Result<Fd> make_inner(const SlotMap& map, const DatapathOptions& options) {
    InnerMap inner = map.inner;
    if (inner.outer == MapId::kLearnt) {
        inner.entries = options.learnt_per_endpoint;
    } else if (inner.outer == MapId::kFlows) {
        inner.entries = options.flows_per_endpoint;
    }
    return make_inner_map(inner);
}

// Uses one call if the kernel supports it, so that it waits for only one RCU grace period.
Result<> fill_outer(int outer, const std::vector<std::uint32_t>& slots, const std::vector<Fd>& inners) {
    std::vector<std::uint32_t> values;
    values.reserve(inners.size());
    for (const Fd& inner : inners) {
        values.push_back(static_cast<std::uint32_t>(inner.get()));
    }
    if (map_update_many(outer, slots, values)) {
        return ok();
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
        NG_TRY(map_update(outer, slots[i], values[i]));
    }
    return ok();
}

Result<> clear_outer(int outer, std::uint32_t slot) {
    auto erased = map_erase(outer, slot);
    return erased ? ok() : Result<>(erased.error());
}

// Runs `work(i)` for the outer maps in parallel: each of them waits for an RCU grace period, and they may share one.
template <typename Work>
Result<> on_each_outer(const Work& work) {
    std::vector<Result<>> results(kOuters, ok());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kOuters; ++i) {
        threads.emplace_back([&results, &work, i] { results[i] = work(i); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    for (auto& result : results) {
        NG_TRY(result);
    }
    return ok();
}

Result<std::array<int, kOuters>> outer_fds(Datapath& datapath) {
    std::array<int, kOuters> fds{};
    for (std::size_t i = 0; i < kOuters; ++i) {
        NG_ASSIGN(fds[i], datapath.map(kSlotMaps[i].inner.outer));
    }
    return fds;
}

Result<std::optional<ng_slot_state>> read_state(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kSlots));
    return map_lookup<ng_slot_state>(fd, slot);
}

Result<std::vector<ng_slot_state>> read_states(Datapath& datapath) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kSlots));
    NG_ASSIGN(const auto entries, (map_entries<std::uint32_t, ng_slot_state>(fd)));
    std::vector<ng_slot_state> states(NG_MAX_SLOTS);
    for (const auto& entry : entries) {
        if (entry.first < states.size()) {
            states[entry.first] = entry.second;
        }
    }
    return states;
}

std::vector<std::uint32_t> slots_in(const std::vector<ng_slot_state>& states, ng_slot_use use) {
    std::vector<std::uint32_t> found;
    for (std::uint32_t slot = 0; slot < states.size(); ++slot) {
        if (states[slot].use == use) {
            found.push_back(slot);
        }
    }
    return found;
}

Result<> set_state(Datapath& datapath, std::uint32_t slot, ng_slot_use use, std::uint32_t endpoint) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kSlots));
    return map_update(fd, slot, ng_slot_state{use, endpoint});
}

Result<> make_spares(Datapath& datapath, const std::vector<std::uint32_t>& slots) {
    NG_ASSIGN(const auto fds, outer_fds(datapath));
    std::array<std::vector<Fd>, kOuters> inners;
    for (std::size_t i = 0; i < kOuters; ++i) {
        for (std::size_t n = 0; n < slots.size(); ++n) {
            NG_ASSIGN(Fd inner, make_inner(kSlotMaps[i], datapath.options()));
            inners[i].push_back(std::move(inner));
        }
    }
    NG_TRY(on_each_outer([&](std::size_t i) { return fill_outer(fds[i], slots, inners[i]); }));
    for (const std::uint32_t slot : slots) {
        NG_TRY(set_state(datapath, slot, NG_SLOT_SPARE, 0));
    }
    return ok();
}

template <typename K, typename V>
Result<> empty_inner(Datapath& datapath, MapId outer, std::uint32_t slot) {
    auto inner = datapath.inner_map(outer, slot);
    if (!inner) {
        return inner.error().code() == Code::kNotFound ? ok() : Result<>(inner.error());
    }
    NG_ASSIGN(const auto entries, (map_entries<K, V>(inner->get())));
    std::vector<K> keys;
    keys.reserve(entries.size());
    for (const auto& entry : entries) {
        keys.push_back(entry.first);
    }
    return map_erase_many(inner->get(), keys);
}

Result<> empty_pending(Datapath& datapath, std::uint32_t slot) {
    auto inner = datapath.inner_map(MapId::kPending, slot);
    if (!inner) {
        return inner.error().code() == Code::kNotFound ? ok() : Result<>(inner.error());
    }
    std::vector<std::uint32_t> keys(NG_PENDING_SETS);
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
        keys[i] = i;
    }
    return map_update_many(inner->get(), keys, std::vector<ng_pending_set>(NG_PENDING_SETS));
}

Result<> clear_books(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const int stats, datapath.map(MapId::kStats));
    std::vector<std::uint32_t> keys(NG_STATS_STRIDE);
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
        keys[i] = slot * NG_STATS_STRIDE + i;
    }
    const std::vector<std::uint64_t> zeros(keys.size() * raw::possible_cpus());
    NG_TRY(raw::update_many(stats, keys.data(), zeros.data(), keys.size()));
    NG_ASSIGN(const int names, datapath.map(MapId::kNewNames));
    NG_TRY(map_update(names, slot, std::uint64_t{0}));
    NG_ASSIGN(const int budget, datapath.map(MapId::kDenyBudget));
    return map_update(budget, slot, ng_deny_budget{});
}

// Looks only at the lowest slots, which are used first: faster than reading the whole table.
Result<std::optional<std::uint32_t>> near_spare(Datapath& datapath) {
    for (std::uint32_t slot = 0; slot < kNearSlots; ++slot) {
        NG_ASSIGN(const auto state, read_state(datapath, slot));
        if (state && state->use == NG_SLOT_SPARE) {
            return std::optional<std::uint32_t>(slot);
        }
    }
    return std::optional<std::uint32_t>();
}

}  // namespace

Result<std::uint32_t> acquire_slot(Datapath& datapath, std::uint32_t endpoint) {
    NG_ASSIGN(const auto near, near_spare(datapath));
    if (near) {
        NG_TRY(set_state(datapath, *near, NG_SLOT_USED, endpoint));
        return *near;
    }
    NG_ASSIGN(const auto states, read_states(datapath));
    auto spares = slots_in(states, NG_SLOT_SPARE);
    if (spares.empty()) {
        spares = slots_in(states, NG_SLOT_EMPTY);
        if (spares.empty()) {
            return Error(Code::kExhausted, "all " + std::to_string(NG_MAX_SLOTS) + " endpoint slots of this node are in use");
        }
        spares.resize(1);
        NG_TRY(make_spares(datapath, spares));
    }
    NG_TRY(set_state(datapath, spares.front(), NG_SLOT_USED, endpoint));
    return spares.front();
}

namespace {

// Changes only the mode: a program that reads the configuration meanwhile finds the rest unchanged.
Result<ng_endpoint> close_slot(int endpoints, std::uint32_t slot) {
    NG_ASSIGN(const auto found, map_lookup<ng_endpoint>(endpoints, slot));
    ng_endpoint endpoint = found.value_or(ng_endpoint{});
    endpoint.version[endpoint.active & 1].mode = NG_MODE_CLOSED;
    NG_TRY(map_update(endpoints, slot, endpoint));
    return endpoint;
}

// Empty except for the generation: those of the next endpoint are larger, so no flow of this one matches it.
ng_endpoint emptied(const ng_endpoint& before) {
    ng_endpoint empty{};
    empty.version[0].generation = before.version[before.active & 1].generation;
    return empty;
}

// Removes the endpoint's entries. A spare keeps its inner maps.
Result<> empty_slot(Datapath& datapath, std::uint32_t slot, bool spare) {
    if (spare) {
        NG_TRY((empty_inner<ng_addr, ng_learnt>(datapath, MapId::kLearnt, slot)));
        NG_TRY((empty_inner<ng_flow_key, ng_flow>(datapath, MapId::kFlows, slot)));
        NG_TRY(empty_pending(datapath, slot));
    } else {
        NG_ASSIGN(const auto fds, outer_fds(datapath));
        NG_TRY(on_each_outer([&](std::size_t i) { return clear_outer(fds[i], slot); }));
    }
    return clear_books(datapath, slot);
}

}  // namespace

Result<> release_slot(Datapath& datapath, std::uint32_t slot) {
    if (slot >= NG_MAX_SLOTS) {
        return Error(Code::kInvalidInput, "slot " + std::to_string(slot) + " does not exist");
    }
    NG_ASSIGN(const auto states, read_states(datapath));
    if (states[slot].use != NG_SLOT_USED) {
        return ok();
    }
    NG_ASSIGN(const int endpoints, datapath.map(MapId::kEndpoints));
    NG_ASSIGN(const ng_endpoint closed, close_slot(endpoints, slot));
    // A program that began earlier may still write to the slot's maps and read the policy, and a policy of zeros allows everything.
    NG_TRY(wait_for_programs());
    NG_TRY(map_update(endpoints, slot, emptied(closed)));
    NG_TRY(forget_untrusted(datapath, states[slot].endpoint));
    NG_TRY(remove_hello_table(datapath, slot));
    const bool spare = slots_in(states, NG_SLOT_SPARE).size() < kMaxSpareSlots;
    NG_TRY(empty_slot(datapath, slot, spare));
    return set_state(datapath, slot, spare ? NG_SLOT_SPARE : NG_SLOT_EMPTY, 0);
}

namespace {

// The inner maps of the slots: those of the older build, copies of them with longer values, or new ones.
struct Inners {
    std::vector<Fd> maps;
    bool all_carried = true;
};

Result<Inners> carry_inners(Datapath& datapath, const OtherBuild& from, std::size_t outer, bool same_meaning,
                            const std::vector<SlotUse>& uses) {
    NG_ASSIGN(const Fd sample, make_inner(kSlotMaps[outer], datapath.options()));
    NG_ASSIGN(const MapShape wanted, shape_of(sample.get()));
    Inners inners;
    for (const SlotUse& use : uses) {
        auto carried = from.inner_map(map_name(kSlotMaps[outer].inner.outer), use.slot);
        const auto shape = carried && same_meaning ? shape_of(carried->get()) : Result<MapShape>(MapShape{});
        if (carried && shape && *shape == wanted) {
            inners.maps.push_back(std::move(carried).value());
            continue;
        }
        NG_ASSIGN(Fd fresh, make_inner(kSlotMaps[outer], datapath.options()));
        if (carried && shape && has_grown(*shape, wanted)) {
            NG_TRY(copy_grown(carried->get(), fresh.get(), Write::kAny));
        } else {
            inners.all_carried = false;
        }
        inners.maps.push_back(std::move(fresh));
    }
    return inners;
}

}  // namespace

Result<std::vector<std::string>> adopt_slots(Datapath& datapath, const OtherBuild& from, const std::vector<SlotUse>& uses) {
    NG_ASSIGN(const auto states, read_states(datapath));
    std::vector<std::uint32_t> slots;
    for (const SlotUse& use : uses) {
        if (use.slot >= states.size() || (states[use.slot].use == NG_SLOT_USED && states[use.slot].endpoint != use.endpoint)) {
            return Error(Code::kExists, "slot " + std::to_string(use.slot) + " is in use by another endpoint; endpoint " +
                                            std::to_string(use.endpoint) + " cannot use it");
        }
        slots.push_back(use.slot);
    }
    NG_ASSIGN(const auto fds, outer_fds(datapath));
    const auto meta = from.meta();
    std::vector<std::string> lost;
    std::array<Inners, kOuters> inners;
    for (std::size_t i = 0; i < kOuters; ++i) {
        const bool same_meaning = meta && meta->seed == datapath.seed() && from.version() >= kSlotMaps[i].since;
        NG_ASSIGN(inners[i], carry_inners(datapath, from, i, same_meaning, uses));
        if (!inners[i].all_carried) {
            lost.emplace_back(map_name(kSlotMaps[i].inner.outer));
        }
    }
    NG_TRY(on_each_outer([&](std::size_t i) { return fill_outer(fds[i], slots, inners[i].maps); }));
    for (const SlotUse& use : uses) {
        NG_TRY(set_state(datapath, use.slot, NG_SLOT_USED, use.endpoint));
    }
    return lost;
}

Result<> copy_grown_maps(Datapath& datapath, const OtherBuild& from, std::uint32_t slot, Write how) {
    const auto meta = from.meta();
    for (const SlotMap& map : kSlotMaps) {
        if (!meta || meta->seed != datapath.seed() || from.version() < map.since) {
            continue;
        }
        auto older = from.inner_map(map_name(map.inner.outer), slot);
        if (!older && older.error().code() == Code::kNotFound) {
            continue;
        }
        NG_TRY(older);
        NG_ASSIGN(const Fd own, datapath.inner_map(map.inner.outer, slot));
        NG_ASSIGN(const MapShape older_shape, shape_of(older->get()));
        NG_ASSIGN(const MapShape own_shape, shape_of(own.get()));
        if (has_grown(older_shape, own_shape)) {
            NG_TRY(copy_grown(older->get(), own.get(), how));
        }
    }
    return ok();
}

Result<> ensure_spare_slots(Datapath& datapath, std::uint32_t wanted) {
    NG_ASSIGN(const auto states, read_states(datapath));
    const std::size_t have = slots_in(states, NG_SLOT_SPARE).size();
    const std::size_t target = std::min(wanted, kMaxSpareSlots);
    if (have >= target) {
        return ok();
    }
    auto empty = slots_in(states, NG_SLOT_EMPTY);
    empty.resize(std::min(empty.size(), target - have));
    return empty.empty() ? ok() : make_spares(datapath, empty);
}

Result<std::optional<std::uint32_t>> slot_owner(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const auto state, read_state(datapath, slot));
    return state && state->use == NG_SLOT_USED ? std::optional<std::uint32_t>(state->endpoint) : std::optional<std::uint32_t>();
}

Result<std::vector<SlotUse>> used_slots(Datapath& datapath) {
    NG_ASSIGN(const auto states, read_states(datapath));
    std::vector<SlotUse> used;
    for (const std::uint32_t slot : slots_in(states, NG_SLOT_USED)) {
        used.push_back({slot, states[slot].endpoint});
    }
    return used;
}

Result<std::uint32_t> count_spare_slots(Datapath& datapath) {
    NG_ASSIGN(const auto states, read_states(datapath));
    return static_cast<std::uint32_t>(slots_in(states, NG_SLOT_SPARE).size());
}

}  // namespace namegate::datapath
