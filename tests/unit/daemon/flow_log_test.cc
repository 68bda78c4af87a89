// SPDX-License-Identifier: Apache-2.0
//
// The flow log: its lines, and what becomes of them when the disk is full, slow or failing, when files are rotated, and after a crash.
#include "daemon/flow_log/flow_log.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/config.h"
#include "daemon/flow_log/ecs_line.h"
#include "daemon/flow_log/open_flow_log.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::daemon;
using namespace namegate::test;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kPath = "/log/flows.jsonl";

class SlowClock final : public Clock {
  public:
    std::uint64_t boot_ns() const override { return now_ns; }
    std::int64_t wall_seconds() const override { return 1'700'000'000 + static_cast<std::int64_t>(now_ns / 1'000'000'000); }

    std::uint64_t now_ns = 1'000'000'000'000;
};

// A disk in memory of limited size, whose writes take time.
class MemoryDisk final : public LogDisk {
  public:
    explicit MemoryDisk(SlowClock& clock) : clock_(clock) {}

    std::size_t room = SIZE_MAX;
    int failure = 0;  // of every write
    std::uint64_t write_takes_ns = 0;
    std::map<std::string, std::shared_ptr<std::string>> names;
    std::map<std::string, std::int64_t> created;

    std::string content(const std::string& path) const { return names.contains(path) ? *names.at(path) : "none"; }

    Result<std::unique_ptr<LogFile>> open(const std::string& path) override {
        auto& content = names[path];
        if (content == nullptr) {
            content = std::make_shared<std::string>();
            created[path] = clock_.wall_seconds();
        }
        return std::unique_ptr<LogFile>(std::make_unique<File>(*this, content, created[path]));
    }
    Result<FileIdentity> identity(const std::string& path) override {
        if (!names.contains(path)) {
            return sys_error("stat", ENOENT);
        }
        return identity_of(*names.at(path));
    }
    Result<> rename(const std::string& from, const std::string& to) override {
        if (names.contains(from)) {
            names[to] = names.at(from);
            created[to] = created[from];
            names.erase(from);
        }
        return ok();
    }
    Result<> remove(const std::string& path) override {
        names.erase(path);
        return ok();
    }

  private:
    static FileIdentity identity_of(const std::string& content) { return {1, reinterpret_cast<std::uintptr_t>(&content)}; }

    class File final : public LogFile {
      public:
        File(MemoryDisk& disk, std::shared_ptr<std::string> content, std::int64_t created) : disk_(disk), content_(std::move(content)) {
            state_ = {identity_of(*content_), content_->size(), created, !content_->empty() && content_->back() != '\n'};
        }
        const State& state() const override { return state_; }
        Result<std::size_t> write(std::string_view text) override {
            disk_.clock_.now_ns += disk_.write_takes_ns;
            if (disk_.failure != 0 || disk_.room == 0) {
                return sys_error("write", disk_.failure != 0 ? disk_.failure : ENOSPC);
            }
            const std::size_t bytes = std::min(text.size(), disk_.room);
            content_->append(text.substr(0, bytes));
            disk_.room -= disk_.room == SIZE_MAX ? 0 : bytes;
            return bytes;
        }

      private:
        MemoryDisk& disk_;
        std::shared_ptr<std::string> content_;
        State state_;
    };

    SlowClock& clock_;
};

