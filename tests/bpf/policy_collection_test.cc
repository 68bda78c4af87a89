// SPDX-License-Identifier: Apache-2.0
//
// While unused policies are collected, other processes install policies, or the collector dies. The tests interfere at the moments
// at which the collector takes the node lock.
#include "datapath/policy_collection.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <functional>

#include "base/child_process.h"
#include "datapath/pattern_id.h"
#include "datapath/reader.h"
#include "datapath_fixture.h"
#include "support/temp_dir.h"

namespace namegate::test {
namespace {

using namespace datapath;

constexpr int kLockTakings = 3;  // of an undisturbed collection

class Collector {
  public:
    Datapath& datapath() { return fixture_.datapath(); }
    // `before` gets the number of the coming lock, from 1.
    Result<Collected> collect(const std::function<Result<>(int)>& before) {
        int taking = 0;
        return collect_unused_policies(datapath(), [&]() -> Result<FileLock> {
            NG_TRY(before(++taking));
            return FileLock::acquire(dir_.path() + "/lock", 0);
        });
    }
    Result<Collected> collect() {
        return collect([](int) { return ok(); });
    }
    std::string text_of(const std::string& pattern) {
        return take(read_pattern_text(datapath(), pattern_id(datapath().seed(), take(policy::DomainPattern::parse(pattern)))));
    }
    bool is_empty() {
        return fixture_.size_of<ng_cidr4_key, ng_cidr_value>(MapId::kCidr4) == 0 &&
               fixture_.size_of<ng_cidr6_key, ng_cidr_value>(MapId::kCidr6) == 0 &&
               fixture_.size_of<ng_port_key, std::uint32_t>(MapId::kPorts) == 0 &&
               fixture_.size_of<ng_pattern_key, ng_pattern_value>(MapId::kPatterns) == 0 &&
               fixture_.size_of<std::uint64_t, ng_suffix>(MapId::kSuffixes) == 0 &&
               fixture_.size_of<std::uint32_t, ng_policy>(MapId::kPolicies) == 0;
    }

