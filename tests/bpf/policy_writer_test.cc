// SPDX-License-Identifier: Apache-2.0
#include "datapath/policy_writer.h"

#include <bit>
#include <catch2/catch.hpp>
#include <chrono>

#include "datapath/extents.h"
#include "datapath/pattern_id.h"
#include "datapath/policy_collection.h"
#include "datapath/policy_image.h"
#include "datapath/reader.h"
#include "datapath_fixture.h"

namespace namegate::test {
namespace {

using namespace datapath;

struct Sizes {
    std::size_t cidr4, cidr6, ports, patterns, suffixes, policies;
    bool operator==(const Sizes&) const = default;
};

Sizes sizes(DatapathFixture& fixture) {
    return {
        fixture.size_of<ng_cidr4_key, ng_cidr_value>(MapId::kCidr4), fixture.size_of<ng_cidr6_key, ng_cidr_value>(MapId::kCidr6),
        fixture.size_of<ng_port_key, std::uint32_t>(MapId::kPorts),  fixture.size_of<ng_pattern_key, ng_pattern_value>(MapId::kPatterns),
        fixture.size_of<std::uint64_t, ng_suffix>(MapId::kSuffixes), fixture.size_of<std::uint32_t, ng_policy>(MapId::kPolicies)};
}

TEST_CASE("policies with equal content share, and removal leaves the maps empty", "[policy]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto first = sample_policy(1, {"api.weather.com", "*.example.com", "a.*.example.net"}, 10);
    const auto one = take(install_policy(datapath, first));
    CHECK(take(install_policy(datapath, first)) == one);
    const auto two = take(install_policy(datapath, sample_policy(2, {"*.example.com"})));
    CHECK(one != two);
    CHECK(take(installed_policies(datapath)) == std::vector<PolicyId>{one, two});
    CHECK(sizes(fixture) == Sizes{11, 0, 2, 5, 3, 2});

    const auto direction = take(installed_policy(datapath, one)).direction;
    CHECK(direction.flags == (NG_DIR_CIDR4 | NG_DIR_DOMAINS | NG_DIR_MID));
    CHECK(direction.max_labels == 3);
    CHECK(direction.any4 != 0);
    CHECK(direction.no_port != 0);
    CHECK(direction.n_rules == 2);
    const auto wild = pattern_id(datapath.seed(), take(policy::DomainPattern::parse("*.example.com")));
    CHECK(take(read_pattern_text(datapath, wild)) == "*.example.com");
    const auto middle = pattern_id(datapath.seed(), take(policy::DomainPattern::parse("a.*.example.net")));
    CHECK(take(read_pattern_text(datapath, middle)) == "a.*.example.net");
    int bits = 0;
    for (const std::uint32_t word : take(installed_policy(datapath, one)).filter.words) {
        bits += std::popcount(word);
    }
    CHECK(bits >= 1);
    CHECK(bits <= 3);  // one for each pattern, unless two share it

    CHECK(take(collect_with_lock_held(datapath, {two})).policies == 1);
    CHECK(sizes(fixture) == Sizes{0, 0, 1, 1, 1, 1});
    CHECK(take(collect_with_lock_held(datapath, {})).policies == 1);
    CHECK(sizes(fixture) == Sizes{0, 0, 0, 0, 0, 0});
    CHECK(installed_policy(datapath, two).error().code() == Code::kNotFound);
}

TEST_CASE("extents do not overlap and are reused", "[policy]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto one = take(install_policy(datapath, sample_policy(1, {})));
    const auto two = take(install_policy(datapath, sample_policy(2, {})));
    const auto base = take(installed_policy(datapath, one)).direction.rule_base;
    CHECK(take(installed_policy(datapath, two)).direction.rule_base == base + 2);
    take(collect_with_lock_held(datapath, {two}));
    const auto three = take(install_policy(datapath, sample_policy(3, {})));
    CHECK(three > two);
    CHECK(take(installed_policy(datapath, three)).direction.rule_base == base);
    Extents some;
    some.add({5, 5});
    some.add({1, 2});
    CHECK(some.find_room(2, 1, 20) == std::optional<std::uint32_t>(3));
    some.add({3, 2});
    CHECK(some.in_use() == 9);
    CHECK(some.find_room(10, 1, 20) == std::optional<std::uint32_t>(10));
    CHECK(some.find_room(11, 1, 20) == std::nullopt);
}

TEST_CASE("the remains of a writer that died are removed", "[policy]") {
    DatapathFixture fixture;
    auto& datapath = fixture.datapath();
    const auto id = take(install_policy(datapath, sample_policy(1, {"*.example.com"}, 5)));
    const int fd = take(datapath.map(MapId::kPolicies));
    auto entry = *take(map_lookup<ng_policy>(fd, id));
    entry.content[0] = entry.content[1] = 0;
    take(map_update(fd, id, entry));
    CHECK(take(installed_policies(datapath)).empty());
    CHECK(take(install_policy(datapath, sample_policy(1, {}))) != id);
    CHECK(take(collect_with_lock_held(datapath, {})).policies == 2);
    CHECK(sizes(fixture) == Sizes{0, 0, 0, 0, 0, 0});
}

TEST_CASE("a malformed compiled policy is refused and leaves nothing", "[policy]") {
    DatapathFixture fixture;
    auto policy = sample_policy(1, {});
    policy.cidrs[0].match = 99;
    CHECK(install_policy(fixture.datapath(), policy).error().code() == Code::kInternal);
    CHECK(sizes(fixture) == Sizes{0, 0, 0, 0, 0, 0});
}

TEST_CASE("T1: the image of a policy has the TLS names of its rules, and the bitmap of those that bind", "[policy]") {
    auto policy = sample_policy(1, {"a.com"});
    const PolicyPlace place{1, 100, 200, 7};
    const auto plain = take(make_policy_image(policy, place));
    CHECK((plain.direction.flags & NG_DIR_TLS) == 0);
    CHECK(plain.direction.bound == 0);
    CHECK(plain.rules[0].flags == 0);
    policy.bound = 1;
    const auto flags = [&](policy::TlsNames names, policy::Quic quic) {
        policy.rules[0].tls = {names, quic};
        const auto image = take(make_policy_image(policy, place));
        CHECK((image.direction.flags & NG_DIR_TLS) != 0);
        CHECK(image.direction.bound == 100);
        CHECK(image.rules[1].flags == 0);
        return image.rules[0].flags;
    };
    CHECK(flags(policy::TlsNames::kVerify, policy::Quic::kDeny) == NG_RULE_VERIFY);
    CHECK(flags(policy::TlsNames::kVerify, policy::Quic::kAllow) == (NG_RULE_VERIFY | NG_RULE_QUIC));
    CHECK(flags(policy::TlsNames::kRequire, policy::Quic::kDeny) == NG_RULE_REQUIRE);
    CHECK(flags(policy::TlsNames::kRequire, policy::Quic::kAllow) == (NG_RULE_REQUIRE | NG_RULE_QUIC));
    policy.bound = 99;
    CHECK(make_policy_image(policy, place).error().code() == Code::kInternal);
}

TEST_CASE("a hundred thousand prefixes install quickly", "[policy]") {
    DatapathFixture fixture;
    const auto policy = sample_policy(1, {}, 100'000);
    const auto begin = std::chrono::steady_clock::now();
    take(install_policy(fixture.datapath(), policy));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(1500));
    CHECK(sizes(fixture).cidr4 == 100'001);
    take(collect_with_lock_held(fixture.datapath(), {}));
    CHECK(sizes(fixture).cidr4 == 0);
}

}  // namespace
}  // namespace namegate::test
