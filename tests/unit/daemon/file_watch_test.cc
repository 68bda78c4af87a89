// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/file_watch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;
using daemon::FileWatch;

namespace {

void write_in_place(const std::string& path) { std::ofstream(path) << "nameserver 192.0.2.53\n"; }
void rename_over(const std::string& path) {
    write_in_place(path + ".new");
    REQUIRE(std::rename((path + ".new").c_str(), path.c_str()) == 0);
}
void link_to(const std::string& target, const std::string& path) {
    static_cast<void>(::unlink(path.c_str()));
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
}

// etc/resolv.conf -> ../run/link -> run/resolve/stub, as systemd-resolved and others do.
struct Tree {
    TempDir dir;
    std::string conf = dir.path() + "/etc/resolv.conf";
    std::string link = dir.path() + "/run/link";
    std::string stub = dir.path() + "/run/resolve/stub";

    Tree() {
        for (const char* folder : {"/etc", "/run", "/run/resolve"}) {
            REQUIRE(::mkdir((dir.path() + folder).c_str(), 0755) == 0);
        }
        write_in_place(stub);
        link_to(stub, link);
        link_to("../run/link", conf);
    }
};

// Is a change reported, and is it reported only once?
bool tells(FileWatch& watch) {
    const bool told = watch.drain();
    CHECK(watch.arm());
    CHECK_FALSE(watch.drain());
    return told;
}

}  // namespace

TEST_CASE("a plain file: written, renamed over, removed, made again") {
    const TempDir dir;
    const std::string path = dir.path() + "/resolv.conf";
    auto watch = FileWatch::create({path});
    REQUIRE(watch);
    CHECK_FALSE(watch->drain());
    write_in_place(path);
    CHECK(tells(*watch));
    write_in_place(path);
    CHECK(tells(*watch));
    rename_over(path);
    CHECK(tells(*watch));
    REQUIRE(::unlink(path.c_str()) == 0);
    CHECK(tells(*watch));
    write_in_place(dir.path() + "/hosts");
    CHECK_FALSE(watch->drain());
}

TEST_CASE("a file behind links: the file changes, or any link on the way") {
    Tree tree;
    auto watch = FileWatch::create({tree.conf});
    REQUIRE(watch);
    write_in_place(tree.stub);
    CHECK(tells(*watch));
    rename_over(tree.stub);
    CHECK(tells(*watch));
    write_in_place(tree.dir.path() + "/run/resolve/other");
    CHECK_FALSE(watch->drain());
    link_to(tree.dir.path() + "/run/resolve/other", tree.link);
    CHECK(tells(*watch));
    write_in_place(tree.stub);  // no longer part of the path
    CHECK_FALSE(watch->drain());
    write_in_place(tree.dir.path() + "/run/resolve/other");
    CHECK(tells(*watch));
    link_to(tree.stub, tree.conf);
    CHECK(tells(*watch));
    write_in_place(tree.stub);
    CHECK(tells(*watch));
}

TEST_CASE("a circle of links and a missing folder: the watch reports the file when it appears") {
    const TempDir dir;
    link_to("b", dir.path() + "/a");
    link_to("a", dir.path() + "/b");
    auto circle = FileWatch::create({dir.path() + "/a"});
    REQUIRE(circle);
    rename_over(dir.path() + "/b");
    CHECK(tells(*circle));

    auto later = FileWatch::create({dir.path() + "/none/resolv.conf"});
    REQUIRE(later);
    CHECK_FALSE(later->drain());
    REQUIRE(::mkdir((dir.path() + "/none").c_str(), 0755) == 0);
    REQUIRE(later->arm());
    write_in_place(dir.path() + "/none/resolv.conf");
    CHECK(tells(*later));
}