endpoints::Record record(const std::string& pod = "weather") {
    endpoints::Record out;
    out.id = 7;
    out.container_id = "c7";
    out.host_ifname = "ng0";
    out.pod_namespace = "default";
    out.pod_name = pod;
    out.addresses = {*IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::1"), *IpAddress::parse("fd00::2")};
    return out;
}

Event packet_event(EventKind kind = EventKind::kDenied, const std::string& name = "evil.test") {
    Event event;
    event.kind = kind;
    event.time = "2026-01-02T03:04:05.678Z";
    event.endpoint = EventEndpoint{7, "default/weather", "default", "weather", "ng0"};
    event.reason = kind == EventKind::kDenied ? "denied" : "";
    event.detail = EventPacket{false, 6, *IpAddress::parse("192.0.2.1"), 443, 50000, "default", "default.allow[1]", {"a.test", name}};
    return event;
}

Event ended_event() {
    Event event = packet_event(EventKind::kFlowEnded);
    std::get<EventPacket>(event.detail).tls_name = "api.test";
    event.detail = EventFlow{*event.packet(), "2026-01-02T03:04:04.000Z", 1'678'000'000, 10, 1000, 20, 2000, FlowEnding::kClosed};
    return event;
}

struct Log {
    explicit Log(RotationSettings file = {kPath, 1'000'000, 3, 0}, std::set<EventKind> kinds = {EventKind::kDenied, EventKind::kFlowEnded})
        : disk(clock), log({std::move(file), std::move(kinds), "node-1"}, disk, clock, counts, [this](std::uint32_t id) {
              ++described;
              return id == 7 && known ? std::optional(describe_endpoint(record(pod), {{"app", "weather"}})) : std::nullopt;
          }) {}

    // What happens in `seconds`.
    void pass(double seconds = 1.1) {
        clock.now_ns += static_cast<std::uint64_t>(seconds * 1e9);
        log.work();
        log.check_name();
    }
    std::vector<Json> lines(const std::string& path = kPath) const {
        std::vector<Json> out;
        std::istringstream in(disk.content(path));
        for (std::string line; std::getline(in, line);) {
            out.push_back(Json::parse(line, nullptr, false));
        }
        return out;
    }

    SlowClock clock;
    MemoryDisk disk;
    FlowLogCounts counts;
    bool known = true;
    std::string pod = "weather";
    int described = 0;
    FlowLog log;
};

Json line_of(const Event& event, const EndpointText* endpoint = nullptr) {
    std::string text;
    append_line(text, event, "node-1", endpoint);
    REQUIRE(text.ends_with("}\n"));
    return Json::parse(text);
}

}  // namespace

TEST_CASE("a flow that ended is a line in the names of the Elastic Common Schema") {
    const EndpointText endpoint = describe_endpoint(record(), {{"app", "weather"}, {"tier", "web"}});
    const Json line = line_of(ended_event(), &endpoint);
    CHECK(line == Json::parse(R"({
        "@timestamp": "2026-01-02T03:04:05.678Z", "ecs": {"version": "8.11.0"},
        "event": {"kind": "event", "action": "flow-ended", "module": "namegate", "dataset": "namegate.flow", "category": ["network"],
                  "type": ["connection", "end", "allowed"], "outcome": "success", "start": "2026-01-02T03:04:04.000Z",
                  "end": "2026-01-02T03:04:05.678Z", "duration": 1678000000},
        "host": {"name": "node-1"},
        "source": {"ip": "10.0.0.2", "port": 50000, "packets": 10, "bytes": 1000},
        "destination": {"ip": "192.0.2.1", "port": 443, "domain": "evil.test", "packets": 20, "bytes": 2000},
        "network": {"transport": "tcp", "iana_number": "6", "type": "ipv4", "direction": "egress", "packets": 30, "bytes": 3000},
        "tls": {"client": {"server_name": "api.test"}}, "rule": {"name": "default.allow[1]", "ruleset": "default"},
        "container": {"id": "c7"},
        "orchestrator": {"namespace": "default", "resource": {"type": "pod", "name": "weather", "label": ["app:weather", "tier:web"]}},
        "namegate": {"version": 1, "endpoint": {"id": 7, "name": "default/weather", "interface": "ng0"},
                     "names": ["a.test", "evil.test"], "end": "closed"}})"));
}

TEST_CASE("the source of a flow is the side that began it; ports only where there are some") {
    const EndpointText endpoint = describe_endpoint(record(), {});
    Event event = ended_event();
    auto& flow = std::get<EventFlow>(event.detail);
    flow.packet.ingress = true;
    flow.packet.protocol = 1;
    flow.packet.names.clear();
    const Json line = line_of(event, &endpoint);
    CHECK(line["source"] == Json{{"ip", "192.0.2.1"}, {"packets", 20}, {"bytes", 2000}});
    CHECK(line["destination"] == Json{{"ip", "10.0.0.2"}, {"packets", 10}, {"bytes", 1000}});
    CHECK(line["network"]["transport"] == "icmp");
    // The pod has two addresses of this family: the event does not say which one.
    flow.packet.remote = *IpAddress::parse("2001:db8::1");
    flow.packet.protocol = 200;
    const Json other = line_of(event, &endpoint);
    CHECK_FALSE(other["destination"].contains("ip"));
    CHECK(other["network"]["type"] == "ipv6");
    CHECK((!other["network"].contains("transport") && other["network"]["iana_number"] == "200"));
}

TEST_CASE("a DNS response and events of the node are lines too") {
    Event event = packet_event(EventKind::kDns);
    event.detail = EventResponse{*IpAddress::parse("192.0.2.53"), true, 1, 3, "x.test", 28, {*IpAddress::parse("2001:db8::1")}};
    const Json line = line_of(event);
    CHECK(line["dns"]["question"] == Json{{"name", "x.test"}, {"type", "AAAA"}});
    CHECK(line["dns"]["response_code"] == "NXDOMAIN");
    CHECK(line["dns"]["resolved_ip"] == Json{"2001:db8::1"});
    CHECK(line["destination"]["ip"] == "192.0.2.53");
    CHECK(line["namegate"]["dns"] == Json{{"opened", 1}, {"by", "kernel"}});
    auto& response = std::get<EventResponse>(event.detail);
    response.addresses.assign(1000, response.server);
    response.rcode.reset();
    CHECK_FALSE(line_of(event).contains("dns"));
    response.rcode = 0;
    CHECK(line_of(event)["dns"]["resolved_ip"].size() == kMaxLoggedAddresses);
    Event refused;
    refused.kind = EventKind::kPolicyRefused;
    refused.detail = EventText{"a.yaml: error", "/etc/a.yaml"};
    CHECK(line_of(refused)["message"] == "a.yaml: error");
    CHECK(line_of(refused)["file"]["path"] == "/etc/a.yaml");
    CHECK(line_of(refused)["event"]["category"] == Json{"configuration"});
}

TEST_CASE("a refused DNS query is a line with its question") {
    Event event = packet_event(EventKind::kDnsRefused);
    event.detail = EventQuery{*IpAddress::parse("2001:db8::53"), "evil.test", 16};
    const Json line = line_of(event);
    CHECK(line["event"]["outcome"] == "failure");
    CHECK(line["dns"] == Json{{"type", "query"}, {"question", Json{{"name", "evil.test"}, {"type", "TXT"}}}});
}

TEST_CASE("whatever bytes a name has, the line is one line of valid JSON") {
    const std::string hostile = std::string("a\"b\\c\nd\x01\x1b[2J\xff\xfe\xe2\x80\xae", 18) + std::string(1, '\0');
    Event event = packet_event(EventKind::kDenied, hostile);
    event.endpoint->name = hostile;
    std::get<EventPacket>(event.detail).rule = hostile;
    const EndpointText endpoint = describe_endpoint(record(hostile), {{hostile, hostile}});
    std::string text;
    append_line(text, event, hostile, &endpoint);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    CHECK(std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= 0x20 && c < 0x7f; }));
    const Json line = Json::parse(text);
    CHECK(line["destination"]["domain"].get<std::string>().starts_with("a\"b\\c\nd\x01\x1b[2J\\xff\\xfe\xe2\x80\xae"));
    CHECK(line["orchestrator"]["resource"]["name"].get<std::string>().starts_with("a\"b"));
}

