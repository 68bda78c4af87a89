// SPDX-License-Identifier: Apache-2.0
#include "ctl/watch.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/printable.h"

namespace namegate::ctl {

namespace {

constexpr const char* kHome = "\033[H";
constexpr const char* kClearLine = "\033[K";
constexpr const char* kClearRest = "\033[J";

std::string listing(const Context& context, const std::function<int(const Context&)>& once) {
    std::ostringstream text;
    Environment inner{text,
                      text,
                      context.environment.colour,
                      context.environment.ask,
                      context.environment.follow,
                      context.environment.run_program,
                      context.environment.screen};
    once(Context{context.arguments, inner});
    return text.str();
}

std::string heading_of(const Arguments& arguments) {
    std::string out = "every " + std::to_string(arguments.watch_seconds) + " s: " + arguments.command;
    for (const std::string& operand : arguments.operands) {
        out += " " + printable(operand);
    }
    return out;
}

// Overwrites line by line, so that nothing flickers. A line wider than the terminal takes two, and so do tables that do not fit.
void redraw(std::ostream& out, const std::string& heading, const std::string& text, std::size_t rows) {
    std::istringstream in(heading + "\n\n" + text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    const std::size_t room = rows == 0 ? lines.size() : rows - 1;
    const std::size_t shown = lines.size() <= room ? lines.size() : room - std::min<std::size_t>(room, 1);
    out << kHome;
    for (std::size_t i = 0; i < shown; ++i) {
        out << lines[i] << kClearLine << '\n';
    }
    if (shown < lines.size()) {
        out << "(" << lines.size() - shown << " more lines)" << kClearLine << '\n';
    }
    out << kClearRest << std::flush;
}

}  // namespace

int run_watch(const Context& context, const std::function<int(const Context&)>& once) {
    for (bool first = true;; first = false) {
        const std::string text = listing(context, once);
        const Screen screen = context.environment.screen ? context.environment.screen() : Screen{};
        if (screen.columns != 0 && !context.json()) {
            context.out() << (first ? "\033[2J" : "");
            redraw(context.out(), heading_of(context.arguments), text, screen.rows);
        } else {
            context.out() << (first || context.json() ? "" : "\n") << text << std::flush;
        }
        if (!context.out() || !context.environment.wait || !context.environment.wait(context.arguments.watch_seconds)) {
            return kYes;
        }
    }
}

}  // namespace namegate::ctl
