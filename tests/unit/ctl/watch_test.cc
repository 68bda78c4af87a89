// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "unit/ctl/call.h"

using namespace namegate;
using api::Json;
using Catch::Contains;
using Catch::StartsWith;
using test::Called;
using test::Ctl;

namespace {

// A daemon whose names change between two listings.
struct Watched {
    std::vector<unsigned> waits;
    Ctl ctl;

    explicit Watched(std::size_t listings) {
        ctl.reply = names("one");
        ctl.wait = [this, listings](unsigned seconds) {
            waits.push_back(seconds);
            ctl.reply = waits.size() == 2 ? Result<Json>(sys_error("no daemon listens on /x", 2)) : names("two");
            return waits.size() < listings;
        };
    }
    static Json names(const char* name) { return api::write_reply<api::NamesRequest>({{"a/b", name, {"192.0.2.1"}, 5}}); }
};

}  // namespace

TEST_CASE("--watch shows a listing again until it is interrupted") {
    Watched watched(4);
    const Called called = watched.ctl({"dns", "-s", "/x", "--watch"});
    CHECK(called.code == 0);
    CHECK(watched.waits == std::vector<unsigned>{2, 2, 2, 2});
    // Without a terminal they follow each other. The daemon was away for one listing.
    CHECK(called.out ==
          "ENDPOINT  NAME  ADDRESSES  TTL\na/b       one   192.0.2.1  5s\n\n"
          "ENDPOINT  NAME  ADDRESSES  TTL\na/b       two   192.0.2.1  5s\n\n"
          "namegatectl: no daemon listens on /x: No such file or directory; is namegated running?\n\n"
          "ENDPOINT  NAME  ADDRESSES  TTL\na/b       two   192.0.2.1  5s\n");
}

TEST_CASE("--watch has an interval") {
    Watched watched(1);
    watched.ctl({"ips", "-s", "/x", "--watch=7", "a/b"});
    CHECK(watched.waits == std::vector<unsigned>{7});
    // The word behind it is the endpoint.
    Watched other(1);
    CHECK(other.ctl({"ips", "-s", "/x", "--watch", "a/b"}).request.arguments == Json{{"endpoint", "a/b"}});
    CHECK(other.waits == std::vector<unsigned>{2});
    for (const char* wrong : {"--watch=0", "--watch=x", "--watch=-1", "--watch=3601", "--watch="}) {
        INFO(wrong);
        CHECK(Watched(1).ctl({"dns", "-s", "/x", wrong}).code == 2);
    }
    CHECK_THAT(Ctl()({"explain", "--watch", "a", "b"}).err, Contains("--watch"));
}

TEST_CASE("--watch on a terminal overwrites the listing before, and ends with the screen") {
    Watched watched(2);
    watched.ctl.screen = {80, 24};
    const std::string out = watched.ctl({"dns", "-s", "/x", "-w", "a/b"}).out;
    CHECK(out ==
          "\033[2J\033[Hevery 2 s: dns a/b\033[K\n\033[K\n"
          "ENDPOINT  NAME  ADDRESSES  TTL\033[K\na/b       one   192.0.2.1  5s\033[K\n\033[J"
          "\033[Hevery 2 s: dns a/b\033[K\n\033[K\n"
          "ENDPOINT  NAME  ADDRESSES  TTL\033[K\na/b       two   192.0.2.1  5s\033[K\n\033[J");
    Watched low(1);
    low.ctl.screen = {80, 4};
    CHECK(low.ctl({"dns", "-s", "/x", "-w"}).out == "\033[2J\033[Hevery 2 s: dns\033[K\n\033[K\n(2 more lines)\033[K\n\033[J");
}

TEST_CASE("--watch as JSON: one a line") {
    Watched watched(2);
    const std::string out = watched.ctl({"dns", "-s", "/x", "-w", "-o", "json"}).out;
    CHECK(std::count(out.begin(), out.end(), '\n') == 2);
    CHECK_THAT(out, Contains("one") && Contains("two"));
}
