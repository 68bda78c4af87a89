// SPDX-License-Identifier: Apache-2.0
// Policy objects of an API server as documents: what is in force before and after their lists are complete, and beside files.
#include "policy/documents/object_source.h"

#include <catch2/catch.hpp>
#include <string>

#include "policy/documents/policy_folder.h"
#include "support/manual_clock.h"
#include "support/memory_files.h"

namespace object_source_test {

using namespace namegate;
using namespace namegate::policy;
using namegate::test::MemoryFiles;

namespace {

constexpr const char* kFolder = "/conf";
constexpr const char* kKept = "/var/kept";
constexpr const char* kSets = "api:projectcalico.org/v3/globalnetworksets/";
constexpr const char* kTiers = "api:projectcalico.org/v3/tiers/";

std::string path_of(const std::string& name) { return kSets + name; }

PolicyObject set(const std::string& name, const std::string& net = "1.2.3.4") {
    return {R"({"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkSet","metadata":{"name":")" + name + R"("},"spec":{"nets":[")" +
                net + R"("]}})",
            ""};
}

PolicyObject broken(const std::string& name) { return set(name, "not a net"); }

std::string file_of(const std::string& name, const std::string& net) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + name + "}\nspec: {nets: [" + net + "]}\n";
}

// A daemon, or a plugin without one.
struct Process {
    Process(MemoryFiles& the_files, const namegate::test::ManualClock& clock)
        : files(the_files), ledger(clock, KeptDocuments(the_files, kKept)) {}

    void read() {
        do {
            ledger.begin();
            static_cast<void>(load_folder(ledger, kFolder, ChangedFiles::any(), files));
            source.report(ledger);
            REQUIRE(ledger.finish());
        } while (ledger.wants_another_round());
    }
    // The lists of the API server.
    void read(const std::vector<std::pair<std::string, PolicyObject>>& objects) {
        std::map<std::string, PolicyObject> listed;
        for (const auto& [name, object] : objects) {
            listed[path_of(name)] = object;
        }
        source.replace(kSets, std::move(listed));
        source.set_complete({kSets, kTiers});
        read();
    }
    FileStatus status(const std::string& path) const {
        for (const FileStatus& one : ledger.files()) {
            if (one.path == path) {
                return one;
            }
        }
        return {};
    }
    // The net of the set in force; empty: none.
    std::string net_of(const std::string& name) const {
        for (const NetworkSet* one : ledger.snapshot()->sets()) {
            if (one->name == name) {
                return one->nets.front().to_string();
            }
        }
        return {};
    }
    std::size_t in_force() const { return ledger.snapshot()->sets().size(); }

    MemoryFiles& files;
    DocumentLedger ledger;
    ObjectSource source{"api:calico"};
};

struct Node {
    MemoryFiles files{1};
    namegate::test::ManualClock clock;

    Node() { files.put(std::string(kFolder) + "/comment.yaml", "# nothing\n"); }
    Process start() { return {files, clock}; }
};

}  // namespace

