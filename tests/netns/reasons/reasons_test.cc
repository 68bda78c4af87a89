// SPDX-License-Identifier: Apache-2.0
// Each reason of bpf/reasons.def, provoked on the interface of a real pod: the metrics count it, and it is found in `monitor`, the flow
// log and `why` where these show it. A reason without a row here fails the test.
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "datapath/reasons.h"
#include "provoke.h"
#include "seen.h"
#include "support/eventually.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using nlohmann::json;

// The event by which people see it. With `reason` it is the one whose reason is this counter; else any of this kind, and `named` has a
// part of the name that was looked up.
struct Shown {
    const char* kind = nullptr;  // null: none; then `why_not` says why only the counters show it
    bool reason = false;
    const char* named = "";
    bool why = false;  // whether `why` lists it, as a denial or a refused query is
    const char* why_not = "";
};

struct Row {
    ng_reason reason;
    void (*provoke)(Stage&);
    Shown shown;
};

constexpr const char* kNoPeer = "it does not parse, so there is no peer to show";

const std::vector<Row> kRows = {
    {NG_R_ALLOWED, allow_one, {"flow", false, "api.example.com"}},
    {NG_R_DENIED, deny_one, {"denied", true, "evil.example.com", true}},
    {NG_R_CUT, cut_one, {"cut", true, "", true}},
    {NG_R_SPOOFED, forge_source, {"dropped", true, "", true}},
    {NG_R_MALFORMED, send_malformed, {nullptr, false, "", false, kNoPeer}},
    {NG_R_NOT_IP, send_not_ip, {nullptr, false, "", false, kNoPeer}},
    {NG_R_FRAGMENT, send_late_fragment, {"dropped", true, "", true}},
    {NG_R_OFFLOAD, leave_checksum, {"dropped", true, "", true}},
    {NG_R_QUESTION, look_up, {nullptr, false, "", false, "its response is an event, with the time since the query"}},
    {NG_R_ANSWER, look_up, {"dns", false, "api.example.com"}},
    {NG_R_LEARNT, look_up, {"dns", false, "api.example.com"}},
    {NG_R_UNSOLICITED, answer_twice, {nullptr, false, "", false, "the pod did not ask, so it is not used and not read"}},
    {NG_R_NEVER_OPENS, open_never, {"dns", true, "own.example.com"}},
    {NG_R_LEARNT_FULL, fill_patterns, {"dns", true, ".full.example.com"}},
    {NG_R_HELD, hold_one, {"dns", false, ".held.test"}},
    {NG_R_UNPARSED, stop_holding, {"dns", false, ".held.test"}},
    {NG_R_HELD_FULL, fill_share, {"dns", true, ".held.test"}},
    {NG_R_EVENT_LOST, lose_responses, {nullptr, false, "", false, "it is the event that is lost"}},
    {NG_R_FLOW_EVENT_LOST, lose_flows, {nullptr, false, "", false, "it is the event that is lost"}},
    {NG_R_QUESTION_LOST, lose_queries, {"limit", true}},  // its queries are pending for a while
    {NG_R_CLOSED, close_endpoint, {"dropped", true, "", true}},
};
// Needs a setting of its own.
const std::vector<Row> kRejectRows = {
    {NG_R_REJECTED, deny_one, {"denied", false, "evil.example.com", true}},
};
const std::vector<Row> kAllowedRows = {
    {NG_R_QUERY_NAME, ask_refused_name, {"dns-refused", true, "stranger.test", true}},
    {NG_R_QUERY_TYPE, ask_refused_type, {"dns-refused", true, "api.example.com", true}},
    {NG_R_QUERY_FORM, ask_two_questions, {"dns-refused", true, "", true}},
    {NG_R_QUERY_NEW, ask_many_names, {"dns-refused", true, ".full.example.com", true}},
};
const std::vector<Row> kLogRows = {
    {NG_R_QUERY_LOGGED, ask_refused_name, {"dns-refused", true, "stranger.test"}},
};
constexpr const char* kSentAgain = "the sender repeats it, or the connection makes no progress";
const std::vector<Row> kRequireRows = {
    {NG_R_TLS_NAMED, show_allowed_name, {"flow-named", false, "api.example.com"}},
    {NG_R_TLS_NAME, show_other_name, {"denied", true, "evil.example.com", true}},
    {NG_R_TLS_NO_NAME, show_no_name, {"denied", true, "", true}},
    {NG_R_TLS_NOT_TLS, speak_plainly, {"denied", true, "", true}},
    {NG_R_TLS_FORM, show_broken_hello, {"denied", true, "", true}},
    {NG_R_TLS_UNKNOWN, send_without_begin, {"denied", true, "", true}},
    {NG_R_TLS_WAITS, send_before_answer, {nullptr, false, "", false, kSentAgain}},
    {NG_R_TLS_UNFIT, send_urgent, {nullptr, false, "", false, kSentAgain}},
    {NG_R_TLS_QUIC, speak_quic, {"denied", true, "", true}},
    {NG_R_TLS_HTTPS, ask_for_https, {nullptr, false, "", false, "the pod has the empty response at once, and asks for addresses"}},
};
const std::vector<Row> kVerifyRows = {
    {NG_R_TLS_PLAIN, speak_plainly, {nullptr, false, "", false, "it passes, as the events of its flow say"}},
};
const std::map<ng_reason, const char*> kNotProvoked = {
    {NG_R_NONE, "it is the absence of a reason; nothing counts it"},
    {NG_R_NO_ENDPOINT, "without an endpoint there is no slot in which it could be counted: the programs drop such packets uncounted"},
    {NG_R_RULE_LOOP, "the compiler refuses policies with so many Pass and Log rules (kMaxPassAndLogRules)"},
};

