// SPDX-License-Identifier: Apache-2.0
// Bytes that others chose are escaped in every log and error: those of policy files and those of arguments.
#include <algorithm>
#include <catch2/catch.hpp>

#include "site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

bool is_raw(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c < 0 || c == 0x7f; });
}

}  // namespace

TEST_CASE("bytes of a policy file and of CNI_ARGS are escaped in the output of the plugin and the daemon") {
    Site site;
    // A file that is broken from the first reading on might have been good before: no pod would start.
    site.node.remove(*site.node.add({"first", "default", {}}));
    site.node.write_policy("evil.yaml", "apiVersion: projectcalico.org/v3\nkind: \"K\xc2\x9b\x7f\"\nmetadata: {name: x}\n");
    site.node.write_policy("none.yaml", "kind: \x1b[31m\xff\n");
    site.node.write_policy("evil\x1b\xff.yaml", "kind: x\n");
    Pod pod({"a", "default", {}});
    const CniReply added = site.node.call("ADD", pod);
    REQUIRE(added.status == 0);
    CHECK_FALSE(is_raw(added.errors));
    CHECK_THAT(added.errors, Contains("evil\\x1b\\xff.yaml") && Contains("\\u009b"));
    site.node.start_daemon();
    CHECK(eventually([&] { return site.node.daemon_log().find("evil\\x1b\\xff.yaml") != std::string::npos; }));
    CHECK_FALSE(is_raw(site.node.daemon_log()));
    site.node.remove(pod);

    Pod other({"b\x1b[31m\xff", "default", {}});
    other.id = "other";
    const CniReply refused = site.node.call("ADD", other);
    CHECK_FALSE(is_raw(refused.errors));
    CHECK_FALSE(is_raw(refused.output.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
    CHECK_FALSE(is_raw(refused.output.value("msg", "")));
    static_cast<void>(site.node.call("DEL", other));
}
