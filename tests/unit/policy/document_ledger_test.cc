// SPDX-License-Identifier: Apache-2.0
// Each way of losing the content of a policy file, and what is in force then.
#include "policy/documents/document_ledger.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "policy/documents/policy_folder.h"
#include "support/manual_clock.h"
#include "support/memory_files.h"

namespace document_ledger_test {

using namespace namegate;
using namespace namegate::policy;
using namegate::test::MemoryFiles;

namespace {

constexpr const char* kFolder = "/conf";
constexpr const char* kKept = "/var/kept";
constexpr const char* kBroken = "garbage: [";

std::string set(const std::string& name, const std::string& net = "1.2.3.4") {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + name + "}\nspec: {nets: [" + net + "]}\n";
}

// A process that reads the folder: a daemon, or a plugin without one.
struct Process {
    explicit Process(MemoryFiles& the_files, const namegate::test::ManualClock& clock)
        : files(the_files), ledger(clock, KeptDocuments(the_files, kKept)) {}

    Result<> read() {
        do {
            ledger.begin();
            static_cast<void>(load_folder(ledger, kFolder, ChangedFiles::any(), files));
            kept = ledger.finish();
        } while (ledger.wants_another_round());
        return kept;
    }
    FileStatus file(const std::string& name) const {
        for (const FileStatus& status : ledger.files()) {
            if (status.path == std::string(kFolder) + "/" + name) {
                return status;
            }
        }
        return {};
    }
    std::size_t in_force() const { return ledger.snapshot()->sets().size(); }

    MemoryFiles& files;
    DocumentLedger ledger;
    Result<> kept = ok();
};

struct Node {
    MemoryFiles files{1};
    namegate::test::ManualClock clock;

