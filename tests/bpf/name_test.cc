// SPDX-License-Identifier: Apache-2.0
//
// Names against domain patterns, in the kernel: D5, D6, D7.
#include <catch2/catch.hpp>

#include "support/written_names.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

// Sends queries for names under one policy, each with a separate address.
class Resolver {
  public:
    explicit Resolver(std::string_view domains) { scene_.apply(domain_policy(domains)); }

    // Did the response for this name open its address?
    bool opens(std::string_view name) {
        const std::string address = "203.0." + std::to_string(next_ / 250) + "." + std::to_string(next_ % 250);
        ++next_;
        REQUIRE(scene_.resolve(name, {address.c_str()}));
        return scene_.connects(address);
    }
    Scene& scene() { return scene_; }

  private:
    Scene scene_;
    unsigned next_ = 1;
};

std::string repeated(const std::string& label, unsigned count) {
    std::string name = label;
    for (unsigned i = 1; i < count; ++i) {
        name += "." + label;
    }
    return name;
}

}  // namespace

TEST_CASE("D7: names as people write them, in the programs") {
    for (const WrittenName& one : kWrittenNames) {
        INFO(one.pattern << " against " << one.asked);
        Resolver resolver("'" + std::string(one.pattern) + "'");
        CHECK(resolver.opens(one.asked) == one.matches);
        CHECK(resolver.scene().count(NG_R_UNPARSED) == 0);
    }
}

TEST_CASE("D5, D7: an exact name matches in any case") {
    Resolver resolver("example.com");
    CHECK(resolver.opens("example.com"));
    CHECK(resolver.opens("eXaMPle.CoM"));
    for (const char* other :
         {"evilexample.com", "www.example.com", "example.com.evil.org", "xample.com", "example.co", "com", "example.comm",
          "example\\046com", "example.com\\000", "example\\000.com", "exam.ple.com", "example.com.com"}) {
        INFO(other);
        CHECK_FALSE(resolver.opens(other));
    }
    CHECK_FALSE(resolver.opens("."));
}

TEST_CASE("only letters ignore case") {
    Resolver resolver("a-b_1.example.com");
    CHECK(resolver.opens("A-B_1.example.com"));
    CHECK_FALSE(resolver.opens("a\\013b_1.example.com"));  // '-' without bit 5
    CHECK_FALSE(
        resolver.opens("a-b\\127"
                       "1.example.com"));                  // '_' with it
    CHECK_FALSE(resolver.opens("\\193-b_1.example.com"));  // 'A' with the top bit
}

TEST_CASE("D6: a leading wildcard stands for one or more whole labels") {
    Resolver resolver("'*.example.com'");
    for (const char* name :
         {"www.example.com", "WWW.Example.Com", "a.b.c.d.e.f.example.com", "www.example.com.example.com", "\\000.example.com"}) {
        INFO(name);
        CHECK(resolver.opens(name));
    }
    for (const char* name :
         {"example.com", "wwwexample.com", "www.evilexample.com", "www.example.com.evil.org", "www.example.org", "www\\046example.com"}) {
        INFO(name);
        CHECK_FALSE(resolver.opens(name));
    }
}

TEST_CASE("D6: a wildcard in the middle, with up to four labels before it") {
    Resolver resolver("'update.*.example.com', 'a.b.c.d.*.example.com', 'www.*.com'");
    for (const char* name : {"update.a.example.com", "update.a.b.c.example.com", "UPDATE.x.EXAMPLE.com", "a.b.c.d.e.example.com",
                             "www.sun.com", "www.example.com", "a.b.c.d.x.y.example.com"}) {
        INFO(name);
        CHECK(resolver.opens(name));
    }
    for (const char* name : {"update.example.com", "x.update.a.example.com", "updates.a.example.com", "a.b.c.d.example.com",
                             "a.b.c.e.example.com", "www.com", "www.sun.com.org", "wwww.sun.com", "update.a.example.org"}) {
        INFO(name);
        CHECK_FALSE(resolver.opens(name));
    }
    CHECK(resolver.scene().count(NG_R_UNPARSED) == 0);
}

TEST_CASE("D6: more labels before the wildcard than the kernel decides: unlearned and counted, never open") {
    Resolver resolver("'a.b.c.d.e.*.example.com', other.example.com");
    CHECK_FALSE(resolver.opens("x.y.example.com"));
    CHECK(resolver.scene().count(NG_R_UNPARSED) == 1);
    CHECK_FALSE(resolver.opens("example.com"));
    CHECK_FALSE(resolver.opens("example.org"));
    CHECK(resolver.scene().count(NG_R_UNPARSED) == 1);
}

