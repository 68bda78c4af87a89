// SPDX-License-Identifier: Apache-2.0
// Upgrades from another build. The tests make its pins from those of this build: another build number in `meta` for the same
// layout, another folder name for another layout.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "datapath/attach.h"
#include "datapath/grown_map.h"
#include "datapath/hooks.h"
#include "datapath/learnt.h"
#include "datapath/libbpf_options.h"
#include "datapath/object.h"
#include "datapath/reader.h"
#include "datapath/slots.h"
#include "datapath_fixture.h"
#include "veth.h"

namespace namegate::test {
namespace {

using namespace datapath;

constexpr const char* kName = "gate.0";
constexpr std::uint32_t kEndpoint = 7;

class UpgradeFixture : public DatapathFixture {
  public:
    explicit UpgradeFixture(AttachMode mode) {
        options().attach = mode;
        reopen();
    }

    // An endpoint with its interface and one learned address.
    std::uint32_t make_endpoint(std::uint32_t ifindex) {
        const std::uint32_t slot = take(acquire_slot(datapath(), kEndpoint));
        take(write_closed(datapath(), identity(kEndpoint, slot)));
        take(bind_interface(datapath(), ifindex, identity(kEndpoint, slot)));
        take(attach(datapath(), kName, ifindex));
        LearntFill fill;
        fill.address = take(IpAddress::parse("192.0.2.1"));
        fill.pattern = 4;
        fill.expiry = 100;
        take(take(LearntWriter::open(datapath(), slot)).insert(fill, 1));
        return slot;
    }
    // From now on it is as if a build with that layout had made all this.
    void pretend_layout(std::uint32_t version) {
        patch_meta([version](ng_meta& meta) { meta.abi_version = version; });
        REQUIRE(std::rename(datapath().folder().c_str(), folder_of(version).c_str()) == 0);
    }
    void pretend_build(std::uint64_t build) {
        patch_meta([build](ng_meta& meta) { meta.build = build; });
    }
    std::string folder_of(std::uint32_t version) { return options().bpffs_dir + "/v" + std::to_string(version); }
    ng_meta meta() {
        const std::uint32_t zero = 0;
        return *take(map_lookup<ng_meta>(take(datapath().map(MapId::kMeta)), zero));
    }
    std::uint32_t program_id(ProgramId id) { return take(program_number(take(datapath().program(id)))); }
    std::uint32_t inner_id(MapId outer, std::uint32_t slot) {
        bpf_map_info info{};
        __u32 size = sizeof info;
        const Fd inner = take(datapath().inner_map(outer, slot));
        REQUIRE(bpf_obj_get_info_by_fd(inner.get(), &info, &size) == 0);
        return info.id;
    }

