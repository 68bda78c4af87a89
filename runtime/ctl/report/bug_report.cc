// SPDX-License-Identifier: Apache-2.0
#include "ctl/report/bug_report.h"

#include <sys/utsname.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "base/utc_text.h"
#include "config/config.h"
#include "ctl/reply.h"
#include "ctl/report/archive.h"
#include "ctl/report/list_files.h"
#include "ctl/report/redact.h"

namespace namegate::ctl {

namespace {

using api::Json;

constexpr unsigned kProgramMs = 10'000;
constexpr std::size_t kMaxOsRelease = 16 * 1024;
constexpr std::size_t kMaxRecordBytes = std::size_t{2} * 1024 * 1024;
constexpr std::size_t kMaxRecords = 65'536;

std::string text_of_json(const Json& json) { return ascii(json, 1) + "\n"; }

Json reason(const Error& error) { return {{"error", redact_text(error.message())}}; }

// A report file of at most kMaxReportFileBytes. The end of a log is worth more than its beginning.
std::string cut(std::string text, bool keep_end) {
    constexpr std::string_view kCut = "(cut)\n";
    if (text.size() <= kMaxReportFileBytes) {
        return text;
    }
    const std::size_t keep = kMaxReportFileBytes - kCut.size();
    return keep_end ? std::string(kCut) + text.substr(text.size() - keep) : text.substr(0, keep) + std::string(kCut);
}

class Report {
  public:
    explicit Report(const Context& context) : context_(context) {
        settings_ = settings();
        if (auto config = config::load_config(context.arguments.config_path)) {
            config_ = std::move(config).value();
        } else {
            // The folders that a file with mistakes names are still those of the daemon that runs.
            take(config_.state_dir, "stateDir");
            take(config_.cache_dir, "cacheDir");
            take(config_.bpffs_dir, "bpffsDir");
        }
        socket_ = context.arguments.socket.empty() ? config_.socket_path() : context.arguments.socket;
    }

    // The content of a file of kReportFiles.
    std::string content_of(std::string_view name) {
        if (name == "README") {
            return readme();
        }
        if (name == "version.txt") {
            return version();
        }
        if (name == "rules.json") {
            return text_of_json(rules());
        }
        if (name == "settings.json") {
            return text_of_json(settings_);
        }
        if (name == "records.json") {
            return text_of_json(records());
        }
        if (name == "files.txt") {
            return list_files({config_.state_dir, config_.cache_dir, config_.bpffs_dir}) + list_files(config_.policy_dirs);
        }
        if (name == "journal.txt") {
            return output_of({"journalctl", "--unit=namegated.service", "--lines=2000", "--no-pager", "--quiet"});
        }
        if (name.starts_with("bpf-")) {
            return output_of({"bpftool", name == "bpf-programs.txt" ? "prog" : name == "bpf-maps.txt" ? "map" : "link", "show"});
        }
        return text_of_json(redact_json(ask(std::string(name.substr(0, name.find('.')))).first));
    }

  private:
    void take(std::string& folder, const char* setting) const {
        if (const std::string text = text_of(settings_, setting); text.starts_with('/')) {
            folder = text;
        }
    }

    // The reply, or {error}; and whether it is a reply.
    std::pair<Json, bool> ask(const std::string& command, const Json& arguments = Json::object()) const {
        api::Request request;
        request.command = command;
        request.arguments = arguments;
        const auto reply = context_.environment.ask(socket_, request);
        return reply ? std::pair(*reply, true) : std::pair(reason(reply.error()), false);
    }

    std::string output_of(const std::vector<std::string>& words) const {
        if (!context_.environment.run_program) {
            return "not run\n";
        }
        const auto output = context_.environment.run_program(words, kProgramMs, 2 * kMaxReportFileBytes);
        return output ? redact_text(*output) : output.error().message() + "\n";
    }

    static std::string readme() {
        std::string out =
            "A report of namegate, made by `namegatectl bug-report`. Look through it before you pass it on: it has the names\n"
            "of pods, labels, policies, domains and addresses. What may be a secret was replaced by " +
            std::string(kRemoved) + ".\n\n";
        for (const ReportFile& file : kReportFiles) {
            out += std::string(file.name) + ": " + std::string(file.content) + "\n";
        }
        return out;
    }

    static std::string version() {
        utsname kernel{};
        ::uname(&kernel);
        return "namegatectl " NAMEGATE_VERSION "\n" + std::string(kernel.sysname) + " " + kernel.release + " " + kernel.version + " " +
               kernel.machine + "\n" + redact_text(read_file("/etc/os-release", kMaxOsRelease).value_or(""));
    }

    Json rules() const {
        const auto [endpoints, replied] = ask("endpoints");
        if (!replied || !endpoints.is_array()) {
            return endpoints;
        }
        Json out = Json::array();
        for (std::size_t i = 0; i < std::min(endpoints.size(), kMaxReportRecords); ++i) {
            out.push_back(redact_json(ask("policies", {{"endpoint", text_of(endpoints[i], "interface")}}).first));
        }
        return out;
    }

    Json settings() const {
        const std::string& path = context_.arguments.config_path;
        const auto content = read_file(path, config::kMaxConfigBytes);
        return content ? redact_settings(path, *content) : reason(content.error());
    }

    Json records() const {
        const auto names = list_directory(config_.records_dir(), kMaxRecords);
        if (!names) {
            return reason(names.error());
        }
        Json out = {{"records", names->size()}};
        std::size_t shown = 0;
        for (const std::string& name : *names) {
            if (!name.ends_with(".json") || shown++ == kMaxReportRecords) {
                continue;
            }
            const auto content = read_file(config_.records_dir() + "/" + name, kMaxRecordBytes);
            const auto parsed = content ? api::parse_json(*content) : Result<Json>(content.error());
            out[name] = parsed ? redact_json(*parsed) : reason(parsed.error());
        }
        return out;
    }

    const Context& context_;
    Json settings_;
    config::Config config_;
    std::string socket_;
};

}  // namespace

int run_bug_report(const Context& context) {
    const std::int64_t now = SystemClock().wall_seconds();
    const std::string name = "namegate-bug-report-" + format_utc(now, "%Y%m%dT%H%M%SZ");
    const std::string path = context.arguments.output_file.empty() ? name + ".tar.gz" : context.arguments.output_file;
    Report report(context);
    Archive archive(name, now);
    for (const ReportFile& file : kReportFiles) {
        if (const auto added = archive.add(file.name, cut(report.content_of(file.name), file.name == "journal.txt")); !added) {
            return fail(context.environment, kUsage, added.error().message());
        }
    }
    const auto content = archive.compressed();
    if (!content) {
        return fail(context.environment, kUsage, content.error().message());
    }
    if (const auto written = write_file_atomically(path, *content, 0600); !written) {
        return fail(context.environment, kUsage, written.error().message());
    }
    context.out() << path << ": " << (content->size() + 1023) / 1024 << " KiB; look through it before you pass it on\n";
    return kYes;
}

}  // namespace namegate::ctl
