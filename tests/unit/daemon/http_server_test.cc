// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/http_server.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/http_client.h"
#include "support/temp_dir.h"

namespace namegate::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using test::HttpClient;

constexpr milliseconds kLongestRound{100};  // far more than a round needs, far less than a client that is waited for

// A server with a page of three bytes, one of 20 MB and one that returns what it was asked.
struct Site {
    explicit Site(HttpTimeouts timeouts = {}, const config::ListenAddress& address = {{}, IpAddress::v4({127, 0, 0, 1}), 0}) {
        auto created_loop = EventLoop::create();
        REQUIRE(created_loop);
        loop = std::move(*created_loop);
        auto created = HttpServer::create(*loop, address, timeouts);
        REQUIRE(created);
        server = std::move(*created);
        server->add("/short", [](const HttpRequest& /*request*/) { return HttpResponse{kHttpOk, "text/css", {{"X-Own", "1"}}, "abc"}; });
        server->add("/long", [](const HttpRequest& /*request*/) {
            return HttpResponse{kHttpOk, kTextPlain, {}, std::string(20'000'000, 'x')};
        });
        server->add("/too-long", [](const HttpRequest& /*request*/) {
            return HttpResponse{kHttpOk, kTextPlain, {}, std::string(kMaxHttpResponseBytes + 1, 'x')};
        });
        server->add("/echo", [](const HttpRequest& request) {
            return HttpResponse{kHttpOk, kTextPlain, {}, std::string(request.argument("a")) + "|" + std::string(request.header("x-b"))};
        });
    }

    HttpClient connect(const char* from = "127.0.0.1") const { return HttpClient::tcp(server->address().port, from); }
    // Runs rounds, and lets the clients receive, until the condition holds. No round may take long.
    template <typename Condition>
    void run_until(std::vector<HttpClient*> clients, const Condition& condition, milliseconds most = std::chrono::seconds(20)) const {
        const auto deadline = SteadyClock::now() + most;
        while (!condition() && SteadyClock::now() < deadline) {
            const auto begin = SteadyClock::now();
            REQUIRE(loop->run_once(1000));
            REQUIRE(SteadyClock::now() - begin < kLongestRound);
            for (HttpClient* client : clients) {
                client->receive();
            }
        }
        REQUIRE(condition());
    }
    void await(HttpClient& client) const {
        run_until({&client}, [&client] { return client.has_response() || client.ended(); });
    }
    void run_for(milliseconds time) const {
        const auto deadline = SteadyClock::now() + time;
        run_until({}, [deadline] { return SteadyClock::now() >= deadline; });
    }
    // The response to what one client sends.
    HttpClient ask(const std::string& text) const {
        HttpClient client = connect();
        client.send(text);
        await(client);
        return client;
    }

    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<HttpServer> server;
};

std::string head(const std::string& request_line, const std::string& more = "") {
    return request_line + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n";
}

std::size_t threads() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("http: one connection gets the responses to many requests") {
    const Site site;
    HttpClient client = site.connect();
    for (int i = 0; i < 3; ++i) {
        client.clear();
        client.get("/short");
        site.await(client);
        CHECK(client.status() == 200);
        CHECK(client.body() == "abc");
    }
    CHECK(client.has_header("Content-Type: text/css"));
    CHECK(client.has_header("X-Own: 1"));
    CHECK(client.has_header("X-Content-Type-Options: nosniff"));
    CHECK(client.has_header("Cross-Origin-Resource-Policy: same-origin"));
    CHECK(client.has_header("Cache-Control: no-store"));
    CHECK_FALSE(client.ended());
    CHECK(site.server->connections() == 1);
    client.close();
    site.run_until({}, [&site] { return site.server->connections() == 0; });
}

TEST_CASE("http: HEAD gets the headers alone, an unknown path 404") {
    const Site site;
    HttpClient client = site.connect();
    client.send(head("HEAD /short"));
    site.run_until({&client}, [&client] { return client.text().find("\r\n\r\n") != std::string::npos; });
    CHECK(client.status() == 200);
    CHECK(client.has_header("Content-Length: 3"));
    site.run_for(milliseconds(20));
    client.receive();
    CHECK(client.body().empty());
    CHECK(site.ask(head("GET /other")).status() == 404);
    CHECK(site.ask(head("GET /short/")).status() == 404);
    CHECK(site.ask(head("GET /short%00/x")).status() == 404);
    CHECK(site.ask(head("GET /%73hort")).status() == 200);
}

