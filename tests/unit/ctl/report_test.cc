// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "ctl/report/bug_report.h"
#include "ctl/report/redact.h"
#include "ctl/report/run_program.h"
#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using namespace namegate::ctl;
using api::Json;
using Catch::Contains;
using test::Called;
using test::Ctl;

namespace {

constexpr const char* kPlanted = "hunter2";
constexpr const char* kPlantedWeb = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
constexpr std::size_t kMuch = std::size_t{32} * 1024 * 1024;

// A node with a secret at every place where one may stand.
class Node {
  public:
    Node() {
        std::filesystem::create_directories(folder_.path() + "/run/endpoints");
        std::ofstream(config()) << "# the key is hunter2\nstateDir: " << folder_.path() << "/run\ncacheDir: " << folder_.path()
                                << "/var\nbpffsDir: " << folder_.path() << "/bpf\npolicyDirs: [" << folder_.path()
                                << "/p]\napiToken: hunter2\nmore: {deep: [hunter2]}\nblock: |\n  hunter2\n";
        std::ofstream(folder_.path() + "/run/endpoints/one.json") << R"({"podName": "web", "annotations": {"note": "hunter2"}})";
        std::ofstream(folder_.path() + "/run/endpoints/bad.json") << R"({"podName": hunter2)";
        ctl.reply = Json{{{"endpoint", "shop/web"},
                          {"interface", "ng1"},
                          {"annotations", {{"password", "hunter2"}, {"note", "hunter2"}}},
                          {"labels", {{"api-token", "hunter2"}, {"app", "web"}}},
                          {"error", "https://me:hunter2@host is not known; token: hunter2"}}};
        ctl.run_program = [](const std::vector<std::string>& words, unsigned, std::size_t) -> Result<std::string> {
            return words.front() + "\nAuthorization: Bearer hunter2\npassword=hunter2\n" + kPlantedWeb +
                   "\n-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\nlast line\n";
        };
    }
    std::string config() const { return folder_.path() + "/namegate.yaml"; }
    std::string report() const { return folder_.path() + "/report.tar.gz"; }
    Called make() const { return ctl({"bug-report", "--config", config(), "-o", report()}); }

    // The content of each file of the report, unpacked by tar.
    std::map<std::string, std::string> unpacked() const {
        const std::string to = folder_.path() + "/unpacked";
        std::filesystem::remove_all(to);
        std::filesystem::create_directory(to);
        const auto ran = run_program({"tar", "-xzf", report(), "-C", to, "--strip-components=1"}, 10'000, 4096);
        REQUIRE(ran);
        INFO(*ran);
        std::map<std::string, std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator(to)) {
            out[entry.path().filename().string()] = read_file(entry.path().string(), kMuch).value();
        }
        return out;
    }

    Ctl ctl;

  private:
    test::TempDir folder_;
};

}  // namespace

