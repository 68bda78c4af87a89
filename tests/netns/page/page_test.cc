// SPDX-License-Identifier: Apache-2.0
// The page of a real node, in a real browser inside the node's network namespace: what pods reached and were denied is there, with the
// rule that decided.
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "mission/site.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

constexpr const char* kAddress = "127.0.0.1:9465";

std::string python(const std::string& script, const std::string& arguments) {
    return "/usr/bin/python3 " NAMEGATE_PAGE_TESTS "/" + script + " " + arguments;
}

CommandOutput http(const std::string& arguments) { return run_command(python("http_status.py", arguments)); }

// What the pods do while the browser looks: what is allowed and what is denied, again and again.
class Traffic {
  public:
    Traffic(const Pod& weather, const Pod& other)
        : thread_([this, &weather, &other] {
              while (!stop_) {
                  static_cast<void>(reaches(weather, "api.weather.com"));
                  static_cast<void>(reaches(weather, "evil.test", kDenied));
                  static_cast<void>(reaches(other, "evil.test"));
                  std::this_thread::sleep_for(std::chrono::milliseconds(100));
              }
          }) {}
    ~Traffic() {
        stop_ = true;
        thread_.join();
    }
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;
    Traffic(Traffic&&) = delete;
    Traffic& operator=(Traffic&&) = delete;

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

struct PageSite : Site {
    explicit PageSite(const std::string& address) : Site("uiAddress: \"" + address + "\"\n") {
        world.set_name("api.weather.com", {"198.18.0.1"});
        world.set_name("evil.test", {"198.18.0.2"});
        node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
        node.start_daemon();
        weather = node.add({"weather", "default", {{"app", "a"}}});
        other = node.add({"other", "default", {{"app", "b"}}});
    }

    std::unique_ptr<Pod> weather;
    std::unique_ptr<Pod> other;
};

}  // namespace

TEST_CASE("the page shows what pods reached and were denied, by keyboard and pointer, and asks nothing else") {
    PageSite site(kAddress);
    REQUIRE(reaches(*site.weather, "api.weather.com"));
    REQUIRE_FALSE(reaches(*site.weather, "evil.test", kDenied));
    const Traffic traffic(*site.weather, *site.other);
    const CommandOutput browser = run_command(python("node.py", std::string("http://") + kAddress + "/ " + site.node.folder()));
    if (browser.status == 77) {
        WARN(browser.text);
        return;
    }
    INFO(browser.text);
    INFO(site.node.daemon_log());
    CHECK(browser.status == 0);
    std::fputs(browser.text.c_str(), stdout);
}

TEST_CASE("the page refuses what a page of another site could send, and everything but reading") {
    PageSite site(kAddress);
    const std::string url = std::string("http://") + kAddress;
    CHECK_THAT(http(url + "/").text, Contains("200 text/html"));
    CHECK_THAT(http(url + "/api/v1/graph").text, Contains("200 application/json"));
    CHECK_THAT(http(url + "/api/v1/graph Host=evil.test").text, Contains("421 "));
    CHECK_THAT(http(url + "/ Host=evil.test:9465").text, Contains("421 "));
    CHECK_THAT(http(url + "/api/v1/graph Origin=http://evil.test").text, Contains("403 "));
    CHECK_THAT(http(url + "/api/v1/graph method=POST").text, Contains("405 "));
    CHECK_THAT(http(url + "/api/v1/graph method=OPTIONS Origin=http://evil.test").text, Contains("405 "));
    CHECK_THAT(http(url + "/etc/passwd").text, Contains("404 "));
    CHECK_THAT(http(url + "/api/v1/graph?since=nonsense").text, Contains("200 ") && Contains("\"full\":true"));
    CHECK_THAT(http(url + "/api/v1/graph?since=" + std::string(4000, '9')).text, Contains("200 ") && Contains("\"full\":true"));
    // A pod does not reach the node's loopback.
    CHECK_FALSE(connects_from(site.other->netns, *IpAddress::parse("127.0.0.1"), 9465, kDenied));
}

TEST_CASE("the page is off by default, and a socket of it belongs to root") {
    {
        Site site;
        site.node.start_daemon();
        CHECK_THAT(http(std::string("http://") + kAddress + "/").text, Contains("refused"));
    }
    const std::string path = "/run/namegate-page.sock";
    PageSite site("unix:" + path);
    CHECK_THAT(http("unix:" + path + " Host=localhost:8080").text, Contains("200 text/html"));
    CHECK(must_run("stat -c %a " + path) == "600\n");
}

TEST_CASE("an address in use makes the node unhealthy, not the daemon fail, and is taken when it is free") {
    auto holder = std::make_unique<Process>(ProcessOptions{{"/usr/bin/python3", NAMEGATE_PAGE_TESTS "/fixture.py", "9465", "empty"}, {}});
    REQUIRE(eventually([] { return http(std::string("http://") + kAddress + "/").text.find("200 ") == 0; }));
    PageSite site(kAddress);
    REQUIRE(reaches(*site.weather, "api.weather.com"));
    const auto status = site.node.ask_daemon("status");
    REQUIRE(status);
    CHECK_THAT((*status)["degraded"].dump(), Contains("uiAddress"));
    holder.reset();
    CHECK(eventually(
        [&] { return http(std::string("http://") + kAddress + "/api/v1/graph").text.find("\"weather\"") != std::string::npos; }));
    CHECK((*site.node.ask_daemon("status"))["degraded"].empty());
}
