// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/policy_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "base/clock.h"
#include "base/file.h"
#include "policy/documents/policy_folder.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

std::string set(const std::string& name, const std::string& net = "1.2.3.4") {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: " + name + "}\nspec: {nets: [" + net + "]}\n";
}

// One hour ago. The ctime is still now, so the next readings wait for it to settle.
void make_old(const std::string& path) {
    const timespec hour_ago{::time(nullptr) - 3600, 0};
    const timespec times[2] = {hour_ago, hour_ago};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

// The files of a folder in a ledger that keeps nothing.
struct Folder {
    SystemClock clock;
    DocumentLedger ledger{clock};

    Result<> load(const std::string& folder) {
        ledger.begin();
        Result<> loaded = load_folder(ledger, folder);
        REQUIRE(ledger.finish());
        return loaded;
    }
    Result<> load_manifests(const std::string& folder) {
        ledger.begin();
        Result<> loaded = load_manifest_folder(ledger, folder, "node-1");
        REQUIRE(ledger.finish());
        return loaded;
    }
};

}  // namespace

TEST_CASE("a file that fails keeps its own last good content") {
    PolicyStore store;
    CHECK(store.set_file("a", set("a")));
    CHECK_FALSE(store.set_file("a", set("a")));
    const auto before = store.snapshot();
    CHECK(store.snapshot() == before);
    CHECK_FALSE(store.set_file("a", "garbage: ["));
    CHECK_FALSE(store.set_file("b", "garbage: ["));
    CHECK(store.set_file("c", set("c")));
    const auto files = store.files();
    REQUIRE(files.size() == 3);
    CHECK((files[0].in_force == FileStatus::InForce::kLastGood && !files[0].loaded && files[0].resources == 1));
    CHECK((files[1].in_force == FileStatus::InForce::kNone && files[1].problems.size() == 1));
    CHECK(files[2].in_force == FileStatus::InForce::kCurrent);
    CHECK(store.snapshot()->sets().size() == 2);
    CHECK(store.snapshot()->generation() > before->generation());
    CHECK(before->sets().size() == 1);
    store.set_unreadable("c", "no permission");
    CHECK(store.snapshot()->sets().size() == 2);
    CHECK(store.remove_file("c"));
    CHECK_FALSE(store.remove_file("c"));
    CHECK_FALSE(store.remove_file("b"));
    CHECK(store.snapshot()->sets().size() == 1);
    CHECK(store.set_file("a", "# nothing\n"));
    CHECK(store.snapshot()->sets().empty());
}

TEST_CASE("V7: a resource belongs to the first file that had it, until that file drops it") {
    PolicyStore store;
    CHECK(store.set_file("a", set("x", "1.1.1.1")));
    CHECK_FALSE(store.set_file("b", set("x", "2.2.2.2") + "---\n" + set("y")));
    CHECK_THAT(to_string(store.files()[1].problems.at(0)), Catch::Contains("already defined at a:1:1"));
    CHECK(store.snapshot()->sets().size() == 1);
    CHECK(store.set_file("a", set("z")));
    CHECK(store.files()[1].loaded);
    CHECK(store.files()[1].problems.empty());
    CHECK(store.snapshot()->sets().size() == 3);
}

TEST_CASE("the names of policy files") {
    for (const char* yes : {"a.yaml", "a.yml", "a.json", "10-x.y.yaml"}) {
        CHECK(is_policy_file_name(yes));
    }
    for (const char* no : {"", ".yaml", ".a.yaml", "a.yaml~", "a.yaml.tmp", ".a.yaml.swp", "a.yaml.swp", "a.txt", "yaml", "a/b.yaml"}) {
        CHECK_FALSE(is_policy_file_name(no));
    }
}

TEST_CASE("a folder is read, and read again") {
    const namegate::test::TempDir folder;
    Folder read;
    REQUIRE(write_file_atomically(folder.path() + "/a.yaml", set("a"), 0644).has_value());
    REQUIRE(write_file_atomically(folder.path() + "/b.json", "{}", 0644).has_value());
    REQUIRE(write_file_atomically(folder.path() + "/c.txt", "x", 0644).has_value());
    REQUIRE(read.load(folder.path()).has_value());
    CHECK(read.ledger.file_count() == 2);
    CHECK(read.ledger.snapshot()->sets().size() == 1);
    REQUIRE(remove_file(folder.path() + "/a.yaml").has_value());
    REQUIRE(make_directories(folder.path() + "/d.yaml", 0755).has_value());
    REQUIRE(read.load(folder.path()).has_value());
    CHECK(read.ledger.snapshot()->sets().empty());
    CHECK_FALSE(read.ledger.files().back().loaded);
    CHECK_FALSE(read.load(folder.path() + "/none").has_value());
}

