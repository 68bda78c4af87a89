// SPDX-License-Identifier: Apache-2.0
#include "datapath/endpoint_writer.h"

#include <catch2/catch.hpp>
#include <utility>

#include "datapath/address.h"
#include "datapath/policy_collection.h"
#include "datapath/reader.h"
#include "datapath/slots.h"
#include "datapath_fixture.h"

namespace namegate::test {
namespace {

using namespace datapath;

TEST_CASE("an endpoint is closed, enforced, open; every change flips once", "[endpoint]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    const auto identity = DatapathFixture::identity(1, slot);
    CHECK_FALSE(take(active_config(datapath, slot)));
    take(write_closed(datapath, identity));
    const auto closed = *take(active_config(datapath, slot));
    CHECK(closed.mode == NG_MODE_CLOSED);
    CHECK(closed.n_addrs == 1);
    CHECK(to_address(closed.addrs[0]).to_string() == "10.1.0.2");

    const auto policy = take(install_policy(datapath, sample_policy(1, {})));
    take(write_policies(datapath, identity, {policy, 0}));
    const auto enforced = *take(active_config(datapath, slot));
    CHECK(enforced.mode == NG_MODE_ENFORCED);
    CHECK(enforced.generation == closed.generation + 1);
    CHECK(enforced.direction[NG_EGRESS].policy == policy);
    CHECK(enforced.direction[NG_EGRESS].counter_base != 0);
    CHECK(enforced.direction[NG_INGRESS].policy == 0);
    CHECK(take(policies_in_use(datapath)) == std::set<PolicyId>{policy});
    CHECK(take(collect_with_lock_held(datapath, {})).policies == 0);

    take(write_policies(datapath, identity, {policy, 0}));
    CHECK(take(active_config(datapath, slot))->generation == enforced.generation);

    take(write_policies(datapath, identity, {}));
    CHECK(take(active_config(datapath, slot))->mode == NG_MODE_OPEN);
    CHECK(write_policies(datapath, identity, {policy + 100, 0}).error().code() == Code::kNotFound);
    CHECK(take(active_config(datapath, slot))->mode == NG_MODE_OPEN);
}

TEST_CASE("endpoints count separately, and keep their counters while the policy stays", "[endpoint]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto policy = take(install_policy(datapath, sample_policy(1, {})));
    const auto other = take(install_policy(datapath, sample_policy(2, {})));
    const auto one = DatapathFixture::identity(1, take(acquire_slot(datapath, 1)));
    const auto two = DatapathFixture::identity(2, take(acquire_slot(datapath, 2)));
    // Counters belong to a bound interface.
    take(bind_interface(datapath, 41, one));
    take(bind_interface(datapath, 42, two));
    take(write_policies(datapath, one, {policy, policy}));
    take(write_policies(datapath, two, {policy, 0}));
    const auto first = *take(active_config(datapath, one.slot));
    const auto base = first.direction[NG_EGRESS].counter_base;
    CHECK(first.direction[NG_INGRESS].counter_base == base + 2);
    CHECK(take(active_config(datapath, two.slot))->direction[NG_EGRESS].counter_base == base + 4);
    CHECK(take(read_counters(datapath, first.direction[NG_EGRESS])).size() == 2);
    CHECK(take(read_counters(datapath, ng_direction{})).empty());

    take(write_policies(datapath, one, {policy, other}));
    const auto changed = *take(active_config(datapath, one.slot));
    CHECK(changed.direction[NG_EGRESS].counter_base == base);
    CHECK(changed.direction[NG_INGRESS].counter_base != first.direction[NG_INGRESS].counter_base);
}

TEST_CASE("an endpoint without addresses is prepared, and stays closed until it has them", "[endpoint]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto policy = take(install_policy(datapath, sample_policy(1, {})));
    auto one = DatapathFixture::identity(1, take(acquire_slot(datapath, 1)));
    const auto addresses = std::exchange(one.addresses, {});
    take(write_closed(datapath, one));
    take(bind_interface(datapath, 41, one));
    CounterRoom counters(datapath);
    take(write_prepared(datapath, one, {policy, 0}, counters));
    const auto prepared = *take(active_config(datapath, one.slot));
    CHECK(prepared.mode == NG_MODE_CLOSED);
    CHECK(prepared.n_addrs == 0);
    CHECK(prepared.direction[NG_EGRESS].policy == policy);
    // No other endpoint gets its counters, and its policy is not collected.
    const auto two = DatapathFixture::identity(2, take(acquire_slot(datapath, 2)));
    take(bind_interface(datapath, 42, two));
    take(write_policies(datapath, two, {policy, 0}));
    CHECK(take(active_config(datapath, two.slot))->direction[NG_EGRESS].counter_base != prepared.direction[NG_EGRESS].counter_base);
    take(release_slot(datapath, two.slot));
    CHECK(take(collect_with_lock_held(datapath, {})).policies == 0);

    one.addresses = addresses;
    take(write_policies(datapath, one, {policy, 0}));
    const auto enforced = *take(active_config(datapath, one.slot));
    CHECK(enforced.mode == NG_MODE_ENFORCED);
    CHECK(enforced.n_addrs == 1);
    CHECK(enforced.direction[NG_EGRESS].counter_base == prepared.direction[NG_EGRESS].counter_base);
}

TEST_CASE("an identity that the maps cannot store is refused", "[endpoint]") {
    DatapathFixture fixture;
    auto identity = DatapathFixture::identity(1, 0);
    identity.addresses.assign(NG_MAX_ENDPOINT_ADDRS + 1, identity.addresses.front());
    CHECK(write_closed(fixture.datapath(), identity).error().code() == Code::kUnsupported);
    // Before its addresses are known it may be closed, and nothing else.
    identity.addresses.clear();
    CHECK(write_closed(fixture.datapath(), identity));
    CHECK(write_policies(fixture.datapath(), identity, {}).error().code() == Code::kUnsupported);
    CHECK(write_closed(fixture.datapath(), DatapathFixture::identity(0, 0)).error().code() == Code::kInternal);
    CHECK(write_closed(fixture.datapath(), DatapathFixture::identity(1, NG_MAX_SLOTS)).error().code() == Code::kInvalidInput);
}

TEST_CASE("interfaces are bound and unbound", "[endpoint]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    take(bind_interface(datapath, 42, DatapathFixture::identity(3, 9)));
    const auto bound = take(read_interfaces(datapath));
    REQUIRE(bound.size() == 1);
    CHECK(bound.front().first == 42);
    CHECK(bound.front().second.slot == 9);
    take(unbind_interface(datapath, 42));
    take(unbind_interface(datapath, 42));
    CHECK(take(read_interfaces(datapath)).empty());
}

TEST_CASE("of two interfaces with one near place, the first has it until it is removed", "[endpoint]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto near = [&datapath] { return *take(map_lookup<ng_near_iface>(take(datapath.map(MapId::kNearIfaces)), std::uint32_t{42})); };
    constexpr std::uint32_t kOther = 42 + NG_NEAR_IFACES;
    take(bind_interface(datapath, 42, DatapathFixture::identity(3, 9)));
    take(bind_interface(datapath, kOther, DatapathFixture::identity(4, 10)));
    CHECK(near().ifindex == 42);
    CHECK(take(read_interfaces(datapath)).size() == 2);
    take(bind_interface(datapath, 42, DatapathFixture::identity(5, 11)));
    CHECK(near().iface.endpoint == 5);
    take(unbind_interface(datapath, kOther));
    CHECK(near().ifindex == 42);
    take(unbind_interface(datapath, 42));
    CHECK(near().ifindex == 0);
    CHECK(near().iface.endpoint == 0);
}

}  // namespace
}  // namespace namegate::test