  private:
    template <typename Change>
    void patch_meta(const Change& change) {
        ng_meta value = meta();
        change(value);
        const std::uint32_t zero = 0;
        take(map_update(take(datapath().map(MapId::kMeta)), zero, value));
    }
};

// The pins of a map of maps whose inner maps have values of another size.
void pin_other_outer(const std::string& path, std::uint32_t slot) {
    auto create = libbpf_options<bpf_map_create_opts>();
    create.map_flags = BPF_F_NO_PREALLOC;
    const Fd inner(bpf_map_create(BPF_MAP_TYPE_HASH, "other", sizeof(ng_addr), sizeof(ng_learnt) + 8, 64, &create));
    auto outer_options = libbpf_options<bpf_map_create_opts>();
    outer_options.inner_map_fd = static_cast<__u32>(inner.get());
    const Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer", 4, 4, NG_MAX_SLOTS, &outer_options));
    take(map_update(outer.get(), slot, static_cast<std::uint32_t>(inner.get())));
    REQUIRE(::unlink(path.c_str()) == 0);
    REQUIRE(bpf_obj_pin(outer.get(), path.c_str()) == 0);
}

AttachMode each_mode() { return GENERATE(AttachMode::kAuto, AttachMode::kClsact); }

}  // namespace

TEST_CASE("programs of another build are replaced on every interface, and the content of the maps stays", "[upgrade]") {
    UpgradeFixture fixture(each_mode());
    with_veth([&](std::uint32_t ifindex) {
        const std::uint32_t slot = fixture.make_endpoint(ifindex);
        const auto egress = fixture.program_id(ProgramId::kPodEgress);
        const auto seed = fixture.datapath().seed();
        fixture.reopen();
        CHECK(fixture.program_id(ProgramId::kPodEgress) == egress);
        fixture.pretend_build(1);
        fixture.options().take_over = false;
        fixture.reopen();
        CHECK(fixture.program_id(ProgramId::kPodEgress) == egress);
        CHECK(take(is_attached(fixture.datapath(), kName, ifindex)));
        fixture.options().take_over = true;
        fixture.reopen();
        CHECK(fixture.datapath().replaced());
        CHECK_FALSE(fixture.datapath().fresh());
        CHECK(fixture.program_id(ProgramId::kPodEgress) != egress);
        CHECK(take(is_attached(fixture.datapath(), kName, ifindex)));
        CHECK(fixture.meta().build == program_build());
        CHECK(fixture.datapath().seed() == seed);
        CHECK(take(read_learnt(fixture.datapath(), slot)).size() == 1);
        CHECK_FALSE(std::filesystem::exists(fixture.datapath().folder() + "/programs-next"));
        take(detach(fixture.datapath(), kName, ifindex));
    });
}

TEST_CASE("an interrupted replacement is repeated", "[upgrade]") {
    UpgradeFixture fixture(each_mode());
    with_veth([&](std::uint32_t ifindex) {
        fixture.make_endpoint(ifindex);
        fixture.pretend_build(1);
        // Some pins were moved, the others were not, and no interface changed over.
        const std::string folder = fixture.datapath().folder();
        std::filesystem::create_directory(folder + "/programs-next");
        REQUIRE(std::rename((folder + "/programs/pod_ingress").c_str(), (folder + "/programs-next/pod_ingress").c_str()) == 0);
        REQUIRE(bpf_obj_pin(take(fixture.datapath().program(ProgramId::kEmpty)), (folder + "/programs/pod_ingress").c_str()) == 0);
        fixture.reopen();
        CHECK(fixture.datapath().replaced());
        CHECK(take(is_attached(fixture.datapath(), kName, ifindex)));
        CHECK(fixture.meta().build == program_build());
        take(detach(fixture.datapath(), kName, ifindex));
    });
}

TEST_CASE("an endpoint of an older layout comes over with its own maps of learned addresses and flows", "[upgrade]") {
    UpgradeFixture fixture(each_mode());
    with_veth([&](std::uint32_t ifindex) {
        const std::uint32_t slot = fixture.make_endpoint(ifindex);
        const ng_meta before = fixture.meta();
        std::vector<std::uint32_t> inners;
        for (const MapId outer : {MapId::kLearnt, MapId::kFlows, MapId::kPending}) {
            inners.push_back(fixture.inner_id(outer, slot));
        }
        fixture.pretend_layout(NG_ABI_VERSION - 1);
        fixture.reopen();
        Datapath& datapath = fixture.datapath();
        CHECK(datapath.fresh());
        REQUIRE(datapath.older().size() == 1);
        CHECK(datapath.seed() == before.seed);
        CHECK(datapath.held_mark() == before.held_mark);
        CHECK(fixture.meta().next_endpoint == before.next_endpoint);
        CHECK(take(datapath.older().front().is_on(kName, ifindex)));
        CHECK_FALSE(take(is_attached(datapath, kName, ifindex)));

        CHECK(take(adopt_slots(datapath, datapath.older().front(), {{slot, kEndpoint}})).empty());
        CHECK(take(adopt_slots(datapath, datapath.older().front(), {{slot, kEndpoint}})).empty());
        CHECK(adopt_slots(datapath, datapath.older().front(), {{slot, kEndpoint + 1}}).error().code() == Code::kExists);
        for (const MapId outer : {MapId::kPending, MapId::kFlows, MapId::kLearnt}) {
            CHECK(fixture.inner_id(outer, slot) == inners.back());
            inners.pop_back();
        }
        take(write_closed(datapath, UpgradeFixture::identity(kEndpoint, slot)));
        CHECK(take(active_config(datapath, slot))->generation == NG_FIRST_GENERATION);
        CHECK(take(datapath.retire_older()) == std::vector<std::string>{kName});
        take(take_over(datapath, kName, ifindex, slot));
        take(take_over(datapath, kName, ifindex, slot));
        CHECK(take(is_attached(datapath, kName, ifindex)));
        CHECK(take(datapath.retire_older()).empty());
        CHECK(datapath.older().empty());
        CHECK_FALSE(std::filesystem::exists(fixture.folder_of(NG_ABI_VERSION - 1)));
        CHECK(take(read_learnt(datapath, slot)).size() == 1);
        take(detach(datapath, kName, ifindex));
    });
}

TEST_CASE("entries are copied to a map whose values have grown", "[upgrade]") {
    const auto make = [](std::uint32_t value_bytes, std::uint32_t key_bytes = 4) {
        return Fd(bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "grown", key_bytes, value_bytes, 1024, nullptr));
    };
    struct Longer {
        std::uint64_t first = 0;
        std::uint64_t added = 0;
    };
    const Fd from = make(8);
    const Fd to = make(sizeof(Longer));
    for (std::uint32_t key = 1; key <= 100; ++key) {
        take(map_update(from.get(), key, std::uint64_t{key} * 10));
    }
    take(copy_grown(from.get(), to.get(), Write::kAny));
    // The older programs go on, and the newer ones have begun.
    take(map_update(from.get(), std::uint32_t{101}, std::uint64_t{1}));
    take(map_update(to.get(), std::uint32_t{1}, Longer{7, 8}));
    take(copy_grown(from.get(), to.get(), Write::kOnlyNew));
    std::size_t entries = 0;
    take(map_for_each<std::uint32_t, Longer>(to.get(), [&entries](std::uint32_t key, const Longer& value) {
        ++entries;
        CHECK(value.first == (key == 1 ? 7U : key == 101 ? 1U : key * 10U));
        CHECK(value.added == (key == 1 ? 8U : 0U));
    }));
    CHECK(entries == 101);
    CHECK_FALSE(copy_grown(to.get(), from.get(), Write::kAny));
    CHECK_FALSE(copy_grown(make(8, 8).get(), to.get(), Write::kAny));
}