TEST_CASE("the kinds that the configuration may have are those that exist") {
    std::set<EventKind> all;
    for (std::size_t i = 0; i < kEventKinds; ++i) {
        all.insert(static_cast<EventKind>(i));
    }
    CHECK(kinds_of({config::kFlowLogEvents.begin(), config::kFlowLogEvents.end()}) == all);
    CHECK(config::kFlowLogEvents.size() == kEventKinds);
    CHECK(kinds_of(config::FlowLog().events) == std::set{EventKind::kDenied, EventKind::kCut, EventKind::kFlowEnded});
}

TEST_CASE("the log has the chosen kinds, with what is known of the endpoint") {
    Log own;
    CHECK(own.log.wants(EventKind::kFlowEnded));
    CHECK_FALSE(own.log.wants(EventKind::kFlow));
    own.log.take(packet_event());
    own.log.take(ended_event());
    CHECK(own.disk.content(kPath) == "none");  // nothing is written before work()
    own.pass();
    REQUIRE(own.lines().size() == 2);
    CHECK(own.lines()[0]["orchestrator"]["resource"]["label"] == Json{"app:weather"});
    CHECK(own.described == 1);
    CHECK(own.counts.lines == 2);
    // New labels or another name: looked at again.
    Event changed = packet_event(EventKind::kEndpointAdded);
    changed.detail = EventText{"", ""};
    own.pod = "renamed";
    own.log.take(changed);
    own.log.take(packet_event());
    // A flow that ends after its pod.
    Event removed = changed;
    removed.kind = EventKind::kEndpointRemoved;
    own.log.take(removed);
    own.known = false;
    own.log.take(ended_event());
    own.pass();
    REQUIRE(own.lines().size() == 4);
    CHECK(own.lines()[2]["orchestrator"]["resource"]["name"] == "renamed");
    CHECK(own.lines()[3]["orchestrator"]["resource"]["name"] == "renamed");
}