TEST_CASE("until the lists are complete, nothing may be opened, and what an earlier process kept is in force") {
    Node node;
    {
        Process process = node.start();
        process.read();
        REQUIRE(process.ledger.gaps().size() == 1);
        CHECK(process.ledger.gaps().front().subject == "api:calico");
        CHECK_THAT(process.ledger.gaps().front().why, Catch::Contains("have not been read yet"));
        CHECK(process.source.problem().empty());
        process.source.set_waiting("HTTP status 403", true);
        process.read();
        CHECK_THAT(process.ledger.gaps().front().why, Catch::Contains("HTTP status 403"));
        CHECK(process.source.problem() == "HTTP status 403");
        process.read({{"a", set("a")}, {"b", set("b")}});
        CHECK(process.ledger.gaps().empty());
        CHECK(process.in_force() == 2);
        CHECK(process.status(path_of("a")).in_force == FileStatus::InForce::kCurrent);
    }
    node.clock.advance_seconds(60);
    Process process = node.start();
    process.read();
    CHECK(process.ledger.gaps().empty());
    CHECK(process.in_force() == 2);
    CHECK(process.status(path_of("a")).in_force == FileStatus::InForce::kKept);
    CHECK(process.ledger.refused().empty());
    // What was deleted meanwhile goes with the first complete list, and not before.
    process.source.replace(kSets, {{path_of("a"), set("a")}});
    process.read();
    CHECK(process.in_force() == 2);
    process.read({{"a", set("a")}});
    CHECK(process.in_force() == 1);
    CHECK(process.status(path_of("a")).since == 1'700'000'000);
    Process next = node.start();
    next.read();
    CHECK(next.in_force() == 1);
}

TEST_CASE("a bad edit of an object, or one that cannot be read, keeps its last good content over restarts; a deleted one goes") {
    Node node;
    Process process = node.start();
    process.read({{"a", set("a")}, {"b", set("b")}, {"c", set("c")}});
    process.source.put(path_of("a"), broken("a"));
    process.source.put(path_of("b"), {"", "the object is too large", false});
    process.source.put(path_of("d"), broken("d"));
    process.source.remove(path_of("c"));
    CHECK(process.source.has_changed());
    process.read();
    CHECK_FALSE(process.source.has_changed());
    const auto check = [&](const Process& one) {
        CHECK(one.in_force() == 2);
        CHECK(one.net_of("a") == "1.2.3.4/32");
        CHECK(one.status(path_of("a")).in_force == FileStatus::InForce::kLastGood);
        CHECK(one.status(path_of("b")).in_force == FileStatus::InForce::kLastGood);
        CHECK(one.status(path_of("d")).in_force == FileStatus::InForce::kNone);
        CHECK(one.ledger.refused().size() == 3);
        CHECK(one.ledger.gaps().empty());
    };
    check(process);
    // The path of the object and the field, without a line.
    CHECK(to_string(process.status(path_of("a")).problems.at(0)).find(path_of("a") + ": error: spec.nets[0]: ") == 0);
    CHECK(to_string(process.status(path_of("b")).problems.at(0)) == path_of("b") + ": error: the object is too large");
    Process next = node.start();
    next.read({{"a", broken("a")}, {"b", {"", "the object is too large", false}}, {"d", broken("d")}});
    check(next);
    next.source.put(path_of("a"), set("a", "5.6.7.8"));
    next.read();
    CHECK(next.net_of("a") == "5.6.7.8/32");
}

TEST_CASE("on a node without knowledge a broken object is a gap, unless its spec has never been another one") {
    PolicyObject created = broken("a");
    created.first = true;
    PolicyObject annotated = set("a");
    annotated.text.replace(annotated.text.find("{\"name\""), 1, R"({"labels":7,)");
    annotated.first = true;
    for (const auto& [object, is_gap] : {std::pair(created, false), std::pair(broken("a"), true), std::pair(annotated, true),
                                         std::pair(PolicyObject{"", "too large", false}, true)}) {
        Node fresh;
        Process process = fresh.start();
        process.read({{"a", object}});
        INFO(object.text);
        CHECK(process.status(path_of("a")).in_force == (is_gap ? FileStatus::InForce::kUnknown : FileStatus::InForce::kNone));
        CHECK(process.ledger.gaps().size() == (is_gap ? 1 : 0));
        process.read({{"a", set("a")}});
        CHECK(process.ledger.gaps().empty());
    }
}

TEST_CASE("kept content that is lost is a gap while its source is waiting") {
    Node node;
    node.start().read({{"a", set("a")}});
    for (const std::string& path : node.files.paths_in(kKept)) {
        if (path.find('-') != std::string::npos) {
            node.files.take(path);
        }
    }
    Process process = node.start();
    process.read();
    REQUIRE(process.ledger.gaps().size() == 1);
    CHECK(process.ledger.gaps().front().subject == path_of("a"));
    process.read({{"a", set("a")}});
    CHECK(process.ledger.gaps().empty());
    CHECK(process.in_force() == 1);
}

TEST_CASE("V7: a file with the same resource comes before the object, whichever was first, over restarts, and until it is removed") {
    Node node;
    const std::string file = std::string(kFolder) + "/own.yaml";
    Process process = node.start();
    const bool file_first = GENERATE(false, true);
    if (file_first) {
        node.files.put(file, file_of("a", "9.9.9.9"));
        process.read({{"a", set("a")}, {"b", set("b")}});
    } else {
        process.read({{"a", set("a")}, {"b", set("b")}});
        node.files.put(file, file_of("a", "9.9.9.9"));
        process.read();
    }
    const auto check = [&](const Process& one) {
        CHECK(one.in_force() == 2);
        CHECK(one.net_of("a") == "9.9.9.9/32");
        const FileStatus object = one.status(path_of("a"));
        CHECK(object.in_force == FileStatus::InForce::kOverridden);
        CHECK(object.resources == 0);
        REQUIRE(object.problems.size() == 1);
        CHECK_THAT(to_string(object.problems.front()), Catch::Contains("GlobalNetworkSet a is not in force: the file " + file));
        CHECK(one.ledger.refused().empty());
        CHECK(one.ledger.gaps().empty());
    };
    check(process);
    process.source.put(path_of("a"), set("a", "5.6.7.8"));
    process.read();
    check(process);
    // The file's last good content comes first too.
    node.files.put(file, "garbage: [");
    process.read();
    CHECK(process.net_of("a") == "9.9.9.9/32");
    node.files.put(file, file_of("a", "9.9.9.9"));
    Process waiting = node.start();
    waiting.read();
    check(waiting);
    waiting.read({{"a", set("a", "5.6.7.8")}, {"b", set("b")}});
    check(waiting);
    node.files.take(file);
    waiting.read();
    CHECK(waiting.net_of("a") == "5.6.7.8/32");
    CHECK(waiting.status(path_of("a")).in_force == FileStatus::InForce::kCurrent);
    CHECK(waiting.status(path_of("a")).problems.empty());
    // The last good content of a broken object gives way to a file as well, and comes back.
    waiting.source.put(path_of("a"), broken("a"));
    node.files.put(file, file_of("a", "9.9.9.9"));
    waiting.read();
    CHECK(waiting.net_of("a") == "9.9.9.9/32");
    node.files.take(file);
    waiting.read();
    CHECK(waiting.net_of("a") == "5.6.7.8/32");
    CHECK(waiting.status(path_of("a")).in_force == FileStatus::InForce::kLastGood);
}

TEST_CASE("V7: two objects with the same resource: the second is refused, as it is among files") {
    Node node;
    Process process = node.start();
    const std::string other = "api:policy.namegate.dev/v1/globalnetworksets/a";
    process.read({{"a", set("a")}});
    process.source.put(other, set("a", "5.6.7.8"));
    process.read();
    CHECK(process.net_of("a") == "1.2.3.4/32");
    CHECK_THAT(to_string(process.status(other).problems.at(0)), Catch::Contains("is already defined at " + path_of("a")));
    process.source.remove(path_of("a"));
    process.read();
    CHECK(process.net_of("a") == "5.6.7.8/32");
}

TEST_CASE("objects of a resource that the server has no more stay in force; another version of the resource takes their place") {
    Node node;
    Process process = node.start();
    process.read({{"a", set("a")}});
    process.source.drop(kSets);
    process.source.set_complete({kTiers});
    process.read();
    CHECK(process.in_force() == 1);
    CHECK(process.status(path_of("a")).in_force == FileStatus::InForce::kLastGood);
    CHECK_THAT(to_string(process.status(path_of("a")).problems.at(0)), Catch::Contains("does not have globalnetworksets any more"));
    const std::string stored = "api:crd.projectcalico.org/v1/globalnetworksets/";
    process.source.replace(stored, {{stored + "b", set("b")}});
    process.source.set_complete({stored});
    process.read();
    CHECK(process.in_force() == 1);
    CHECK(process.net_of("b") == "1.2.3.4/32");
    CHECK(process.ledger.gaps().empty());
}

TEST_CASE("a source that has never been read and that the server does not have has no policies, and is no gap") {
    Node node;
    Process process = node.start();
    process.source.set_complete({});
    process.read();
    CHECK(process.ledger.gaps().empty());
    CHECK(process.in_force() == 0);
}

TEST_CASE("objects over a limit are left out, and then nothing of the source changes until a list is complete") {
    Node node;
    Process process = node.start();
    process.read({{"first", set("first")}});
    std::string problem;
    SECTION("their number") {
        for (std::size_t i = 0; i < kMaxSourceObjects; ++i) {
            process.source.put(path_of("s" + std::to_string(i)), {"", "unread", false});
        }
        problem = "more objects of it than " + std::to_string(kMaxSourceObjects);
    }
    SECTION("their bytes") {
        process.source.put(path_of("large"), {std::string(kMaxSourceBytes, ' '), "", false});
        problem = std::to_string(kMaxSourceBytes) + " bytes";
    }
    process.source.remove(path_of("first"));
    process.read();
    CHECK(process.in_force() == 1);
    CHECK(process.source.has_left_out(kSets));
    CHECK_FALSE(process.source.has_left_out(kTiers));
    CHECK_THAT(process.source.problem(), Catch::Contains(problem));
    process.read({{"second", set("second")}});
    CHECK(process.source.problem().empty());
    CHECK(process.in_force() == 1);
    CHECK(process.net_of("second") == "1.2.3.4/32");
}

}  // namespace object_source_test
