// SPDX-License-Identifier: Apache-2.0
// What is written about policy objects, over real HTTPS connections: by one node at a time, only what differs, and not too fast.
#include "kubernetes/client/policy_reports.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "kubernetes/client/api_source.h"
#include "kubernetes/client/policy_watch.h"
#include "support/api_server/api_server.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::kubernetes;
using namegate::test::ApiServer;
using std::chrono::milliseconds;
using Json = nlohmann::json;

namespace policy_reports_test {
namespace {

constexpr milliseconds kPatience{10'000};
constexpr const char* kOwnPolicies = "policy.namegate.dev/v1/networkpolicies";
constexpr const char* kLeases = "coordination.k8s.io/v1/leases";
constexpr const char* kDocument = "api:policy.namegate.dev/v1/networkpolicies/shop/deny";

ReportTiming report_timing() {
    ReportTiming out;
    out.jitter = milliseconds(0);
    out.pause = milliseconds(1);
    out.retry = milliseconds(50);
    out.silence = milliseconds(500);
    out.lease = {milliseconds(1'000), milliseconds(100), milliseconds(50), milliseconds(500)};
    return out;
}

// A node that watches the own group and says of its objects what the test tells it.
struct Node {
    std::unique_ptr<ApiSource> source;
    std::unique_ptr<policy::ObjectSource> objects;
    std::unique_ptr<PolicyWatch> watch;
    std::unique_ptr<PolicyReports> reports;
    PolicyReports::Verdicts verdicts;
    std::uint64_t compared = 0;

    void work(bool changed) {
        source->work();
        watch->work();
        if (watch->revision() != compared || changed) {
            compared = watch->revision();
            PolicyReports::Objects states;
            watch->add_states(states);
            reports->compare(states, verdicts);
        }
        reports->work();
    }
};

struct Fixture {
    test::TempDir dir;
    ApiServer server;
    SystemClock clock;
    Knowledge known{"", true};
    std::vector<std::unique_ptr<Node>> nodes;

    Fixture() {
        server.serve_group("policy.namegate.dev/v1", {"networkpolicies"});
        server.serve_group("coordination.k8s.io/v1", {"leases"});
        put("deny", 3);
    }
    ~Fixture() {
        for (const auto& node : nodes) {
            node->reports.reset();
            node->watch.reset();
        }
    }
    void put(const std::string& name, int generation, const std::string& kind = kOwnPolicies) {
        server.put(kind, {{"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", "u-" + name}, {"generation", generation}}},
                          {"spec", Json::object()}});
    }
    Node& start(const std::string& name, ReportTiming timing = report_timing()) {
        auto node = std::make_unique<Node>();
        const std::string kubeconfig = server.write_kubeconfig(dir.path(), "");
        node->source = std::move(ApiSource::create({credentials_reader(kubeconfig), name, [] { return 0.5; }}, known, clock)).value();
        node->objects = std::make_unique<policy::ObjectSource>("api:namegate");
        node->watch =
            std::make_unique<PolicyWatch>(*find_policy_source("namegate"), *node->source, *node->objects, clock, [] { return 0.5; });
        node->reports = std::make_unique<PolicyReports>(
            node->source->transport(), clock, "kube-system", name, [] { return 0.5; }, timing);
        nodes.push_back(std::move(node));
        return *nodes.back();
    }
    void set_verdict(const Verdict& verdict, const std::string& document = kDocument) {
        for (const auto& node : nodes) {
            node->verdicts[document] = verdict;
            node->work(true);
        }
    }
    template <typename Condition>
    bool becomes(Condition condition, milliseconds patience = kPatience) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) {
                UNSCOPED_INFO("last error: " + nodes.front()->reports->error());
                return false;
            }
            for (const auto& node : nodes) {
                node->work(false);
            }
            std::this_thread::sleep_for(milliseconds(2));
        }
        return true;
    }
    void work_for(milliseconds time) {
        becomes([] { return false; }, time);
    }
    Json condition(const std::string& name = "deny") const {
        const auto object = server.find(kOwnPolicies, "shop", name);
        return object && object->contains("status") ? (*object)["status"]["conditions"][0] : Json::object();
    }
    bool shows(const std::string& status, const std::string& reason) {
        return becomes([&] { return condition().value("status", "") == status && condition().value("reason", "") == reason; });
    }
    std::size_t requests(const std::string& method, const std::string& part) const {
        const auto all = server.requests();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& one) { return one.method == method && one.path.find(part) != std::string::npos; }));
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the status of an object says whether it is accepted, is written once by one node, and follows a change") {
    start("n1");
    start("n2");
    set_verdict({true, "Valid", ""});
    REQUIRE(shows("True", "Valid"));
    work_for(milliseconds(300));
    CHECK(requests("PATCH", "/status") == 1);
    const Json first = condition();
    CHECK(first["type"] == "Accepted");
    CHECK(first["observedGeneration"] == 3);
    const auto lease = server.find(kLeases, "kube-system", kLeaseName);
    REQUIRE(lease);
    const std::string holder = (*lease)["spec"]["holderIdentity"];
    CHECK((holder == "n1" || holder == "n2"));
    set_verdict({false, "Invalid", "spec.x: no such field; its last good content is in force"});
    REQUIRE(shows("False", "Invalid"));
    CHECK(condition()["message"] == "spec.x: no such field; its last good content is in force");
    // An Event, of the object, once.
    CHECK(becomes([&] { return requests("POST", "/api/v1/namespaces/shop/events") == 1; }));
    work_for(milliseconds(300));
    CHECK(requests("PATCH", "/status") == 2);
    CHECK(requests("POST", "/events") == 1);
    for (const auto& request : server.requests()) {
        if (request.method == "POST" && request.path.ends_with("/events")) {
            const Json event = Json::parse(request.body);
            CHECK(event["involvedObject"] == Json{{"apiVersion", "policy.namegate.dev/v1"},
                                                  {"kind", "NetworkPolicy"},
                                                  {"name", "deny"},
                                                  {"namespace", "shop"},
                                                  {"uid", "u-deny"}});
            CHECK(event["reason"] == "PolicyRefused");
            CHECK(event["message"] == "spec.x: no such field; its last good content is in force");
        }
    }
    // A new content with the same verdict has another generation.
    put("deny", 4);
    CHECK(becomes([&] { return condition().value("observedGeneration", 0) == 4; }));
}