    void put(const std::string& name, const std::string& content) { files.put(std::string(kFolder) + "/" + name, content); }
    void take(const std::string& name) { files.take(std::string(kFolder) + "/" + name); }
    void fault(const std::string& path, int number) { files.faults[path] = number; }
    Process start() {
        Process process(files, clock);
        static_cast<void>(process.read());
        return process;
    }
    std::string copy() const {
        for (const std::string& path : files.paths_in(kKept)) {
            if (path.find('-') != std::string::npos) {
                return path;
            }
        }
        return {};
    }
};

}  // namespace

TEST_CASE("a file that was edited into an error keeps its last good content over a restart") {
    Node node;
    node.put("a.yaml", set("a"));
    CHECK(node.start().kept);
    node.clock.advance_seconds(60);
    node.put("a.yaml", kBroken);
    for (int restart = 0; restart < 3; ++restart) {
        const Process process = node.start();
        CHECK(process.in_force() == 1);
        CHECK(process.ledger.gaps().empty());
        CHECK(process.file("a.yaml").in_force == FileStatus::InForce::kLastGood);
        CHECK(process.file("a.yaml").since == 1'700'000'060);
        CHECK(process.file("a.yaml").problems.size() == 1);
        node.clock.advance_seconds(60);
    }
    node.put("a.yaml", set("a", "5.6.7.8"));
    CHECK(node.start().file("a.yaml").in_force == FileStatus::InForce::kCurrent);
    CHECK(node.start().file("a.yaml").since == 1'700'000'240);
}

TEST_CASE("a file that cannot be read keeps its last good content over a restart; one that was removed does not") {
    Node node;
    node.put("a.yaml", set("a"));
    node.put("b.yaml", set("b"));
    CHECK(node.start().in_force() == 2);
    node.fault("/conf/a.yaml", EACCES);
    CHECK(node.start().file("a.yaml").in_force == FileStatus::InForce::kLastGood);
    node.fault("/conf/a.yaml", ENOENT);  // a link whose target is gone
    CHECK(node.start().in_force() == 2);
    node.take("b.yaml");
    CHECK(node.start().in_force() == 1);
    node.put("b.yaml", kBroken);
    const Process process = node.start();
    CHECK(process.file("b.yaml").in_force == FileStatus::InForce::kNone);
    CHECK(process.ledger.gaps().empty());
    CHECK(process.in_force() == 1);
}

TEST_CASE("a folder that is missing, cannot be read, or lost its mount keeps its content; an empty one has none") {
    Node node;
    node.put("a.yaml", set("a"));
    CHECK(node.start().in_force() == 1);
    node.put("b.yaml", kBroken);
    CHECK(node.start().in_force() == 1);
    SECTION("missing") { node.fault(kFolder, ENOENT); }
    SECTION("unreadable") { node.fault(kFolder, EIO); }
    SECTION("not mounted") { node.files.unmounted.insert(kFolder); }
    {
        const Process process = node.start();
        CHECK(process.in_force() == 1);
        CHECK(process.ledger.gaps().empty());
        CHECK(process.file("a.yaml").in_force == FileStatus::InForce::kLastGood);
        CHECK(process.file("b.yaml").in_force == FileStatus::InForce::kNone);
    }
    node.files.faults.clear();
    node.files.unmounted.clear();
    CHECK(node.start().file("a.yaml").in_force == FileStatus::InForce::kCurrent);
    node.take("a.yaml");
    node.take("b.yaml");
    CHECK(node.start().in_force() == 0);
}

TEST_CASE("a folder on another file system that has files is used as it is") {
    Node node;
    node.put("a.yaml", set("a"));
    CHECK(node.start().in_force() == 1);
    node.take("a.yaml");
    node.put("b.yaml", "# nothing\n");
    node.files.moved.insert(kFolder);
    CHECK(node.start().in_force() == 0);
    node.take("b.yaml");
    CHECK(node.start().ledger.gaps().empty());
}

TEST_CASE("without an index the content of a broken file or a missing folder is unknown") {
    Node node;
    node.put("a.yaml", set("a"));
    node.put("b.yaml", kBroken);
    SECTION("never made: an upgrade") {}
    SECTION("lost") {
        node.start();
        node.files.take(std::string(kKept) + "/index");
    }
    SECTION("damaged") {
        node.start();
        node.files.put(std::string(kKept) + "/index", node.files.content(std::string(kKept) + "/index") + "x");
    }
    for (int restart = 0; restart < 2; ++restart) {
        const Process process = node.start();
        CHECK(process.file("a.yaml").in_force == FileStatus::InForce::kCurrent);
        CHECK(process.file("b.yaml").in_force == FileStatus::InForce::kUnknown);
        REQUIRE(process.ledger.gaps().size() == 1);
        CHECK(process.ledger.gaps().front().subject == "/conf/b.yaml");
    }
    // A new file is not a loss.
    node.put("c.yaml", kBroken);
    CHECK(node.start().ledger.gaps().size() == 1);
    node.put("b.yaml", set("b"));
    CHECK(node.start().ledger.gaps().empty());
}

TEST_CASE("a gap ends when its file is removed") {
    Node node;
    node.put("b.yaml", kBroken);
    CHECK(node.start().ledger.gaps().size() == 1);
    node.take("b.yaml");
    CHECK(node.start().ledger.gaps().empty());
    node.put("b.yaml", kBroken);
    CHECK(node.start().ledger.gaps().empty());
}

TEST_CASE("a folder that was never read is a gap until it is read") {
    Node node;
    node.fault(kFolder, ENOENT);
    for (int restart = 0; restart < 2; ++restart) {
        const Process process = node.start();
        REQUIRE(process.ledger.gaps().size() == 1);
        CHECK(process.ledger.gaps().front().subject == kFolder);
    }
    node.files.faults.clear();
    CHECK(node.start().ledger.gaps().empty());
    node.fault(kFolder, ENOENT);
    CHECK(node.start().ledger.gaps().empty());
}

TEST_CASE("a copy that is lost or damaged is not used") {
    Node node;
    node.put("a.yaml", set("a"));
    node.start();
    node.put("a.yaml", kBroken);
    CHECK(node.start().ledger.gaps().empty());
    REQUIRE_FALSE(node.copy().empty());
    SECTION("lost") { node.files.take(node.copy()); }
    SECTION("cut") { node.files.put(node.copy(), set("a").substr(0, 20)); }
    SECTION("another byte") { node.files.put(node.copy(), set("b")); }
    for (int restart = 0; restart < 2; ++restart) {
        const Process process = node.start();
        CHECK(process.in_force() == 0);
        CHECK(process.ledger.gaps().size() == 1);
        CHECK(process.file("a.yaml").in_force == FileStatus::InForce::kUnknown);
    }
    // The daemon that still has the content does not need the copy, and stores it again when it can.
    node.put("a.yaml", set("a"));
    Process daemon = node.start();
    node.files.take(node.copy());
    CHECK(daemon.read());
    CHECK_FALSE(node.copy().empty());
}

TEST_CASE("a temporary error in reading a copy loses nothing") {
    Node node;
    node.put("a.yaml", set("a"));
    node.start();
    node.put("a.yaml", kBroken);
    node.fault(node.copy(), EIO);
    CHECK(node.start().ledger.gaps().size() == 1);
    Process daemon = node.start();
    node.files.faults.clear();
    CHECK(daemon.read());
    CHECK(daemon.in_force() == 1);
    CHECK(daemon.ledger.gaps().empty());
}

TEST_CASE("V7: of two files that define one resource, the one that was in force stays in force over a restart") {
    Node node;
    node.put("b.yaml", set("x", "1.1.1.1"));
    Process daemon = node.start();
    node.put("a.yaml", set("x", "2.2.2.2"));
    CHECK(daemon.read());
    for (int restart = 0; restart < 2; ++restart) {
        const Process process = node.start();
        CHECK(process.file("b.yaml").in_force == FileStatus::InForce::kCurrent);
        CHECK(process.file("a.yaml").in_force == FileStatus::InForce::kNone);
    }
    // Content that comes into force without being written again is kept too.
    node.take("b.yaml");
    CHECK(daemon.read());
    CHECK(daemon.file("a.yaml").in_force == FileStatus::InForce::kCurrent);
    node.put("a.yaml", kBroken);
    CHECK(node.start().in_force() == 1);
}

TEST_CASE("what another process kept meanwhile is read") {
    Node node;
    node.put("a.yaml", set("a", "1.1.1.1"));
    Process daemon = node.start();
    node.put("a.yaml", set("a", "2.2.2.2"));
    node.put("b.yaml", set("b"));
    node.start();
    node.put("a.yaml", kBroken);
    node.put("b.yaml", kBroken);
    CHECK(daemon.read());
    REQUIRE(daemon.in_force() == 2);
    CHECK(daemon.ledger.snapshot()->sets().front()->nets.front() == *IpPrefix::parse("2.2.2.2"));
    node.take("b.yaml");
    node.start();
    node.put("b.yaml", kBroken);
    CHECK(daemon.read());
    CHECK(daemon.in_force() == 1);
}

TEST_CASE("a folder that is removed from the configuration is gone, with its content") {
    Node node;
    node.put("a.yaml", set("a"));
    Process daemon = node.start();
    daemon.ledger.begin();
    CHECK(daemon.ledger.finish());
    CHECK(daemon.in_force() == 0);
    CHECK(node.copy().empty());
}

TEST_CASE("content that cannot be kept is in force and reported; the older copy on the disk is not used") {
    Node node;
    node.put("a.yaml", set("a", "1.1.1.1"));
    Process daemon = node.start();
    node.put("a.yaml", set("a", "2.2.2.2"));
    node.files.full_after = 0;
    CHECK_FALSE(daemon.read());
    CHECK(daemon.in_force() == 1);
    SECTION("there is room again") {
        node.files.full_after.reset();
        CHECK(daemon.read());
        node.put("a.yaml", kBroken);
        const Process process = node.start();
        CHECK(process.in_force() == 1);
        CHECK(process.ledger.gaps().empty());
    }
    SECTION("there is never room, and the file breaks") {
        node.put("a.yaml", kBroken);
        CHECK_FALSE(daemon.read());
        CHECK(daemon.in_force() == 1);
        const Process process = node.start();
        CHECK(process.in_force() == 0);
        CHECK(process.ledger.gaps().size() == 1);
    }
}

}  // namespace document_ledger_test
