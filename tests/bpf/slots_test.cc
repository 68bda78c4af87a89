// SPDX-License-Identifier: Apache-2.0
#include "datapath/slots.h"

#include <linux/bpf.h>

#include <catch2/catch.hpp>
#include <set>

#include "datapath/policy_writer.h"
#include "datapath/program_wait.h"
#include "datapath/reader.h"
#include "datapath_fixture.h"
#include "support/refused_calls.h"

namespace namegate::test {
namespace {

using namespace datapath;

TEST_CASE("spares are made at load, taken, and come back empty", "[slots]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    CHECK(take(count_spare_slots(datapath)) == fixture.options().spare_slots);
    const auto slot = take(acquire_slot(datapath, 7));
    REQUIRE(take(used_slots(datapath)).size() == 1);
    CHECK(take(used_slots(datapath)).front().endpoint == 7);

    const Fd learnt = take(datapath.inner_map(MapId::kLearnt, slot));
    const Fd flows = take(datapath.inner_map(MapId::kFlows, slot));
    const Fd pending = take(datapath.inner_map(MapId::kPending, slot));
    for (std::uint32_t i = 0; i < 40; ++i) {
        ng_addr addr{{1, 2, 3, i}};
        ng_flow_key key{};
        key.remote = addr;
        take(map_update(learnt.get(), addr, ng_learnt{}));
        take(map_update(flows.get(), key, ng_flow{}));
    }
    ng_pending_set set{};
    set.way[3].question = 9;
    take(map_update(pending.get(), std::uint32_t{5}, set));

    take(release_slot(datapath, slot));
    take(release_slot(datapath, slot));
    CHECK(take(read_learnt(datapath, slot)).empty());
    CHECK(take(read_flows(datapath, slot)).empty());
    CHECK(take(map_lookup<ng_pending_set>(pending.get(), std::uint32_t{5}))->way[3].question == 0);
    CHECK(take(count_spare_slots(datapath)) == fixture.options().spare_slots);
    CHECK(take(used_slots(datapath)).empty());
}

TEST_CASE("without a spare a slot is made, and a limited number is kept", "[slots]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    std::set<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < 12; ++i) {
        slots.insert(take(acquire_slot(datapath, i + 1)));
    }
    CHECK(slots.size() == 12);
    CHECK(take(count_spare_slots(datapath)) == 0);
    for (const auto slot : slots) {
        take(release_slot(datapath, slot));
    }
    CHECK(take(count_spare_slots(datapath)) == kMaxSpareSlots);
    CHECK(read_learnt(datapath, *slots.rbegin()).error().code() == Code::kNotFound);
    CHECK(release_slot(datapath, NG_MAX_SLOTS).error().code() == Code::kInvalidInput);
}

TEST_CASE("a spare slot is found wherever it is, and a slot has its owner", "[slots]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const int states = take(datapath.map(MapId::kSlots));
    for (std::uint32_t slot = 0; slot < NG_MAX_SLOTS; ++slot) {
        take(map_update(states, slot, ng_slot_state{NG_SLOT_USED, slot + 1}));
    }
    CHECK(acquire_slot(datapath, 9999).error().code() == Code::kExhausted);
    for (const std::uint32_t slot : {std::uint32_t{NG_MAX_SLOTS - 1}, std::uint32_t{500}, std::uint32_t{3}, std::uint32_t{0}}) {
        take(map_update(states, slot, ng_slot_state{NG_SLOT_SPARE, 0}));
        CHECK_FALSE(take(slot_owner(datapath, slot)));
        CHECK(take(acquire_slot(datapath, 9000 + slot)) == slot);
        CHECK(take(slot_owner(datapath, slot)) == 9000 + slot);
    }
    CHECK(take(slot_owner(datapath, 77)) == 78);
    CHECK_FALSE(take(slot_owner(datapath, NG_MAX_SLOTS)));
}

TEST_CASE("waiting for programs: another method where the kernel has no membarrier, and an error when it fails", "[slots]") {
    Result<> waited = ok();
    without_calls({{SYS_membarrier}}, [&] { waited = wait_for_programs(); });
    CHECK(waited);
    without_calls({{SYS_membarrier}, {SYS_bpf, BPF_MAP_CREATE}}, [&] { waited = wait_for_programs(); });
    REQUIRE_FALSE(waited);
    CHECK(waited.error().message().find("membarrier") != std::string::npos);
}

TEST_CASE("a slot is closed before it is emptied, and not emptied while a program may still read it", "[slots]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 7));
    PolicyWriter writer = take(PolicyWriter::open(datapath));
    const PolicyId policy = take(writer.install(sample_policy(1, {"a.com"})));
    CounterRoom counters(datapath);
    take(write_policies(datapath, DatapathFixture::identity(7, slot), {policy, 0}, counters));
    const Fd learnt = take(datapath.inner_map(MapId::kLearnt, slot));
    take(map_update(learnt.get(), ng_addr{{1, 2, 3, 4}}, ng_learnt{}));

    Result<> released = ok();
    without_calls({{SYS_membarrier}, {SYS_bpf, BPF_MAP_CREATE}}, [&] { released = release_slot(datapath, slot); });
    CHECK_FALSE(released);
    const auto left = take(active_config(datapath, slot));
    REQUIRE(left);
    CHECK(left->mode == NG_MODE_CLOSED);
    CHECK(left->endpoint == 7);
    CHECK(left->direction[NG_EGRESS].policy == policy);
    CHECK(take(read_learnt(datapath, slot)).size() == 1);
    CHECK(take(slot_owner(datapath, slot)) == 7);

    take(release_slot(datapath, slot));
    CHECK_FALSE(take(active_config(datapath, slot)));
    CHECK(take(read_learnt(datapath, slot)).empty());
    CHECK_FALSE(take(slot_owner(datapath, slot)));
}

TEST_CASE("no two endpoints of a slot have a generation in common", "[slots]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    std::set<std::uint32_t> generations;
    const auto slot = take(acquire_slot(datapath, 1));
    for (std::uint32_t endpoint = 1; endpoint <= 3; ++endpoint) {
        for (const std::uint8_t host : {std::uint8_t{2}, std::uint8_t{3}}) {
            auto identity = DatapathFixture::identity(endpoint, slot);
            identity.addresses = {IpAddress::v4({10, 1, 0, host})};
            take(write_closed(datapath, identity));
            CHECK(generations.insert(take(active_config(datapath, slot))->generation).second);
        }
        take(release_slot(datapath, slot));
        REQUIRE(take(acquire_slot(datapath, endpoint + 1)) == slot);
    }
}

}  // namespace
}  // namespace namegate::test
