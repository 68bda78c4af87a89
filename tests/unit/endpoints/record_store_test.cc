// SPDX-License-Identifier: Apache-2.0
#include "endpoints/record_store.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/file.h"
#include "sample_record.h"
#include "support/temp_dir.h"

using namegate::Code;
using namegate::endpoints::RecordStore;
using namegate::test::sample_record;
using namegate::test::TempDir;

TEST_CASE("records are written, read, listed and removed") {
    const TempDir dir;
    const RecordStore store(dir.path() + "/state/endpoints");
    CHECK(store.list()->records.empty());
    CHECK(store.read("0123abc", "eth0").error().code() == Code::kNotFound);

    REQUIRE(store.write(sample_record()));
    auto second = sample_record("0123abc", "eth1");
    second.id = 3;
    REQUIRE(store.write(second));
    CHECK(*store.read("0123abc", "eth0") == sample_record());
    const auto listing = store.list();
    REQUIRE(listing);
    CHECK(listing->bad.empty());
    REQUIRE(listing->records.size() == 2);
    CHECK(listing->records[0].id == 3);

    auto changed = sample_record();
    changed.ready = false;
    REQUIRE(store.write(changed));
    CHECK_FALSE(store.read("0123abc", "eth0")->ready);
    REQUIRE(store.remove("0123abc", "eth0"));
    REQUIRE(store.remove("0123abc", "eth0"));
    CHECK(store.list()->records.size() == 1);
}

TEST_CASE("only root can read records") {
    const TempDir dir;
    const RecordStore store(dir.path() + "/endpoints");
    REQUIRE(store.write(sample_record()));
    struct stat info {};
    REQUIRE(::stat(store.path_of("0123abc", "eth0")->c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
    REQUIRE(::stat(store.directory().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0700U);
}

TEST_CASE("ids that cannot name a file are refused, and no path leaves the folder") {
    const TempDir dir;
    const RecordStore store(dir.path());
    const std::string id = GENERATE("", "../../etc/passwd", ".hidden", "-x", "a b", "a/b", "\xc3\xa4", std::string(1025, 'a'));
    CHECK(store.path_of(id, "eth0").error().code() == Code::kInvalidInput);
    CHECK(store.write(sample_record(id)).error().code() == Code::kInvalidInput);
    const std::string ifname = GENERATE("", ".", "..", "a/b", "a:b", "a b", "sixteen-letters-");
    CHECK(store.path_of("abc", ifname).error().code() == Code::kInvalidInput);
}

TEST_CASE("every endpoint has its own file, with a name of valid length") {
    const RecordStore store("/x");
    CHECK(*store.path_of("a-b", "c") != *store.path_of("a", "b-c"));
    const std::string longest(1024, 'a');
    CHECK(store.path_of(longest, "eth0")->size() < 128);
    CHECK(*store.path_of(longest, "eth0") != *store.path_of(longest.substr(1), "eth0"));
}

TEST_CASE("bad files are reported, and the others are read") {
    const TempDir dir;
    const RecordStore store(dir.path());
    REQUIRE(store.write(sample_record()));
    const std::string good = *namegate::read_file(*store.path_of("0123abc", "eth0"), 100'000);
    const auto put = [&](const std::string& name, const std::string& content) {
        REQUIRE(namegate::write_file_atomically(dir.path() + "/" + name, content, 0600));
    };
    put("garbage.json", "garbage");
    put("half.json", good.substr(0, good.size() / 2));
    put("copy.json", good);
    put("large.json", std::string(namegate::endpoints::kMaxRecordBytes + 1, ' '));
    put(".hidden.json", "garbage");
    put("notes.txt", "garbage");
    REQUIRE(::mkdir((dir.path() + "/folder.json").c_str(), 0700) == 0);
    const auto listing = store.list();
    REQUIRE(listing);
    CHECK(listing->records.size() == 1);
    REQUIRE(listing->bad.size() == 5);
    for (const auto& bad : listing->bad) {
        CHECK(bad.why.find(bad.path) == 0);
    }
}

TEST_CASE("a record in the file of another endpoint is not used") {
    const TempDir dir;
    const RecordStore store(dir.path());
    REQUIRE(namegate::write_file_atomically(*store.path_of("other", "eth0"), to_json(sample_record()), 0600));
    CHECK(store.read("other", "eth0").error().code() == Code::kInvalidInput);
}

TEST_CASE("a record that could not be read back is not written") {
    const TempDir dir;
    const RecordStore store(dir.path());
    auto record = sample_record();
    record.addresses.assign(5, record.addresses[0]);
    CHECK_FALSE(store.write(record));
    CHECK(store.list()->records.empty());
}

TEST_CASE("the file of an interrupted write is removed with its record, and with no other") {
    const TempDir dir;
    const RecordStore store(dir.path());
    REQUIRE(store.write(sample_record()));
    const auto names = namegate::list_directory(dir.path(), 10);
    REQUIRE(names);
    REQUIRE(names->size() == 1);
    REQUIRE(namegate::write_file_atomically(dir.path() + "/." + names->front() + ".4711.tmp", "{\"ver", 0600));
    REQUIRE(namegate::write_file_atomically(dir.path() + "/.another-eth0-1.json.4711.tmp", "{", 0600));
    CHECK(store.list()->records.size() == 1);
    REQUIRE(store.remove("0123abc", "eth0"));
    CHECK(namegate::list_directory(dir.path(), 10).value() == std::vector<std::string>{".another-eth0-1.json.4711.tmp"});
    REQUIRE(store.remove("never", "eth0"));
}