TEST_CASE("a full disk: lines wait, the rest is counted, and the log says where it is missing") {
    Log own({kPath, 100'000'000, 3, 0});
    own.disk.room = 100;
    own.log.take(packet_event());
    own.pass();
    REQUIRE_FALSE(own.log.state());
    CHECK(own.log.state().error().message().find("No space left") != std::string::npos);
    CHECK(own.disk.content(kPath).size() == 100);
    std::size_t taken = 1;
    while (own.counts.lost == 0) {
        own.log.take(packet_event());
        ++taken;
    }
    own.log.take(packet_event());
    CHECK(own.counts.lost == 2);
    // Not every call tries again.
    own.disk.room = SIZE_MAX;
    own.log.work();
    CHECK(own.disk.content(kPath).size() == 100);
    own.pass();
    CHECK(own.log.state());
    own.log.take(packet_event());
    own.pass();
    std::size_t lost = 0;
    std::size_t good = 0;
    for (const Json& line : own.lines()) {
        REQUIRE(line.is_object());
        const bool is_lost = line["event"]["action"] == "lost";
        lost += is_lost ? line["namegate"]["lost"].get<std::size_t>() : 0;
        good += is_lost ? 0 : 1;
        // What came before the loss is complete, and what came after it follows.
        CHECK((!is_lost || good == taken - 1));
    }
    CHECK(lost == 2);
    CHECK(own.counts.lines == good + 1);
}

TEST_CASE("a disk that fails changes nothing but the counts") {
    Log own;
    own.disk.failure = EIO;
    for (int i = 0; i < 10; ++i) {
        own.log.take(packet_event());
        own.pass();
        CHECK_FALSE(own.log.state());
    }
    own.disk.failure = 0;
    own.pass();
    CHECK(own.log.state());
    CHECK(own.lines().size() == 10);
    CHECK(own.counts.lost == 0);
}

TEST_CASE("a slow disk takes at most a tenth of the time") {
    Log own;
    own.disk.write_takes_ns = 2'000'000'000;
    const std::uint64_t begin = own.clock.now_ns;
    std::uint64_t in_writes = 0;
    for (int i = 0; i < 200; ++i) {
        own.log.take(packet_event());
        const std::uint64_t before = own.clock.now_ns;
        own.log.work();
        in_writes += own.clock.now_ns - before;
        own.clock.now_ns += 1'000'000'000;
    }
    CHECK(in_writes * 9 <= own.clock.now_ns - begin);
    CHECK(own.lines().size() > 150);
}

TEST_CASE("files are rotated by size, between lines, and their number is limited") {
    Log own({kPath, 5000, 3, 0});
    for (int i = 0; i < 100; ++i) {
        own.log.take(packet_event());
        if (i % 7 == 0) {
            own.pass();
        }
    }
    own.pass();
    CHECK(own.disk.names.size() == 3);
    for (const char* end : {"", ".1", ".2"}) {
        const std::string content = own.disk.content(kPath + std::string(end));
        CHECK(content.size() <= 5000);
        CHECK(content.ends_with("}\n"));
        CHECK(content.starts_with("{"));
    }
    CHECK(own.disk.content(kPath + std::string(".1")).size() > 4000);
    CHECK(own.counts.lines == 100);
    CHECK(own.counts.lost == 0);
    // Fewer files than before: the others go.
    own.disk.names[kPath + std::string(".3")] = own.disk.names[kPath + std::string(".4")] = std::make_shared<std::string>("old\n");
    for (int i = 0; i < 20; ++i) {
        own.log.take(packet_event());
    }
    own.pass();
    CHECK(own.disk.names.size() == 3);
    Log one({kPath, 5000, 1, 0});
    for (int i = 0; i < 30; ++i) {
        one.log.take(packet_event());
    }
    one.pass();
    CHECK(one.disk.names.size() == 1);
    CHECK(one.disk.content(kPath).size() <= 5000);
}