TEST_CASE("kubelet's manifests: only pods, under the names that kubelet gives them") {
    const namegate::test::TempDir dir;
    const std::string manifest =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: null\n  annotations: {a/b: c}\n  name: etcd\n  namespace: kube-system\n"
        "  labels: {component: etcd, tier: control-plane}\nspec:\n  serviceAccountName: keeper\n  hostNetwork: true\n  containers:\n"
        "  - name: etcd\n    image: x\n    command: [etcd]\n    ports: [{name: client, containerPort: 2379}]\nstatus: {}\n";
    REQUIRE(write_file_atomically(dir.path() + "/etcd.manifest", manifest, 0644));
    REQUIRE(write_file_atomically(dir.path() + "/.hidden.yaml", "garbage: [", 0644));
    REQUIRE(write_file_atomically(dir.path() + "/policy.yaml", set("a"), 0644));
    Folder read;
    REQUIRE(read.load_manifests(dir.path()));
    REQUIRE(read.ledger.files().size() == 2);
    CHECK_THAT(to_string(read.ledger.files()[1].problems.at(0)), Catch::Contains("may contain only Pods"));
    CHECK(read.ledger.snapshot()->sets().empty());
    CHECK(read.ledger.snapshot()->find_pod("kube-system", "etcd") == nullptr);
    const PodDocument* pod = read.ledger.snapshot()->find_pod("kube-system", "etcd-node-1");
    REQUIRE(pod != nullptr);
    CHECK(pod->labels.at("component") == "etcd");
    CHECK(pod->annotations == Labels{{"a/b", "c"}});
    CHECK(pod->service_account == "keeper");
    REQUIRE(remove_file(dir.path() + "/etcd.manifest"));
    REQUIRE(read.load_manifests(dir.path()));
    CHECK(read.ledger.snapshot()->pods().empty());
}

TEST_CASE("a file that was written just now is read again, even if its size is the same") {
    const namegate::test::TempDir folder;
    Folder read;
    const std::string path = folder.path() + "/a.yaml";
    REQUIRE(write_file_atomically(path, set("one"), 0644).has_value());
    REQUIRE(read.load(folder.path()).has_value());
    std::ofstream(path) << set("two");
    REQUIRE(read.load(folder.path()).has_value());
    CHECK(read.ledger.snapshot()->sets().front()->name == "two");
    // Old times alone are not trusted either: they may have been set.
    std::ofstream(path) << set("six");
    make_old(path);
    REQUIRE(read.load(folder.path()).has_value());
    CHECK(read.ledger.snapshot()->sets().front()->name == "six");
    std::ofstream(path) << set("ten");
    make_old(path);
    REQUIRE(read.load(folder.path()).has_value());
    CHECK(read.ledger.snapshot()->sets().front()->name == "ten");
}

TEST_CASE("many files are decoded in parallel, and the first by name owns what two define") {
    const namegate::test::TempDir folder;
    Folder read;
    constexpr int kFiles = 200;
    for (int i = 0; i < kFiles; ++i) {
        const std::string number = std::to_string(1000 + i);
        REQUIRE(write_file_atomically(folder.path() + "/" + number + ".yaml",
                                      i % 50 == 7 ? "spec: [" : set(i % 50 == 9 ? "same" : "s" + number), 0644)
                    .has_value());
    }
    REQUIRE(read.load(folder.path()).has_value());
    const auto files = read.ledger.files();
    REQUIRE(files.size() == kFiles);
    for (int i = 0; i < kFiles; ++i) {
        INFO(files[static_cast<std::size_t>(i)].path);
        CHECK(files[static_cast<std::size_t>(i)].loaded == (i % 50 != 7 && (i % 50 != 9 || i == 9)));
    }
}
