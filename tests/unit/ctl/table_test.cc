// SPDX-License-Identifier: Apache-2.0
// Tables on a terminal that is too narrow for them.
#include <catch2/catch.hpp>
#include <sstream>

#include "ctl/printable.h"
#include "ctl/table.h"
#include "ctl/wrap.h"
#include "policy/model/system_labels.h"
#include "unit/ctl/call.h"

using namespace namegate;
using namespace namegate::ctl;
using api::Json;
using Catch::Contains;

namespace {

using Lines = std::vector<std::string>;

std::string printed(const Table& table, std::size_t width, const char* indent = "") {
    std::ostringstream out;
    table.print(out, width, indent);
    return out.str();
}

std::size_t widest_line(const std::string& text) {
    std::istringstream in(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(in, line);) {
        widest = std::max(widest, width_of(line));
    }
    return widest;
}

// Ten pods, whose labels are more than a terminal can show.
Json endpoints() {
    api::TextMap labels = {{"kubernetes.io/metadata.name", "x"}, {"pcns.team", "weather"}, {"projectcalico.org/orchestrator", "k8s"}};
    for (char each = 'a'; each < 'k'; ++each) {
        labels[std::string("label-") + each] = "value";
    }
    api::EndpointsReply out;
    for (unsigned id = 1; id <= 10; ++id) {
        api::EndpointItem& one = out.emplace_back();
        one.id = id;
        one.endpoint = "production/weather-frontend-7d4b9c-x2x9" + std::to_string(id);
        one.container_id = "0123456789abcdef";
        one.interface = "ng0123456789a";
        one.addresses = {"10.88.100.200", "fd00:10:88:100::200"};
        one.labels = labels;
        one.mode = "enforced";
        one.policies = {"weather", "default.allow-dns", "default.deny-all"};
    }
    return api::write_reply<api::EndpointsRequest>(std::move(out));
}

test::Called show(const std::vector<std::string>& arguments, std::size_t columns) {
    test::Ctl ctl;
    ctl.reply = endpoints();
    ctl.screen.columns = columns;
    return ctl(arguments);
}

}  // namespace

TEST_CASE("text is broken at spaces, else behind marks, else anywhere") {
    CHECK(wrap_text("Allow UDP to port 53", 10) == Lines{"Allow UDP", "to port 53"});
    CHECK(wrap_text("default/weather", 10) == Lines{"default/", "weather"});
    CHECK(wrap_text("0123456789", 4) == Lines{"0123", "4567", "89"});
    CHECK(wrap_text("größer", 3) == Lines{"grö", "ßer"});
    CHECK(wrap_text("", 3) == Lines{""});
    CHECK(wrap_text("ab", 0) == Lines{"a", "b"});
    CHECK(wrap_text("short", std::string::npos) == Lines{"short"});
}

TEST_CASE("a long list ends in a count") {
    CHECK(fold_list({"a", "b", "c"}, 12) == Lines{"a,b,c"});
    CHECK(fold_list({"aaaa", "bbbb", "cccc"}, 5) == Lines{"aaaa,", "bbbb,", "cccc"});
    CHECK(fold_list({"aaaa", "bbbb", "cccc", "dddd"}, 5) == Lines{"aaaa,", "bbbb,", "+2 more"});
    CHECK(fold_list({"aaaa", "bbbb", "cccc", "dddd"}, 10) == Lines{"aaaa,bbbb,", "cccc,dddd"});
    // The first one is complete, whatever its length.
    CHECK(fold_list({"0123456789ab", "xyz"}, 3) == Lines{"012", "345", "678", "9ab", ",", "+1 more"});
}

TEST_CASE("a table takes space from its widest columns, then leaves details out, then becomes blocks") {
    Table table({"NAME", {"WHOLE", true}, {"DETAIL", true, true}, "TEXT"});
    table.add({"first", "0123456789abcdef", "0123456789", "one two three four five six seven"});
    CHECK(printed(table, 0) == printed(table, 200));
    CHECK(printed(table, 55) ==
          "NAME   WHOLE             DETAIL      TEXT\n"
          "first  0123456789abcdef  0123456789  one two three four\n"
          "                                     five six seven\n");
    CHECK(printed(table, 40) ==
          "NAME   WHOLE             TEXT\n"
          "first  0123456789abcdef  one two three\n"
          "                         four five six\n"
          "                         seven\n"
          "(no space for DETAIL)\n");
    CHECK(printed(table, 30, "  ") ==
          "  NAME    first\n"
          "  WHOLE   0123456789abcdef\n"
          "  DETAIL  0123456789\n"
          "  TEXT    one two three four\n"
          "          five six seven\n");
}

TEST_CASE("no listing is wider than its terminal, and the pieces are complete") {
    for (const std::size_t columns : {40U, 60U, 80U, 100U, 120U, 160U}) {
        INFO(columns);
        const test::Called called = show({"endpoints", "-s", "/x"}, columns);
        CHECK(widest_line(called.out) <= columns);
        CHECK_THAT(called.out, Contains("+") && Contains(" more"));
    }
    CHECK_THAT(show({"endpoints", "-s", "/x"}, 80).out, Contains("(no space for CONTAINER, INTERFACE)"));
    // Without a terminal nothing is folded.
    CHECK_THAT(show({"endpoints", "-s", "/x"}, 0).out, Contains("label-j=value\n") && !Contains(" more"));
}

TEST_CASE("warnings are broken below their beginning") {
    test::Ctl ctl;
    ctl.screen.columns = 40;
    api::StatusReply status;
    status.warnings = {"DNS server 10.0.0.2 is not trusted and answered 3 pods"};
    ctl.reply = api::write_reply<api::StatusRequest>(status);
    CHECK_THAT(ctl({"status", "-s", "/x"}).out, Contains("\nwarning    DNS server 10.0.0.2 is not\n"
                                                         "           trusted and answered 3 pods\n"));
}

TEST_CASE("system labels are shown on request") {
    for (const char* key : {"pcns.team", "pcsa.x", "projectcalico.org/namespace", "kubernetes.io/metadata.name", "io.kubernetes.pod.uid",
                            "batch.kubernetes.io/job-name", "topology.k8s.io/zone", "pod-template-hash", "io.cri-containerd.kind"}) {
        CHECK(policy::is_system_label(key));
    }
    for (const char* key : {"app", "app.kubernetes.io/name", "notkubernetes.io/x", "example.com/kubernetes.io", "pcns", "kubernetes.io"}) {
        CHECK_FALSE(policy::is_system_label(key));
    }
    CHECK_THAT(show({"endpoints", "-s", "/x"}, 0).out, !Contains("pcns.") && !Contains("kubernetes.io") && Contains("label-a=value,"));
    CHECK_THAT(show({"endpoints", "-s", "/x", "--all-labels"}, 0).out,
               Contains("kubernetes.io/metadata.name=x,label-a=value,") &&
                   Contains(",label-j=value,pcns.team=weather,projectcalico.org/orchestrator=k8s"));
    // JSON always has all.
    CHECK_THAT(show({"endpoints", "-s", "/x", "-o", "json"}, 80).out, Contains("pcns.team"));
}
