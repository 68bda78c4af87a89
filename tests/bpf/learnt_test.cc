// SPDX-License-Identifier: Apache-2.0
#include "datapath/learnt.h"

#include <catch2/catch.hpp>

#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/reader.h"
#include "datapath/slots.h"
#include "datapath_fixture.h"

namespace namegate::test {
namespace {

using namespace datapath;

Result<> insert_learnt(Datapath& datapath, std::uint32_t slot, const LearntFill& fill, std::uint32_t now) {
    NG_ASSIGN(LearntWriter writer, LearntWriter::open(datapath, slot));
    return writer.insert(fill, now);
}

LearntFill fill(std::string_view address, std::uint64_t pattern, std::uint32_t expiry) {
    return {take(IpAddress::parse(address)), pattern, expiry, take(IpAddress::parse("10.0.0.53")), 53};
}

TEST_CASE("fills merge: patterns side by side, expiry only extended", "[learnt]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 4, 100), 10));
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 8, 200), 10));
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 4, 50), 11));
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 8, 300), 12));
    const auto entries = take(read_learnt(datapath, slot));
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].value.count == 2);
    CHECK(entries[0].value.pattern[0] == 4);
    CHECK(entries[0].value.expiry[0] == 100);
    CHECK(entries[0].value.expiry[1] == 300);
    CHECK(entries[0].value.updated == 12);
    CHECK(to_address(entries[0].value.server).to_string() == "10.0.0.53");
}

TEST_CASE("expired patterns are replaced, live ones are not", "[learnt]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    for (std::uint64_t i = 0; i < NG_LEARNT_PATTERNS; ++i) {
        take(insert_learnt(datapath, slot, fill("192.0.2.1", 4 * (i + 1), i == 5 ? 20 : 100), 10));
    }
    CHECK(insert_learnt(datapath, slot, fill("192.0.2.1", 400, 100), 10).error().code() == Code::kExhausted);
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 400, 100), 20));
    CHECK(take(read_learnt(datapath, slot))[0].value.pattern[5] == 400);
}

TEST_CASE("the endpoint's limit is an error that names the address", "[learnt]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    Result<> last = ok();
    for (int i = 0; i < 256 && last; ++i) {
        last = insert_learnt(datapath, slot, fill("192.0.2." + std::to_string(i), 4, 100), 10);
    }
    REQUIRE_FALSE(last);
    CHECK(last.error().code() == Code::kExhausted);
    CHECK(last.error().message().find("192.0.2.") != std::string::npos);
}

TEST_CASE("the sweep removes what expired long ago and is unused", "[learnt]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    take(insert_learnt(datapath, slot, fill("192.0.2.1", 4, 100), 10));  // expired
    take(insert_learnt(datapath, slot, fill("192.0.2.2", 4, 100), 10));  // expired, but one pattern lives
    take(insert_learnt(datapath, slot, fill("192.0.2.2", 8, 5000), 10));
    take(insert_learnt(datapath, slot, fill("192.0.2.3", 4, 100), 10));  // expired, but in use
    take(insert_learnt(datapath, slot, fill("192.0.2.4", 4, 900), 10));  // within the grace
    const Fd flows = take(datapath.inner_map(MapId::kFlows, slot));
    ng_flow_key key{};
    key.remote = to_ng_addr(take(IpAddress::parse("192.0.2.3")));
    key.protocol = 6;
    ng_flow flow{};
    flow.last_seen = static_cast<std::uint32_t>(take(read_clock(datapath)).jiffies);
    take(map_update(flows.get(), key, flow));

    const auto swept = take(sweep_learnt(datapath, slot, 1000, ticks_in(60)));
    CHECK(swept.removed == 1);
    CHECK(swept.kept_by_flow == 1);
    CHECK(swept.left == 3);
    flow.flags = NG_FLOW_CUT;
    take(map_update(flows.get(), key, flow));
    CHECK(take(sweep_learnt(datapath, slot, 1000, ticks_in(60))).removed == 1);
    CHECK(take(read_learnt(datapath, slot)).size() == 2);
}

TEST_CASE("expired addresses have no grace once a quarter of the map is in use", "[learnt]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto slot = take(acquire_slot(datapath, 1));
    const unsigned quarter = fixture.options().learnt_per_endpoint / 4;
    for (unsigned i = 0; i < quarter; ++i) {
        take(insert_learnt(datapath, slot, fill("192.0.2." + std::to_string(i), 4, i % 2 == 0 ? 900 : 5000), 10));
    }
    CHECK(take(sweep_learnt(datapath, slot, 1000, ticks_in(60))).removed == 0);
    take(insert_learnt(datapath, slot, fill("192.0.2.255", 4, 1000), 10));
    const auto swept = take(sweep_learnt(datapath, slot, 1000, ticks_in(60)));
    CHECK(swept.removed == quarter / 2);
    CHECK(swept.left == quarter / 2 + 1);
}

}  // namespace
}  // namespace namegate::test