TEST_CASE_METHOD(Fixture, "nodes that disagree do not write in turns; another node takes over when the holder of the lease is gone") {
    Node& first = start("n1");
    Node& second = start("n2");
    first.verdicts[kDocument] = {true, "Valid", ""};
    REQUIRE(becomes([&] { return condition().value("status", "") == "True"; }));
    second.verdicts[kDocument] = {false, "Invalid", "this version does not know it"};
    second.work(true);
    work_for(milliseconds(500));
    CHECK(condition()["status"] == "True");
    CHECK(requests("PATCH", "/status") == 1);
    // Its Events are trusted to the holder; the status is not.
    CHECK(requests("POST", "/events") == 0);
    CHECK(second.reports->pending() == 1);
    nodes.front()->reports.reset();
    nodes.front()->watch.reset();
    nodes.erase(nodes.begin());
    CHECK(shows("False", "Invalid"));
    CHECK((*server.find(kLeases, "kube-system", kLeaseName))["spec"]["holderIdentity"] == "n2");
}

TEST_CASE_METHOD(Fixture, "without the right to write, it is tried again slowly, and says why") {
    start("n1");
    server.set_status_of(kLeases, 403);
    set_verdict({true, "Valid", ""});
    CHECK(becomes([&] { return nodes.front()->reports->error().find("HTTP status 403") == 0; }));
    CHECK(requests("PATCH", "/status") == 0);
    server.set_status_of(kLeases, 200);
    CHECK(shows("True", "Valid"));
    CHECK(nodes.front()->reports->error().empty());
}

TEST_CASE_METHOD(Fixture, "a write that fails is tried again, and does not keep the others from being written") {
    start("n1");
    put("other", 1);
    Node& node = *nodes.front();
    node.verdicts[kDocument] = {false, "Invalid", "wrong"};
    node.verdicts["api:policy.namegate.dev/v1/networkpolicies/shop/other"] = {true, "Valid", ""};
    // The Event comes first.
    server.set_status_of("events", 403);
    CHECK(becomes([&] { return condition().value("status", "") == "False" && condition("other").value("status", "") == "True"; }));
    CHECK(becomes([&] { return node.reports->error().find("HTTP status 403") == 0; }));
    CHECK(node.reports->pending() == 1);
    server.set_status_of("events", 200);
    CHECK(becomes([&] { return node.reports->pending() == 0 && node.reports->error().empty(); }));
    work_for(milliseconds(100));
    CHECK(requests("PATCH", "/status") == 2);
}

TEST_CASE_METHOD(Fixture, "between two requests there is a pause, and a long message is shortened") {
    for (int i = 0; i < 5; ++i) {
        put("p" + std::to_string(i), 1);
    }
    ReportTiming timing = report_timing();
    timing.pause = milliseconds(100);
    Node& node = start("n1", timing);
    for (int i = 0; i < 5; ++i) {
        node.verdicts["api:policy.namegate.dev/v1/networkpolicies/shop/p" + std::to_string(i)] = {false, "Overridden",
                                                                                                  std::string(2 * kMaxReportBytes, 'x')};
    }
    REQUIRE(becomes([&] { return requests("PATCH", "/status") >= 1; }));
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(becomes([&] { return requests("PATCH", "/status") == 5; }));
    CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(300));
    CHECK(becomes([&] { return condition("p4").value("message", "").size() == kMaxReportBytes; }));
    // Only what is refused has an Event.
    CHECK(requests("POST", "/events") == 0);
}

}  // namespace policy_reports_test
