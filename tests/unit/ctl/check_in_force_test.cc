// SPDX-License-Identifier: Apache-2.0
// `check` says what is in force where a file or folder is not as it was.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "policy/documents/document_ledger.h"
#include "policy/documents/policy_folder.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using Catch::Contains;
using Catch::EndsWith;
using test::Called;
using test::Ctl;

namespace {

constexpr const char* kInForce = ": note: its last good content, of 2023-11-14T22:13:20Z, is in force\n";

std::string set(const std::string& name) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + name + "}\nspec: {nets: [1.2.3.4]}\n";
}

// A node on which a daemon has run, at the time of the manual clock.
class Node {
  public:
    Node() {
        std::filesystem::create_directory(policies());
        std::ofstream(config()) << "policyDirs: [" << policies() << "]\ncacheDir: " << folder_.path() << "/cache\n";
    }
    std::string policies() const { return folder_.path() + "/policies.d"; }
    std::string config() const { return folder_.path() + "/namegate.yaml"; }
    std::string kept() const { return folder_.path() + "/cache/policies"; }
    std::string file(const std::string& name) const { return policies() + "/" + name; }

    void write(const std::string& name, const std::string& content) const { std::ofstream(file(name)) << content; }
    void run_daemon() const {
        policy::DocumentLedger ledger(clock_, policy::KeptDocuments(system_files(), kept()));
        ledger.begin();
        static_cast<void>(policy::load_folder(ledger, policies()));
        REQUIRE(ledger.finish());
    }
    Called check(std::vector<std::string> operands = {}) const {
        std::vector<std::string> words = {"check", "--config", config()};
        words.insert(words.end(), operands.begin(), operands.end());
        return Ctl()(words);
    }
    // Of the kept policies: names, content and times.
    std::string on_disk() const {
        std::string out;
        for (const auto& entry : std::filesystem::directory_iterator(kept())) {
            struct stat status {};
            REQUIRE(::stat(entry.path().c_str(), &status) == 0);
            std::ifstream in(entry.path());
            out += entry.path().string() + std::to_string(status.st_mtim.tv_nsec) +
                   std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        }
        return out;
    }

  private:
    test::TempDir folder_;
    test::ManualClock clock_;
};

}  // namespace

TEST_CASE("check: the last good content of a broken file is in force, of this date") {
    const Node node;
    node.write("a.yaml", set("one"));
    node.write("b.yaml", set("two"));
    node.run_daemon();
    CHECK(node.check().out == "2 files, 2 good resources: no errors\n");
    node.write("a.yaml", "a: [\n");
    node.write("new.yaml", "b: [\n");
    const bool noticed = GENERATE(false, true);
    if (noticed) {
        node.run_daemon();
    }
    const std::string before = node.on_disk();
    const Called called = node.check();
    INFO(called.out);
    CHECK(called.code == 1);
    // It stands between the errors of its file and those of the next one; a file that never was good has none.
    CHECK(called.out.find(node.file("a.yaml") + ":2:1: error: ") < called.out.find(node.file("a.yaml") + kInForce));
    CHECK(called.out.find(node.file("a.yaml") + kInForce) < called.out.find(node.file("new.yaml") + ":2:1: error: "));
    CHECK_THAT(called.out, !Contains("new.yaml: note") && !Contains("b.yaml: note"));
    CHECK_THAT(called.out, EndsWith("3 files, 1 good resource: 2 errors\n"));
    // One file, a folder with a slash, and a copy elsewhere, which is not in force.
    CHECK_THAT(node.check({node.file("a.yaml")}).out, Contains(node.file("a.yaml") + kInForce));
    CHECK_THAT(node.check({node.policies() + "/"}).out, Contains(node.file("a.yaml") + kInForce));
    const test::TempDir elsewhere;
    std::ofstream(elsewhere.path() + "/a.yaml") << "a: [\n";
    CHECK_THAT(node.check({elsewhere.path()}).out, !Contains("note"));
    // It only looks.
    CHECK(node.on_disk() == before);
}

