// SPDX-License-Identifier: Apache-2.0
// The folder of kept policies on the disk: its damage and its limits.
#include "policy/documents/kept_documents.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "base/file.h"
#include "support/memory_files.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

KeptIndex sample() {
    KeptIndex index;
    index.sources["/conf"] = {7, true};
    index.documents["/conf/a.yaml"] = {"/conf", true, {0x123456789abcdef0, 42}, 1'700'000'000, 0};
    index.documents["/conf/b.yaml"] = {"/conf", false, {}, 0, 1'700'000'001};
    return index;
}

KeptIndex many(std::size_t count, std::size_t name_bytes) {
    KeptIndex index;
    index.sources["/conf"] = {};
    for (std::size_t i = 0; i < count; ++i) {
        std::string name = std::to_string(i);
        name.resize(name_bytes, 'x');
        index.documents["/conf/" + name] = {"/conf", true, {i, i}, 1, 0};
    }
    return index;
}

}  // namespace

TEST_CASE("an index is read as it was written, and a damaged one is not used") {
    const std::string bytes = encode(sample());
    CHECK(decode_kept_index(bytes).value_or(KeptIndex{}) == sample());
    CHECK(decode_kept_index(encode({})).value_or(sample()) == KeptIndex{});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
        CHECK_FALSE(decode_kept_index(damaged));
        CHECK_FALSE(decode_kept_index(bytes.substr(0, i)));
    }
    CHECK_FALSE(decode_kept_index(bytes + '\0'));
}

TEST_CASE("an index of another version is not read, and the error says so") {
    std::string bytes = encode(sample());
    bytes[4] = 2;
    bytes.resize(bytes.size() - 8);
    const std::uint64_t sum = checksum_of(bytes);
    for (unsigned i = 0; i < 8; ++i) {
        bytes += static_cast<char>(sum >> (8 * i) & 0xffU);
    }
    CHECK(decode_kept_index(bytes).error().message().find("version 2, this program reads version 1") != std::string::npos);
}

TEST_CASE("an index has limits, and a file that is left out does not count as never good") {
    CHECK(fits(many(kMaxKeptDocuments, 8)));
    CHECK(decode_kept_index(encode(many(kMaxKeptDocuments, 8)))->documents.size() == kMaxKeptDocuments);
    for (const KeptIndex& index : {many(kMaxKeptDocuments + 1, 8), many(5'000, 4'000), many(1, 5'000)}) {
        CHECK_FALSE(fits(index));
        const std::string bytes = encode(index);
        CHECK(bytes.size() <= kMaxKeptIndexBytes);
        const auto read = decode_kept_index(bytes);
        REQUIRE(read);
        CHECK(read->documents.size() < index.documents.size());
        CHECK(read->sources.empty());
    }
    KeptIndex sources;
    for (std::size_t i = 0; i <= kMaxKeptSources; ++i) {
        sources.sources["/" + std::to_string(i)] = {};
    }
    CHECK_FALSE(fits(sources));
    CHECK(decode_kept_index(encode(sources))->sources.empty());
}

TEST_CASE("copies share a limit, and files that the index does not name are removed") {
    namegate::test::MemoryFiles files(1);
    KeptDocuments kept(files, "/kept");
    KeptIndex index;
    const std::string large(64UL * 1024 * 1024, 'x');
    for (char name = 'a'; name < 'e'; ++name) {
        const std::string path(1, name);
        const std::string content = large.substr(1) + name;
        REQUIRE(kept.write_copy(path, id_of(content), content));
        index.documents[path] = {"/conf", true, id_of(content), 1, 0};
    }
    const auto refused = kept.write_copy("e", id_of("e"), "e");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find(std::to_string(kMaxKeptBytes)) != std::string::npos);
    index.documents.erase("a");
    REQUIRE(kept.commit(index));
    REQUIRE(kept.remove_others(index));
    CHECK(files.paths_in("/kept").size() == 4);
    CHECK(kept.write_copy("e", id_of("e"), "e"));
}

TEST_CASE("the system's files: kept, found again by another process, readable by root only") {
    const namegate::test::TempDir dir;
    const std::string folder = dir.path() + "/new/kept";
    KeptIndex index;
    {
        KeptDocuments kept(system_files(), folder);
        CHECK(kept.read().error().code() == Code::kNotFound);
        for (int i = 0; i < 12; ++i) {
            const std::string path = "/conf/" + std::to_string(i) + ".yaml";
            REQUIRE(kept.write_copy(path, id_of(path), path));
            index.documents[path] = {"/conf", true, id_of(path), 1, 0};
        }
        REQUIRE(kept.commit(index));
        CHECK_FALSE(kept.changed());
    }
    REQUIRE(write_file_atomically(folder + "/left over", "x", 0600));
    KeptDocuments kept(system_files(), folder);
    CHECK(kept.changed());
    CHECK(kept.read().value_or(KeptIndex{}) == index);
    REQUIRE(kept.find_copies(index));
    CHECK(kept.has_copy("/conf/3.yaml", id_of("/conf/3.yaml")));
    CHECK(kept.read_copy("/conf/3.yaml", id_of("/conf/3.yaml")).value_or("") == "/conf/3.yaml");
    REQUIRE(kept.remove_others(index));
    CHECK(list_directory(folder, 100)->size() == 13);
    CHECK(::access((folder + "/index").c_str(), R_OK) == 0);
    const auto info = system_files().info(folder);
    REQUIRE(info);
    CHECK_FALSE(info->mount_point);
    CHECK(system_files().info("/proc")->mount_point);
    CHECK(system_files().has_name("/proc/self/exe"));
    CHECK_FALSE(system_files().has_name(folder + "/none"));
}
