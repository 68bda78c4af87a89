// SPDX-License-Identifier: Apache-2.0
// What the node knows of the API server, in memory and on disk.
#include "kubernetes/known/knowledge.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "base/checksum.h"
#include "base/file.h"
#include "kubernetes/known/kept_objects.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::kubernetes;
using namegate::test::TempDir;

namespace {

Object pod(const std::string& name, const Labels& labels) {
    return {{"shop", name}, labels, PodFacts{"uid-" + name, "", "runner", {{"note", "\"x\"\n"}}, {{"http", 6, 80}}, true, true}};
}

std::shared_ptr<const Object> shared(Object object) { return std::make_shared<const Object>(std::move(object)); }

}  // namespace

TEST_CASE("objects come, change and go, and the namespaces of what changed are told") {
    Knowledge known("", true);
    CHECK(known.find(Kind::kPods, "shop", "cart") == nullptr);
    REQUIRE(known.put(Kind::kPods, pod("cart", {{"app", "x"}})));
    REQUIRE(known.put(Kind::kNamespaces, {{"", "shop"}, {{"team", "a"}}, {}}));
    CHECK(known.find(Kind::kPods, "shop", "cart")->labels.at("app") == "x");
    CHECK(known.take_changed() == std::set<std::string>{"shop"});
    // The same again is no change.
    REQUIRE(known.put(Kind::kPods, pod("cart", {{"app", "x"}})));
    CHECK_FALSE(known.has_changed());
    const std::uint64_t revision = known.revision(Kind::kPods);
    REQUIRE(known.put(Kind::kPods, pod("cart", {{"app", "y"}})));
    CHECK(known.revision(Kind::kPods) == revision + 1);
    CHECK(known.take_changed() == std::set<std::string>{"shop"});
    known.remove(Kind::kPods, {"shop", "cart"});
    CHECK(known.take_changed() == std::set<std::string>{"shop"});
    known.remove(Kind::kPods, {"shop", "cart"});
    CHECK_FALSE(known.has_changed());
}

TEST_CASE("a whole list replaces what was known; only differences are changes") {
    Knowledge known("", true);
    REQUIRE(known.put(Kind::kServiceAccounts, {{"a", "one"}, {}, {}}));
    REQUIRE(known.put(Kind::kServiceAccounts, {{"b", "two"}, {}, {}}));
    known.take_changed();
    CHECK_FALSE(known.is_complete(Kind::kServiceAccounts));
    known.replace(Kind::kServiceAccounts,
                  {{{"b", "two"}, shared({{"b", "two"}, {}, {}})}, {{"c", "three"}, shared({{"c", "three"}, {}, {}})}});
    CHECK(known.is_complete(Kind::kServiceAccounts));
    CHECK(known.take_changed() == std::set<std::string>{"a", "c"});
    CHECK(known.find(Kind::kServiceAccounts, "a", "one") == nullptr);
}

TEST_CASE("the number of objects has a limit; those over it stay unknown") {
    Knowledge known("", true);
    for (std::size_t i = 0; i < kMaxKnownObjects; ++i) {
        REQUIRE(known.put(Kind::kNamespaces, {{"", std::to_string(i)}, {}, {}}));
    }
    const auto over = known.put(Kind::kNamespaces, {{"", "one-more"}, {}, {}});
    REQUIRE_FALSE(over);
    CHECK(over.error().code() == Code::kExhausted);
    CHECK(over.error().message() == "more than 50000 namespaces; one-more stays unknown");
    CHECK(known.find(Kind::kNamespaces, "", "one-more") == nullptr);
    CHECK(known.put(Kind::kNamespaces, {{"", "7"}, {{"a", "b"}}, {}}));
}

TEST_CASE("what is kept on disk is known to the next process, and is not complete") {
    const TempDir dir;
    const std::string folder = dir.path() + "/kubernetes";
    {
        Knowledge known(folder, true);
        CHECK(known.loaded());
        REQUIRE(known.put(Kind::kPods, pod("cart", {{"app", "x"}, {"utf8", "\xc3\xa9"}})));
        REQUIRE(known.put(Kind::kNamespaces, {{"", "shop"}, {{"team", "a"}}, {}}));
        known.set_resource_version(Kind::kPods, "77");
        for (const Kind kind : {Kind::kPods, Kind::kNamespaces}) {
            REQUIRE(write_kept(folder, kind, known.resource_version(kind), known.all(kind)));
        }
    }
    const Knowledge known(folder, false);
    CHECK(known.loaded());
    REQUIRE(known.find(Kind::kPods, "shop", "cart"));
    CHECK(*known.find(Kind::kPods, "shop", "cart") == pod("cart", {{"app", "x"}, {"utf8", "\xc3\xa9"}}));
    CHECK(known.find(Kind::kNamespaces, "", "shop")->labels == Labels{{"team", "a"}});
    CHECK(known.all(Kind::kServiceAccounts).empty());
    CHECK(known.resource_version(Kind::kPods) == "77");
    CHECK_FALSE(known.is_complete(Kind::kPods));
    CHECK_FALSE(known.has_changed());
}

TEST_CASE("a damaged file counts as missing, is reported, and does not spoil the others") {
    const TempDir dir;
    REQUIRE(write_kept(dir.path(), Kind::kNamespaces, "1", {{{"", "shop"}, shared({{"", "shop"}, {}, {}})}}));
    REQUIRE(write_kept(dir.path(), Kind::kPods, "1", {{{"shop", "cart"}, shared(pod("cart", {}))}}));
    std::string content = *read_file(kept_path(dir.path(), Kind::kPods), kMaxKeptBytes);
    const int what = GENERATE(0, 1, 2, 3);
    if (what == 0) {
        content.resize(content.size() / 2);
    } else if (what == 1) {
        content[content.size() - 5] ^= 1;
    } else if (what == 2) {
        content.clear();
    } else {
        content = encode_kept(Kind::kServiceAccounts, "1", {});
    }
    std::ofstream(kept_path(dir.path(), Kind::kPods), std::ios::trunc) << content;
    const Knowledge known(dir.path(), true);
    REQUIRE_FALSE(known.loaded());
    CHECK(known.loaded().error().message().find(dir.path() + "/pods") == 0);
    CHECK(known.all(Kind::kPods).empty());
    CHECK(known.find(Kind::kNamespaces, "", "shop"));
}

TEST_CASE("a kept file whose content has other types is refused") {
    const auto refused = [](const std::string& objects) {
        const std::string whole = encode_kept(Kind::kPods, "1", {});
        const std::string body = R"({"kind":"pods","objects":)" + objects + R"(,"resourceVersion":"1"})";
        return !decode_kept(Kind::kPods, "namegate kubernetes 1 " + std::to_string(checksum_of(body)) + "\n" + body);
    };
    CHECK_FALSE(refused("[]"));
    CHECK(refused("[1]"));
    CHECK(refused("{}") == false);  // an empty object has no members to read
    CHECK(refused(R"([{"name":"a"}])"));
    CHECK(refused(R"([{"name":1,"namespace":"b"}])"));
    CHECK(refused(R"([{"name":"a","namespace":"b","pod":{"uid":"u"}}])"));
}