TEST_CASE("maps with another layout begin empty, and are named", "[upgrade]") {
    UpgradeFixture fixture(AttachMode::kAuto);
    with_veth([&](std::uint32_t ifindex) {
        const std::uint32_t slot = fixture.make_endpoint(ifindex);
        const std::string what = GENERATE("shape", "version", "seed");
        INFO(what);
        std::uint32_t version = NG_ABI_VERSION - 1;
        std::vector<std::string> lost{"learnt", "flows", "pending"};
        if (what == "shape") {
            pin_other_outer(fixture.datapath().folder() + "/maps/learnt", slot);
            lost = {"learnt"};
        } else if (what == "version") {
            version = 1;
        }
        fixture.pretend_layout(version);
        if (what == "seed") {
            REQUIRE(::unlink((fixture.folder_of(version) + "/maps/meta").c_str()) == 0);
        }
        fixture.reopen();
        Datapath& datapath = fixture.datapath();
        REQUIRE(datapath.older().size() == 1);
        CHECK(take(adopt_slots(datapath, datapath.older().front(), {{slot, kEndpoint}})) == lost);
        CHECK(take(read_learnt(datapath, slot)).empty());
        take(take_over(datapath, kName, ifindex, slot));
        CHECK(take(datapath.retire_older()).empty());
        take(detach(datapath, kName, ifindex));
    });
}

TEST_CASE("a process that may not take over waits until an older layout is gone, and does not touch a newer one", "[upgrade]") {
    UpgradeFixture fixture(each_mode());
    with_veth([&](std::uint32_t ifindex) {
        fixture.make_endpoint(ifindex);
        fixture.pretend_layout(NG_ABI_VERSION - 1);
        fixture.options().take_over = false;
        CHECK(Datapath::open(fixture.options()).error().code() == Code::kTryAgain);
        REQUIRE(std::rename(fixture.folder_of(NG_ABI_VERSION - 1).c_str(), fixture.folder_of(NG_ABI_VERSION + 1).c_str()) == 0);
        for (const bool alone : {false, true}) {
            fixture.options().take_over = alone;
            const auto refused = Datapath::open(fixture.options());
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == Code::kUnsupported);
            CHECK(refused.error().message().find("newer build") != std::string::npos);
        }
        CHECK_FALSE(std::filesystem::exists(fixture.folder_of(NG_ABI_VERSION)));
        must_run("ip link del gate.0");
        // It no longer enforces anything.
        CHECK(Datapath::open(fixture.options()));
        CHECK_FALSE(std::filesystem::exists(fixture.folder_of(NG_ABI_VERSION + 1)));
    });
}

TEST_CASE("folders that are not a layout are left alone", "[upgrade]") {
    UpgradeFixture fixture(AttachMode::kAuto);
    for (const char* name : {"v", "vx", "v2x", "other", "v99999999999"}) {
        std::filesystem::create_directory(fixture.options().bpffs_dir + "/" + name);
    }
    CHECK(take(OtherBuild::list(fixture.options().bpffs_dir)).empty());
    CHECK(take(OtherBuild::list(fixture.options().bpffs_dir + "/not-there")).empty());
    fixture.reopen();
    CHECK(std::filesystem::exists(fixture.options().bpffs_dir + "/v2x"));
}

}  // namespace namegate::test