TEST_CASE("check: a file that cannot be read, and one whose resource another file has") {
    const Node node;
    node.write("a.yaml", set("one"));
    node.write("b.yaml", set("two"));
    node.run_daemon();
    std::filesystem::remove(node.file("a.yaml"));
    std::filesystem::create_symlink("/nowhere", node.file("a.yaml"));
    for (const Called& called : {node.check(), node.check({node.file("a.yaml")})}) {
        INFO(called.out << called.err);
        CHECK(called.code == 1);
        CHECK_THAT(called.out, Contains(node.file("a.yaml") + ": error: cannot be read: ") && Contains(node.file("a.yaml") + kInForce));
    }
    std::filesystem::remove(node.file("a.yaml"));
    node.write("a.yaml", set("two"));
    const Called called = node.check();
    INFO(called.out);
    CHECK_THAT(called.out, Contains(node.file("a.yaml") + kInForce) && !Contains("b.yaml: note"));
}

TEST_CASE("check: the last good content of a missing folder is in force") {
    const Node node;
    node.write("a.yaml", set("one"));
    node.write("b.yaml", set("two"));
    node.run_daemon();
    std::filesystem::rename(node.policies(), node.policies() + ".away");
    for (const Called& called : {node.check(), node.check({node.policies() + "/"})}) {
        INFO(called.out << called.err);
        CHECK(called.code == 1);
        CHECK(called.out.rfind(node.policies() + ": error: cannot be read: ", 0) == 0);
        CHECK_THAT(called.out, Contains(node.file("a.yaml") + kInForce + node.file("b.yaml") + kInForce));
        CHECK_THAT(called.out, EndsWith("0 files, 0 good resources: 1 error\n"));
    }
    CHECK_THAT(node.check({node.file("a.yaml")}).out, Contains(node.file("a.yaml") + kInForce));
    // A removed file is no longer in force.
    std::filesystem::rename(node.policies() + ".away", node.policies());
    std::filesystem::remove(node.file("a.yaml"));
    CHECK(node.check().out == "1 file, 1 good resource: no errors\n");
    CHECK(node.check({node.file("a.yaml")}).code == 2);
}

TEST_CASE("check: last good content that is lost, or cannot be seen") {
    const Node node;
    node.write("a.yaml", set("one"));
    node.run_daemon();
    node.write("a.yaml", "a: [\n");
    for (const auto& entry : std::filesystem::directory_iterator(node.kept())) {
        if (entry.path().filename() != "index") {
            std::filesystem::remove(entry.path());
        }
    }
    CHECK_THAT(node.check().out, Contains(node.file("a.yaml") + ": note: its last good content is lost: "));
    std::filesystem::remove(node.kept() + "/index");
    CHECK_THAT(node.check().out, !Contains("note"));
    std::filesystem::create_directory(node.kept() + "/index");
    CHECK_THAT(node.check().out, Contains("\nnote: what is in force instead is not known: ") && Contains(node.kept() + "/index"));
    const test::TempDir elsewhere;
    std::ofstream(elsewhere.path() + "/a.yaml") << "a: [\n";
    CHECK_THAT(node.check({elsewhere.path()}).out, !Contains("note"));
}

TEST_CASE("check as JSON: what is in force instead") {
    const Node node;
    node.write("a.yaml", set("one"));
    node.run_daemon();
    CHECK(test::json_of(node.check({"-o", "json"}).out)["inForceInstead"] == api::Json::array());
    node.write("a.yaml", "a: [\n");
    const api::Json notes = test::json_of(node.check({"-o", "json"}).out)["inForceInstead"];
    REQUIRE(notes.size() == 1);
    CHECK(notes[0]["file"] == node.file("a.yaml"));
    CHECK(notes[0]["inForce"] == "last good");
    CHECK(notes[0]["goodSince"] == "2023-11-14T22:13:20Z");
}