TEST_CASE("a line that is larger than a file is written whole") {
    Log own({kPath, 100, 2, 0});
    own.log.take(packet_event());
    own.log.take(packet_event());
    own.pass();
    CHECK(own.lines().size() == 1);
    CHECK(own.lines(kPath + std::string(".1")).size() == 1);
}

TEST_CASE("files are rotated by age, but not while they are empty") {
    Log own({kPath, 1'000'000, 3, 3600});
    own.pass(10'000);
    own.log.take(packet_event());
    own.pass();
    CHECK(own.disk.names.size() == 1);
    own.log.take(packet_event());
    own.pass(3000);
    CHECK(own.disk.names.size() == 1);
    own.pass(1000);
    CHECK(own.disk.names.size() == 1);  // nothing to write
    own.log.take(packet_event());
    own.pass();
    CHECK(own.disk.names.size() == 2);
    CHECK(own.lines().size() == 1);
    CHECK(own.lines(kPath + std::string(".1")).size() == 2);
}

TEST_CASE("a half line that a crash left is ended before the next one") {
    Log own;
    own.disk.names[kPath] = std::make_shared<std::string>("{\"a\":1}\n{\"b");
    own.log.take(packet_event());
    own.pass();
    const auto lines = own.lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].is_object());
    CHECK_FALSE(lines[1].is_object());
    CHECK(lines[2].is_object());
}

TEST_CASE("another program renames the log: a new file begins, with whole lines") {
    Log own;
    own.log.take(packet_event());
    own.pass();
    REQUIRE(own.disk.rename(kPath, "/log/old"));
    own.log.check_name();
    own.log.take(packet_event());
    own.pass();
    CHECK(own.lines().size() == 1);
    CHECK(own.lines("/log/old").size() == 1);
    // While half a line is written: its rest does not begin the new file.
    own.disk.room = 100;
    own.log.take(packet_event());
    own.log.take(packet_event());
    own.pass();
    REQUIRE(own.disk.rename(kPath, "/log/older"));
    own.log.check_name();
    own.disk.room = SIZE_MAX;
    own.pass();
    const auto lines = own.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["event"]["action"] == "denied");
    CHECK(lines[1]["namegate"]["lost"] == 1);
    CHECK(own.counts.lost == 1);
}

TEST_CASE("the real disk: modes, links, folders of others, a half line") {
    const TempDir dir;
    LogDisk& disk = system_log_disk();
    const std::string path = dir.path() + "/logs/flows.jsonl";
    const mode_t mask = ::umask(0077);
    {
        const auto file = disk.open(path);
        REQUIRE(file);
        CHECK((*file)->state().size == 0);
        CHECK_FALSE((*file)->state().cut);
        CHECK(*(*file)->write("{\"a") == 3);
        CHECK((*file)->state().identity == *disk.identity(path));
    }
    ::umask(mask);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0640);
    CHECK((*disk.open(path))->state().cut);
    CHECK((*disk.open(path))->state().created > 1'700'000'000);
    CHECK(disk.rename(path + ".none", path + ".1"));
    CHECK(disk.remove(path + ".none"));
    CHECK(disk.identity(path + ".none").error().code() == Code::kNotFound);

    REQUIRE(::symlink(path.c_str(), (path + ".link").c_str()) == 0);
    CHECK(disk.open(path + ".link").error().message().find("symbolic link") != std::string::npos);
    REQUIRE(::mkfifo((path + ".fifo").c_str(), 0600) == 0);
    CHECK(disk.open(path + ".fifo").error().message().find("not a regular file") != std::string::npos);
    REQUIRE(::chmod((dir.path() + "/logs").c_str(), 0777) == 0);
    CHECK(disk.open(path).error().message().find("others than root") != std::string::npos);
    REQUIRE(::chmod((dir.path() + "/logs").c_str(), 01777) == 0);
    CHECK_FALSE(disk.open(path));
}
