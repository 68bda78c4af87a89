// SPDX-License-Identifier: Apache-2.0
//
// Folding of repeated events, times on the command line, and the filters that monitor requests.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "call.h"
#include "ctl/duration.h"
#include "ctl/event_fold.h"
#include "support/reply_samples.h"

namespace namegate::test {
namespace {

using ctl::EventFold;
using Lines = std::vector<std::string>;

EventFold::Moment at(double seconds) {
    return EventFold::Moment() + std::chrono::duration_cast<EventFold::Moment::duration>(std::chrono::duration<double>(seconds));
}

TEST_CASE("the first of equal lines is printed at once, the others as a number after 5 s") {
    EventFold fold;
    CHECK(fold.add("t0", "denied a", at(0)) == Lines{"t0 denied a"});
    CHECK(fold.add("t1", "denied b", at(1)) == Lines{"t1 denied b"});
    for (int i = 0; i < 1240; ++i) {
        CHECK(fold.add("t2", "denied a", at(2)).empty());
    }
    CHECK(fold.expire(at(4.9)).empty());
    CHECK(fold.expire(at(5.1)) == Lines{"t2 denied a  x1,240 more in 5 s"});
    // Still folded; then, after 5 s without it, new.
    CHECK(fold.add("t6", "denied a", at(6)).empty());
    CHECK(fold.expire(at(10.2)) == Lines{"t6 denied a  x1 more in 5 s"});
    CHECK(fold.expire(at(15.3)).empty());
    CHECK(fold.add("t16", "denied a", at(16)) == Lines{"t16 denied a"});
    CHECK(fold.add("t17", "denied a", at(17)).empty());
    CHECK(fold.finish() == Lines{"t17 denied a  x1 more in 5 s"});
}

TEST_CASE("over the limit lines are printed unfolded") {
    EventFold fold;
    for (std::size_t i = 0; i < ctl::kMaxFoldedLines; ++i) {
        fold.add("t", std::to_string(i), at(0));
    }
    CHECK(fold.add("t", "x", at(1)) == Lines{"t x"});
    CHECK(fold.add("t", "x", at(1)) == Lines{"t x"});
    CHECK(fold.add("t", "0", at(1)).empty());
}

TEST_CASE("times on the command line") {
    CHECK(*ctl::parse_duration("90") == 90);
    CHECK(*ctl::parse_duration("30s") == 30);
    CHECK(*ctl::parse_duration("15m") == 900);
    CHECK(*ctl::parse_duration("2h") == 7200);
    CHECK(*ctl::parse_duration("1d") == 86'400);
    for (const char* wrong : {"", "0", "m", "-1", "1w", "1 m", "4294967296", "367d", "99999999h", "1.5h"}) {
        INFO(wrong);
        CHECK_FALSE(ctl::parse_duration(wrong));
    }
}

TEST_CASE("staged prints what the staged policies would have decided otherwise") {
    Ctl call;
    call.reply = api::write_reply<api::StagedRequest>(sample_staged());
    const Called called = call({"-s", "/s", "staged", "default/weather"});
    CHECK(called.code == 0);
    CHECK(called.request.command == "staged");
    CHECK(called.request.arguments == api::Json{{"endpoint", "default/weather"}});
    CHECK(called.out ==
          "1 staged policy, observed since t0: 12 new flows and denied packets\n"
          "ENDPOINT         WOULD BE  COUNT  DIRECTION  TRAFFIC                      RULE                       LAST  PLACE\n"
          "default/weather  denied    7      egress     api.example\\x1b.com:443 TCP  end of tier default: Deny  t2    -\n"
          "default/weather  allowed   1      ingress    2001:db8::1 to port 53 UDP   lab[0]                     t1    /p/lab.yaml:4\n"
          "3 more had no verdict: there were too many at a time, or a rule matches the ICMP type\n"
          "2 more would have another verdict and found no space in this list\n");
    call.reply = api::write_reply<api::StagedRequest>({"t0", 2, 5, 0, 0, {}});
    const Called same = call({"-s", "/s", "staged"});
    CHECK(same.code == 1);
    CHECK(same.out ==
          "2 staged policies, observed since t0: 5 new flows and denied packets\nthe staged policies would have changed no verdict\n");
    call.reply = api::write_reply<api::StagedRequest>({});
    CHECK(call({"-s", "/s", "staged"}).out == "no policies are staged\n");
}

TEST_CASE("why prints the latest denials, with the verdict now and the advice") {
    Ctl call;
    call.reply = api::write_reply<api::WhyRequest>(sample_why());
    const Called called = call({"-s", "/s", "why", "default/weather", "api.example.com:443"});
    CHECK(called.code == 0);
    CHECK(called.request.command == "why");
    CHECK(called.request.arguments == api::Json{{"endpoint", "default/weather"}, {"destination", "api.example.com:443"}});
    CHECK(called.out ==
          "default/weather: 1240 packets were denied since the endpoint was added; the latest, newest first:\n"
          "\n"
          "denied to api.example\\x1b.com (192.0.2.1:443) TCP\n"
          "  by:    end of tier default: Deny\n"
          "  when:  t2, 12 times since t1\n"
          "  now:   still denied: no rule matches\n"
          "  to do: write a rule\n"
          "  to do: or two\n"
          "\n"
          "cut from [2001:db8::1]:4000 UDP to port 53\n"
          "  by:    a policy that is no longer in force\n"
          "  when:  t0\n"
          "\n"
          "denied to a.test (192.0.2.1:443) TCP\n"
          "  by:    default.allow[0] (tls_name_denied)\n"
          "  name:  evil\\x1b.test, which the connection showed (TLS)\n"
          "  when:  t1, 2 times since t0\n"
          "\n"
          "dns-refused evil\\x1b.test type 16 to 192.0.2.53\n"
          "  by:    DNS queries for allowed names only (dns_name_refused)\n"
          "  when:  t1, 2 times since t0\n");
    call.reply = api::write_reply<api::WhyRequest>({"default/weather", "open", 0, {}});
    const Called none = call({"-s", "/s", "why", "default/weather"});
    CHECK(none.code == 1);
    CHECK(none.out == "default/weather: nothing was denied lately; 0 packets were denied since the endpoint was added\n");
    CHECK(call({"-s", "/s", "why"}).code == 2);
}

}  // namespace
}  // namespace namegate::test
