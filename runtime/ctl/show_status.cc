// SPDX-License-Identifier: Apache-2.0
#include "ctl/printable.h"
#include "ctl/reply.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "ctl/wrap.h"

namespace namegate::ctl {

using api::Json;

namespace {

constexpr std::size_t kValueColumn = 11;

void print_line(const Context& context, std::string_view name, const std::string& value) {
    if (value.empty()) {
        return;
    }
    std::string begin = std::string(name) + std::string(name.size() < kValueColumn ? kValueColumn - name.size() : 1, ' ');
    const std::size_t room = context.width() > 2 * kValueColumn ? context.width() - kValueColumn : std::string::npos;
    for (const std::string& line : wrap_text(printable(value), room)) {
        context.out() << begin << line << '\n';
        begin.assign(kValueColumn, ' ');
    }
}

void print_counts(const Context& context, std::string_view name, const Json& counts) {
    std::string text;
    if (counts.is_object()) {
        for (const auto& count : counts.items()) {
            text += (text.empty() ? "" : ", ") + text_of(count.value()) + " " + count.key();
        }
    }
    print_line(context, name, text);
}

void print_counters(const Context& context, const Json& counters) {
    Table table({"COUNTER", "VALUE"});
    if (counters.is_object()) {
        for (const auto& counter : counters.items()) {
            table.add({counter.key(), text_of(counter.value())});
        }
    }
    if (!table.empty()) {
        context.out() << '\n';
        table.print(context.out(), context.width());
    }
}

void print_files(const Context& context, const Json& files) {
    Table table({"FILE", "LOADED", "IN FORCE", "SINCE", "RESOURCES"});
    std::vector<std::string> problems;
    if (files.is_array()) {
        for (const Json& file : files) {
            table.add({text_of(file, "path"), text_of(file, "loaded"), text_of(file, "inForce"), text_of(file, "since"),
                       text_of(file, "resources")});
            for (const Json& problem : member(file, "problems")) {
                problems.push_back(text_of(problem));
            }
        }
    }
    if (table.empty()) {
        print_line(context, "files", "none");
        return;
    }
    context.out() << '\n';
    table.print(context.out(), context.width());
    if (!problems.empty()) {
        context.out() << '\n';
    }
    for (const std::string& problem : problems) {
        context.out() << printable(problem) << '\n';
    }
}

}  // namespace

ExitCode status_code(const Json& result) { return is_true(result, "healthy") ? kYes : kNo; }

// The trusted servers, each with the source that names it if the daemon sends that.
std::string servers_text(const Json& result) {
    const Json& named = member(result, "trustedServersNamedBy");
    if (!named.is_array()) {
        return joined(member(result, "trustedServers"), ", ");
    }
    std::string out;
    for (const Json& one : named) {
        out += (out.empty() ? "" : ", ") + text_of(one, "server") + " (" + text_of(one, "namedBy") + ")";
    }
    return out;
}

void show_status(const Context& context, const Json& result) {
    print_line(context, "daemon", text_of(result, "version") + ", up " + duration_text(number_of(result, "uptimeSeconds")));
    print_line(context, "healthy", is_true(result, "healthy") ? "yes" : "no");
    if (const Json& degraded = member(result, "degraded"); degraded.is_array()) {
        for (const Json& item : degraded) {
            print_line(context, "degraded", text_of(item));
        }
    }
    if (const Json& warnings = member(result, "warnings"); warnings.is_array()) {
        for (const Json& item : warnings) {
            print_line(context, "warning", text_of(item));
        }
    }
    print_counts(context, "endpoints", member(result, "endpoints"));
    print_line(context, "dns", servers_text(result));
    print_line(context, "folders", joined(member(result, "folders"), ", "));
    print_line(context, "pins", text_of(result, "pins"));
    print_files(context, member(result, "files"));
    print_counters(context, member(result, "counters"));
}

}  // namespace namegate::ctl
