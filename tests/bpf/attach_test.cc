// SPDX-License-Identifier: Apache-2.0
#include "datapath/attach.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "datapath_fixture.h"
#include "veth.h"

namespace namegate::test {
namespace {

using namespace datapath;

AttachKind attach_as(DatapathFixture& fixture, AttachMode mode, std::uint32_t ifindex) {
    fixture.options().attach = mode;
    fixture.reopen();
    return take(attach(fixture.datapath(), "gate.0", ifindex));
}

TEST_CASE("programs are attached and detached, again and again", "[attach]") {
    DatapathFixture fixture;
    const auto mode = GENERATE(AttachMode::kAuto, AttachMode::kClsact);
    // A kernel without tcx (before 6.6) uses clsact in both rounds.
    with_veth([&](std::uint32_t ifindex) {
        const AttachKind kind = attach_as(fixture, mode, ifindex);
        auto& datapath = fixture.datapath();
        CHECK(take(is_attached(datapath, "gate.0", ifindex)));
        CHECK(take(list_links(datapath)).size() == (kind == AttachKind::kTcx ? 2U : 0U));
        CHECK(take(attach(datapath, "gate.0", ifindex)) == kind);
        CHECK(take(list_links(datapath)).size() == (kind == AttachKind::kTcx ? 2U : 0U));
        if (kind == AttachKind::kTcx) {
            CHECK(take(list_links(datapath)).front().ifname == "gate.0");
            CHECK(take(list_links(datapath)).front().ifindex == ifindex);
        }
        fixture.reopen();
        CHECK(take(is_attached(fixture.datapath(), "gate.0", ifindex)));
        take(detach(fixture.datapath(), "gate.0", ifindex));
        CHECK_FALSE(take(is_attached(fixture.datapath(), "gate.0", ifindex)));
        take(detach(fixture.datapath(), "gate.0", ifindex));
        CHECK(take(list_links(fixture.datapath())).empty());
    });
}

TEST_CASE("links of removed interfaces are found and removed", "[attach]") {
    DatapathFixture fixture;
    with_veth([&](std::uint32_t ifindex) {
        if (attach_as(fixture, AttachMode::kAuto, ifindex) != AttachKind::kTcx) {
            WARN("no tcx links on this kernel");
            return;
        }
        auto& datapath = fixture.datapath();
        CHECK(take(remove_severed_links(datapath)).empty());
        must_run("ip link del gate.0");
        CHECK(take(list_links(datapath)).front().ifindex == 0);
        CHECK_FALSE(take(is_attached(datapath, "gate.0", ifindex)));
        // A new interface of that name gets new links; then they are severed and swept.
        must_run("ip link add gate.0 type veth peer name pod0");
        const auto again = ::if_nametoindex("gate.0");
        take(attach(datapath, "gate.0", again));
        CHECK(take(is_attached(datapath, "gate.0", again)));
        must_run("ip link del gate.0");
        CHECK(take(remove_severed_links(datapath)) == std::vector<std::string>{"gate.0"});
        CHECK(take(list_links(datapath)).empty());
    });
}

TEST_CASE("beside another plugin's ingress qdisc: tcx works; clsact names the qdisc in its place, and leaves nothing", "[attach][C38]") {
    DatapathFixture fixture;
    with_veth([&](std::uint32_t ifindex) {
        must_run("tc qdisc add dev gate.0 ingress");
        fixture.options().attach = AttachMode::kClsact;
        fixture.reopen();
        const auto refused = attach(fixture.datapath(), "gate.0", ifindex);
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().message(), Catch::Contains("has made an ingress qdisc in the place of clsact"));
        CHECK(must_run("tc filter show dev gate.0 ingress").empty());
        fixture.options().attach = AttachMode::kAuto;
        fixture.reopen();
        if (const auto attached = attach(fixture.datapath(), "gate.0", ifindex); attached) {
            CHECK(*attached == AttachKind::kTcx);
            CHECK(take(is_attached(fixture.datapath(), "gate.0", ifindex)));
            CHECK_THAT(must_run("tc qdisc show dev gate.0"), Catch::Contains("ingress"));
            take(detach(fixture.datapath(), "gate.0", ifindex));
        } else {
            CHECK(attached.error().message() == refused.error().message());  // a kernel without tcx
        }
    });
}

TEST_CASE("a missing interface is kNotFound and leaves no pins", "[attach]") {
    DatapathFixture fixture;
    with_veth([&](std::uint32_t ifindex) {
        const auto attached = attach(fixture.datapath(), "gate.0", ifindex + 1000);
        REQUIRE_FALSE(attached);
        CHECK(attached.error().code() == Code::kNotFound);
        CHECK(take(list_links(fixture.datapath())).empty());
        take(detach(fixture.datapath(), "gate.0", 0));
    });
}

TEST_CASE("links survive a lost pin: they get the new programs", "[attach]") {
    DatapathFixture fixture;
    with_veth([&](std::uint32_t ifindex) {
        if (attach_as(fixture, AttachMode::kAuto, ifindex) != AttachKind::kTcx) {
            return;
        }
        REQUIRE(::unlink((fixture.datapath().folder() + "/maps/ifaces").c_str()) == 0);
        fixture.reopen();
        CHECK(fixture.datapath().fresh());
        CHECK(take(is_attached(fixture.datapath(), "gate.0", ifindex)));
        CHECK(take(list_links(fixture.datapath())).size() == 2);
    });
}

}  // namespace
}  // namespace namegate::test