TEST_CASE("a bug report has every file, and its document says so") {
    const Node node;
    const Called called = node.make();
    CHECK(called.code == 0);
    CHECK_THAT(called.out, Catch::StartsWith(node.report() + ": "));
    CHECK((std::filesystem::status(node.report()).permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const auto files = node.unpacked();
    const std::string document = read_file(NAMEGATE_BUG_REPORT_DOCUMENT, kMuch).value();
    CHECK(files.size() == kReportFiles.size());
    for (const ReportFile& file : kReportFiles) {
        INFO(file.name);
        CHECK(files.count(std::string(file.name)) == 1);
        CHECK_THAT(document, Contains("| `" + std::string(file.name) + "` | " + std::string(file.content) + " |\n"));
    }
    CHECK_THAT(files.at("settings.json"), Contains("/run\"") && Contains("\"(unknown keys)\": 3"));
    CHECK_THAT(files.at("records.json"), Contains("\"web\"") && Contains("\"note\": \"(removed)\""));
    CHECK_THAT(files.at("endpoints.json"), Contains("\"app\": \"web\""));
    CHECK_THAT(files.at("files.txt"), Contains("/run/endpoints/one.json\n"));
    CHECK_THAT(files.at("bpf-maps.txt"), Catch::StartsWith("bpftool\n") && Catch::EndsWith("last line\n"));
}

TEST_CASE("no secret is in a bug report") {
    const Node node;
    REQUIRE(node.make().code == 0);
    for (const auto& [name, content] : node.unpacked()) {
        INFO(name << "\n" << content);
        CHECK_THAT(content, !Contains(kPlanted) && !Contains(kPlantedWeb));
    }
    // A file that does not parse is left out as a whole.
    std::ofstream(node.config()) << "stateDir: [hunter2\n";
    REQUIRE(node.make().code == 0);
    CHECK_THAT(node.unpacked().at("settings.json"), !Contains(kPlanted) && Contains("does not parse"));
}

TEST_CASE("a bug report without a daemon and without programs has the reasons") {
    Node node;
    node.ctl.reply = sys_error("no daemon listens on /x", 2);
    node.ctl.run_program = [](const std::vector<std::string>& words, unsigned, std::size_t) -> Result<std::string> {
        return Error(Code::kNotFound, "there is no program " + words.front());
    };
    CHECK(node.make().code == 0);
    const auto files = node.unpacked();
    CHECK_THAT(files.at("status.json"), Contains("no daemon listens on /x"));
    CHECK(files.at("journal.txt") == "there is no program journalctl\n");
    CHECK_THAT(files.at("records.json"), Contains("\"web\""));
}

TEST_CASE("a bug report is bounded") {
    Node node;
    node.ctl.reply = Json{{"text", std::string(kMuch, 'x')}};
    node.ctl.run_program = [](const std::vector<std::string>&, unsigned, std::size_t) { return std::string(kMuch, 'y') + "\nend\n"; };
    CHECK(node.make().code == 0);
    const auto files = node.unpacked();
    for (const auto& [name, content] : files) {
        INFO(name);
        CHECK(content.size() <= kMaxReportFileBytes);
    }
    CHECK_THAT(files.at("status.json"), Catch::EndsWith("(cut)\n"));
    CHECK_THAT(files.at("journal.txt"), Catch::StartsWith("(cut)\n") && Catch::EndsWith("end\n"));
}

TEST_CASE("what cannot be written is an error") {
    const Node node;
    const Called called = node.ctl({"bug-report", "--config", node.config(), "-o", "/nonexistent/x.tar.gz"});
    CHECK(called.code == 2);
    CHECK_THAT(called.err, Contains("/nonexistent"));
}

TEST_CASE("what is no secret stays") {
    for (const char* text : {"Allow to domains api.weather.com", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                             "/etc/namegate/policies.d/weather.yaml:10", "default.allow-egress-to-a-very-long-policy-name-of-a-team[1]",
                             "2001:db8:1234:5678:9abc:def0:1234:5678", "the token of a word", "line\n"}) {
        CHECK(redact_text(text) == text);
    }
    CHECK(redact_text("AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+=") == kRemoved);
    CHECK(redact_text("https://host/path") == "https://host/path");
    CHECK_FALSE(names_secret("policyDirs"));
    CHECK(names_secret("bearerTokenFile"));
    CHECK(redact_json({{"tokens", 3}})["tokens"] == 3);
}

TEST_CASE("programs have a limit of time and of output") {
    CHECK(run_program({"echo", "a b"}, 5'000, 100).value() == "a b\n");
    CHECK(run_program({"sh", "-c", "echo wrong >&2"}, 5'000, 100).value() == "wrong\n");
    CHECK(run_program({"cat"}, 5'000, 100).value().empty());
    CHECK(run_program({"yes"}, 5'000, 100).value().size() == 100);
    CHECK(run_program({"sleep", "100"}, 50, 100).error().code() == Code::kTryAgain);
    CHECK(run_program({"no-such-program"}, 50, 100).error().code() == Code::kNotFound);
}