bool has_name(const json& value, const std::string& part) { return part.empty() || value.dump().find(part) != std::string::npos; }

void check_row(Stage& stage, Seen& seen, const Row& row) {
    const std::string name = datapath::reason_name(row.reason);
    INFO(name);
    seen.forget();
    const double before = seen.counter(name);
    row.provoke(stage);
    CHECK(eventually([&] { return seen.counter(name) > before; }));
    CHECK(eventually([&] { return Seen::metric(name) > before; }));
    const Shown& shown = row.shown;
    const auto is_it = [&](const json& event) {
        return event["kind"] == shown.kind && (!shown.reason || event.value("reason", "") == name) && has_name(event, shown.named);
    };
    const auto is_line = [&](const json& line) {
        const json& event = line["event"];
        return event["action"] == shown.kind && (!shown.reason || event.value("reason", "") == name) && has_name(line, shown.named);
    };
    if (shown.kind == nullptr) {
        CHECK(*shown.why_not != '\0');
        // Otherwise the row is wrong.
        CHECK_FALSE(seen.in_monitor([&](const json& event) { return event.value("reason", "") == name; }));
        return;
    }
    CHECK(eventually([&] { return seen.in_monitor(is_it); }));
    CHECK(eventually([&] { return seen.in_flow_log(is_line); }));
    CHECK(seen.in_why("default/a", is_it) == shown.why);
}

void check_rows(const std::vector<Row>& rows, const std::string& settings) {
    Stage stage(settings);
    {
        Seen seen(stage.site.node, stage.flow_log);
        REQUIRE(seen.begins([&] { look_up(stage); }));
        for (const Row& row : rows) {
            check_row(stage, seen, row);
        }
        stage.site.node.remove(*stage.pod.pod);
        stage.site.node.stop_daemon();
    }
    CHECK(stage.site.node.state() == "");
}

}  // namespace

TEST_CASE("every reason of the counter table has a row here, or is listed with the cause why nothing can provoke it") {
    std::multiset<std::string> rows;
    for (const std::vector<Row>* some : {&kRows, &kRejectRows, &kAllowedRows, &kLogRows, &kRequireRows, &kVerifyRows}) {
        for (const Row& row : *some) {
            rows.insert(datapath::reason_name(row.reason));
        }
    }
    for (const auto& entry : kNotProvoked) {
        rows.insert(datapath::reason_name(entry.first));
    }
    std::multiset<std::string> table;
    for (const datapath::ReasonInfo& reason : datapath::reasons()) {
        table.insert(reason.name);
    }
    CHECK(rows == table);
}

TEST_CASE("each reason, provoked on a real interface, is in the metrics, in monitor, in the flow log, and in why where it denies") {
    check_rows(kRows, "");
}

TEST_CASE("a denied packet that is answered is shown like one that is dropped, and counted") {
    check_rows(kRejectRows, "denyAction: Reject\n");
}

TEST_CASE("a DNS query that is refused, or only logged, is shown with its name and counted") {
    check_rows(kAllowedRows, "dnsQueries: Allowed\ndnsNewNamesPerMinute: 4\n");
    check_rows(kLogRows, "dnsQueries: Log\n");
}

TEST_CASE("a connection that does not show the TLS name it has to is shown with the name that it showed, and counted") {
    check_rows(kRequireRows, "tlsNames: Require\n");
    check_rows(kVerifyRows, "tlsNames: Verify\n");
}