TEST_CASE("http: a handler gets decoded arguments, and headers in any case") {
    const Site site;
    CHECK(site.ask(head("GET /echo?b=1&a=x%20%26y", "X-B: two\r\n")).body() == "x &y|two");
    CHECK(site.ask(head("GET /echo")).body() == "|");
}

TEST_CASE("http: other methods and bodies are refused, and the connection ends") {
    const Site site;
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", "X"}) {
        HttpClient client = site.ask(head(std::string(method) + " /short"));
        INFO(method);
        CHECK(client.status() == 405);
        CHECK(client.has_header("Allow: GET, HEAD"));
        site.run_until({&client}, [&client] { return client.ended(); });
    }
    for (const char* body : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 99999999999\r\n"}) {
        HttpClient client = site.ask(head("GET /short", body) + "GET /short HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        INFO(body);
        CHECK(client.status() == 413);
        site.run_until({&client}, [&client] { return client.ended(); });
        CHECK(client.text().find("abc") == std::string::npos);
    }
}

TEST_CASE("http: a request of another web page or for another host is refused") {
    const Site site;
    const auto status = [&site](const std::string& headers) { return site.ask("GET /short HTTP/1.1\r\n" + headers + "\r\n").status(); };
    CHECK(status("Host: localhost:" + std::to_string(site.server->address().port) + "\r\n") == 200);
    CHECK(status("Host: evil.example\r\n") == 421);
    CHECK(status("Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n") == 403);
    CHECK(status("Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n") == 200);
    CHECK(status("Host: 127.0.0.1\r\nHost: evil.example\r\n") == 400);
    CHECK(status("X-No-Host: 1\r\n") == 400);
}

TEST_CASE("http: a request that exceeds the size of headers is refused, and others are served") {
    const Site site;
    for (const std::string& text : {head("GET /short", "X-Long: " + std::string(kMaxHttpHeaderBytes, 'x') + "\r\n"),
                                    head("GET /" + std::string(kMaxHttpHeaderBytes, 'x')), std::string(4 * kMaxHttpHeaderBytes, 'x')}) {
        HttpClient client = site.connect();
        client.send(text);
        site.run_until({&client}, [&client] { return client.ended(); });
        CHECK(client.status() != 200);
    }
    CHECK(site.ask(head("GET /short", "X-Fits: " + std::string(kMaxHttpHeaderBytes / 4, 'x') + "\r\n")).status() == 200);
}

TEST_CASE("http: a client that sends half a request is dropped, and delays no other") {
    const Site site({1, 60'000'000});
    HttpClient half = site.connect();
    half.send("GET /short HTTP/1.1\r\nHost: 127.");
    HttpClient silent = site.connect();
    HttpClient other = site.connect();
    other.get("/short");
    site.await(other);
    CHECK(other.status() == 200);
    site.run_until(
        {&half, &silent}, [&] { return half.ended() && silent.ended(); }, std::chrono::seconds(5));
    CHECK(half.status() != 200);
}