TEST_CASE("several patterns and names on one address") {
    Scene scene;
    scene.apply(domain_policy("example.com, 'www.example.com', '*.example.com', '*.com', 'www.*.com', other.example"));
    REQUIRE(scene.resolve("www.example.com", {"203.0.113.1"}));
    CHECK(scene.learnt_entry("203.0.113.1").count == 4);
    REQUIRE(scene.resolve("other.example", {"203.0.113.1"}));
    REQUIRE(scene.resolve("www.example.com", {"203.0.113.1"}));
    CHECK(scene.learnt_entry("203.0.113.1").count == 5);
    // D16: the policy that keeps only one of them still opens the address, a policy with none does not.
    scene.apply(domain_policy("other.example"));
    CHECK(scene.connects("203.0.113.1"));
    scene.apply(domain_policy("another.example"));
    CHECK_FALSE(scene.connects("203.0.113.1"));
}

TEST_CASE("more patterns on one address than there are places") {
    Scene scene;
    std::string domains;
    for (unsigned i = 0; i <= NG_LEARNT_PATTERNS; ++i) {
        domains += (i == 0 ? "n" : ", n") + std::to_string(i) + ".example";
    }
    scene.apply(domain_policy(domains));
    for (unsigned i = 0; i <= NG_LEARNT_PATTERNS; ++i) {
        REQUIRE(scene.resolve("n" + std::to_string(i) + ".example", {"203.0.113.1"}));
        CHECK(scene.count(NG_R_LEARNT_FULL) == (i == NG_LEARNT_PATTERNS ? 1 : 0));
    }
    CHECK(scene.learnt_entry("203.0.113.1").count == NG_LEARNT_PATTERNS);
    CHECK(scene.connects("203.0.113.1"));
    // The place of an expired one is reused.
    scene.expire("203.0.113.1");
    REQUIRE(scene.resolve("n" + std::to_string(NG_LEARNT_PATTERNS) + ".example", {"203.0.113.1"}));
    CHECK(scene.count(NG_R_LEARNT_FULL) == 1);
    CHECK(scene.connects("203.0.113.1"));
}

TEST_CASE("a separate rule for each name: each opens its own ports") {
    Scene scene;
    scene.apply(egress_policy({kAllowDns, "{action: Allow, protocol: TCP, destination: {domains: [a.example], ports: [443]}}",
                               "{action: Allow, protocol: TCP, destination: {domains: ['*.example'], ports: [80]}}"}));
    REQUIRE(scene.resolve("a.example", {"203.0.113.1"}));
    REQUIRE(scene.resolve("b.example", {"203.0.113.2"}));
    CHECK(scene.connects("203.0.113.1", 443));
    CHECK(scene.connects("203.0.113.1", 80));
    CHECK_FALSE(scene.connects("203.0.113.2", 443));
    CHECK(scene.connects("203.0.113.2", 80));
}

TEST_CASE("the longest names") {
    const std::string label(63, 'x');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'y');
    REQUIRE(longest.size() == 253);
    const std::string deepest = repeated("a", 127);
    REQUIRE(deepest.size() == 253);
    Resolver resolver(longest + ", " + deepest + ", '*." + label + "." + label + "', '*.b.b'");
    CHECK(resolver.opens(longest));
    CHECK(resolver.opens(deepest));
    CHECK(resolver.opens(std::string(61, 'z') + "." + std::string(63, 'z') + "." + label + "." + label));
    CHECK(resolver.opens(repeated("b", 127)));
    CHECK_FALSE(resolver.opens(repeated("a", 126)));
    CHECK_FALSE(resolver.opens(repeated("a", 126) + ".b"));
    CHECK_FALSE(resolver.opens("b." + repeated("a", 126)));
    CHECK_FALSE(resolver.opens(label + "." + label + "." + label + "." + std::string(60, 'y') + "x"));
    CHECK_FALSE(resolver.opens(label + "." + label + "." + label + "." + std::string(60, 'y')));
}

TEST_CASE("labels that differ in one byte anywhere are different") {
    std::string name = "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxy.example.com";
    Resolver resolver(name);
    CHECK(resolver.opens(name));
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '.') {
            std::string other = name;
            other[i] = other[i] == 'q' ? 'r' : 'q';
            INFO(other);
            CHECK_FALSE(resolver.opens(other));
        }
    }
}