  private:
    DatapathFixture fixture_;
    TempDir dir_;
};

const std::vector<std::string> kNames = {"a.test", "*.b.test", "c.*.test"};

TEST_CASE("a collection removes everything unused, names included", "[collection]") {
    Collector collector;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        take(install_policy(collector.datapath(), sample_policy(i, {"x" + std::to_string(i) + ".test", "z.test"}, 3)));
    }
    int takings = 0;
    const Collected done = take(collector.collect([&](int) {
        ++takings;
        return ok();
    }));
    CHECK(takings == kLockTakings);
    CHECK(done.policies == 20);
    CHECK(done.names == 21);
    CHECK(collector.is_empty());
    CHECK(take(collector.collect()).policies == 0);
}

TEST_CASE("what is installed during a collection stays complete", "[collection]") {
    for (int moment = 1; moment <= kLockTakings; ++moment) {
        Collector collector;
        const PolicyId old = take(install_policy(collector.datapath(), sample_policy(1, kNames, 5)));
        const bool doomed = moment > 1;
        PolicyId same = 0;
        take(collector.collect([&](int taking) -> Result<> {
            if (taking == moment) {
                // The same content, and another one that shares its names.
                NG_ASSIGN(same, install_policy(collector.datapath(), sample_policy(1, kNames, 5)));
                NG_ASSIGN(const PolicyId other, install_policy(collector.datapath(), sample_policy(2, kNames)));
                const auto identity = DatapathFixture::identity(1, 0);
                return write_policies(collector.datapath(), identity, {same, other});
            }
            return ok();
        }));
        INFO("before the lock was taken for time " << moment);
        CHECK((same != old) == doomed);  // a policy that is being removed does not count
        CHECK(take(installed_policies(collector.datapath())).size() == 2);
        for (const std::string& name : kNames) {
            CHECK(collector.text_of(name) == name);
        }
        CHECK(take(collector.collect()).policies == 0);
        CHECK_FALSE(collector.is_empty());
        take(write_policies(collector.datapath(), DatapathFixture::identity(1, 0), {}));
        CHECK(take(collector.collect()).policies == 2);
        CHECK(collector.is_empty());
    }
}

TEST_CASE("many policies installed meanwhile make a collection start over", "[collection]") {
    Collector collector;
    const auto install_many = [&](std::uint64_t round) {
        for (std::uint64_t i = 0; i < 12; ++i) {
            take(install_policy(collector.datapath(),
                                sample_policy(round * 100 + i, {"needed.test", "n" + std::to_string(round) + ".test"})));
        }
    };
    take(install_policy(collector.datapath(), sample_policy(1, {"gone.test", "needed.test"})));
    take(collector.collect([&](int taking) {
        if (taking == 2) {
            install_many(7);
        }
        return ok();
    }));
    CHECK(collector.text_of("needed.test") == "needed.test");
    CHECK(collector.text_of("n7.test") == "n7.test");
    CHECK(collector.text_of("gone.test").empty());

    // When they never stop arriving, the next collection continues.
    take(install_policy(collector.datapath(), sample_policy(2, {"gone.test"})));
    std::uint64_t round = 10;
    const auto outpaced = collector.collect([&](int) {
        install_many(round++);
        return ok();
    });
    REQUIRE_FALSE(outpaced);
    CHECK(outpaced.error().code() == Code::kTryAgain);
    take(collector.collect());
    CHECK(collector.is_empty());
}

// Ends before the lock is taken for the given number of times: by an error, or killed.
void cut_short(Collector& collector, int moment, bool killed) {
    if (!killed) {
        const auto failed = collector.collect([&](int taking) { return taking == moment ? Result<>(Error(Code::kIo, "test")) : ok(); });
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code() == Code::kIo);
        return;
    }
    const auto child = start_child([&] {
        const auto die = [&](int taking) {
            if (taking == moment) {
                ::raise(SIGKILL);
            }
            return ok();
        };
        return collector.collect(die) ? 0 : 1;
    });
    CHECK(wait_for_child(take(child)) == 128 + SIGKILL);
}

TEST_CASE("the next collection completes one that ended early", "[collection]") {
    for (const bool killed : {false, true}) {
        for (int moment = 1; moment <= kLockTakings; ++moment) {
            Collector collector;
            take(install_policy(collector.datapath(), sample_policy(1, kNames, 5)));
            INFO((killed ? "killed" : "failed") << " before the lock was taken for time " << moment);
            cut_short(collector, moment, killed);
            CHECK_FALSE(collector.is_empty());
            CHECK(take(installed_policies(collector.datapath())).size() == (moment == 1 ? 1 : 0));
            CHECK(take(collector.collect()).policies == 1);
            CHECK(collector.is_empty());
        }
    }
}

TEST_CASE("a policy that cannot be written leaves nothing", "[collection]") {
    Collector collector;
    const auto before = sample_policy(1, {"a.test"});
    take(install_policy(collector.datapath(), before));
    // One entry more than the map of ports has room for.
    auto large = sample_policy(2, {"a.test", "b.test"}, 3);
    for (unsigned i = 0; i <= 1U << 18; ++i) {
        policy::PortEntry entry;
        entry.protocol = static_cast<std::uint8_t>(i >> 16);
        entry.port = static_cast<std::uint16_t>(i);
        entry.prefix_bits = 16;
        entry.bitmap = 1;
        large.ports.push_back(entry);
    }
    CHECK(install_policy(collector.datapath(), large).error().code() == Code::kExhausted);
    CHECK(collector.text_of("a.test") == "a.test");
    CHECK(collector.text_of("b.test").empty());
    CHECK(take(collector.collect()).policies == 1);
    CHECK(collector.is_empty());
}

}  // namespace
}  // namespace namegate::test