TEST_CASE("http: a client that sends a byte now and then is dropped after the time of an exchange") {
    const Site site({60, 500'000});
    HttpClient slow = site.connect();
    slow.send("GET /short HTTP/1.1\r\nX: ");
    const auto begin = SteadyClock::now();
    for (auto last = begin; !slow.ended();) {
        site.run_until({&slow}, [&] { return slow.ended() || SteadyClock::now() - last > milliseconds(10); });
        last = SteadyClock::now();
        slow.send("x");
    }
    CHECK(SteadyClock::now() - begin >= milliseconds(450));
    CHECK(SteadyClock::now() - begin < milliseconds(3000));
    CHECK(site.server->connections() == 0);
}

TEST_CASE("http: a client that reads a long response slowly is dropped too") {
    const Site site({60, 500'000});
    HttpClient slow = site.connect();
    slow.get("/long");
    site.run_until({}, [&] {
        slow.receive(1000);
        return site.server->connections() == 0 && !slow.text().empty();
    });
    site.run_until({&slow}, [&slow] { return slow.ended(); });
    CHECK_FALSE(slow.has_response());
}

TEST_CASE("http: a response larger than the socket's buffer arrives whole, in pieces, while others are served") {
    const Site site;
    HttpClient reader = site.connect();
    reader.get("/long");
    site.run_until({&reader}, [&reader] { return !reader.text().empty(); });
    HttpClient other = site.connect();
    other.get("/short");
    site.await(other);
    CHECK(other.status() == 200);
    CHECK_FALSE(reader.has_response());
    site.await(reader);
    CHECK(reader.body() == std::string(20'000'000, 'x'));
    CHECK(site.ask(head("GET /too-long")).status() == 500);
}

TEST_CASE("http: a client that goes in the middle of a response harms nothing") {
    const Site site;
    HttpClient gone = site.connect();
    gone.get("/long");
    site.run_until({}, [&gone] {
        gone.receive(1000);
        return !gone.text().empty();
    });
    gone.close();
    site.run_until({}, [&site] { return site.server->connections() == 0; });
    CHECK(site.ask(head("GET /short")).status() == 200);
}

TEST_CASE("http: connections of one address are limited, those of others are not affected") {
    const Site site;
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < kMaxHttpConnectionsPerIp; ++i) {
        clients.push_back(site.connect());
    }
    site.run_until({}, [&site] { return site.server->connections() == kMaxHttpConnectionsPerIp; });
    HttpClient over = site.connect();
    site.run_until({&over}, [&over] { return over.ended(); });
    HttpClient other = site.connect("127.0.0.2");
    other.get("/short");
    site.await(other);
    CHECK(other.status() == 200);
}

TEST_CASE("http: above the limit of connections, clients wait until one ends") {
    const Site site;
    std::vector<HttpClient> clients;
    for (std::size_t i = 0; i < kMaxHttpConnections; ++i) {
        clients.push_back(site.connect(i < kMaxHttpConnectionsPerIp ? "127.0.0.2" : "127.0.0.3"));
    }
    site.run_until({}, [&site] { return site.server->connections() == kMaxHttpConnections; });
    HttpClient waiting = site.connect();
    waiting.get("/short");
    site.run_for(milliseconds(50));
    waiting.receive();
    CHECK(waiting.text().empty());
    CHECK_FALSE(waiting.ended());
    clients.pop_back();
    site.await(waiting);
    CHECK(waiting.status() == 200);
}

TEST_CASE("http: without a free descriptor, clients wait and the loop sleeps") {
    const Site site;
    HttpClient waiting = site.connect();
    waiting.get("/short");
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
    const rlimit none{3, old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    int rounds = 0;
    const auto deadline = SteadyClock::now() + milliseconds(300);
    while (SteadyClock::now() < deadline) {
        static_cast<void>(site.loop->run_once(100'000));
        ++rounds;
    }
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &old) == 0);
    CHECK(rounds < 20);
    CHECK(site.server->connections() == 0);
    site.await(waiting);
    CHECK(waiting.status() == 200);
}

TEST_CASE("http: the server starts no thread, and ends with open connections") {
    const std::size_t before = threads();
    Site site;
    HttpClient client = site.connect();
    client.get("/long");
    site.run_until({}, [&client] {
        client.receive(1000);
        return !client.text().empty();
    });
    CHECK(threads() == before);
    site.server.reset();
    while (!client.ended()) {
        client.receive();
    }
    CHECK_FALSE(client.has_response());
}

TEST_CASE("http: a Unix socket has mode 0600, replaces a stale one and goes with the server") {
    const test::TempDir dir;
    const std::string path = dir.path() + "/http.sock";
    const config::ListenAddress address{path, {}, 0};
    {
        // The file of a process that was killed.
        auto killed = ListeningSocket::at_path(path, 1);
        REQUIRE(killed);
        std::filesystem::rename(path, path + ".kept");
    }
    std::filesystem::rename(path + ".kept", path);
    {
        const Site site({}, address);
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0600);
        HttpClient client = HttpClient::at_path(path);
        client.get("/short");
        site.await(client);
        CHECK(client.body() == "abc");
        const auto second = HttpServer::create(*site.loop, address);
        REQUIRE_FALSE(second);
        CHECK(second.error().code() == Code::kExists);
    }
    CHECK_FALSE(std::filesystem::exists(path));
    std::ofstream(path) << "not a socket";
    const auto loop = EventLoop::create();
    CHECK_FALSE(HttpServer::create(**loop, address));
    CHECK(std::filesystem::file_size(path) == 12);
}

TEST_CASE("http: an address that is not there or in use is an error") {
    const Site site;
    CHECK_FALSE(HttpServer::create(*site.loop, site.server->address()));
    CHECK_FALSE(HttpServer::create(*site.loop, {{}, IpAddress::v4({192, 0, 2, 1}), 0}));
}

}  // namespace namegate::daemon
