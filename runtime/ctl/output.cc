// SPDX-License-Identifier: Apache-2.0
#include "ctl/output.h"

#include <cstddef>

#include "ctl/printable.h"

namespace namegate::ctl {

int fail(const Environment& environment, ExitCode code, std::string_view message) {
    for (;;) {
        const std::size_t end = message.find('\n');
        environment.err << "namegatectl: " << printable(message.substr(0, end)) << '\n';
        if (end == std::string_view::npos) {
            return code;
        }
        message.remove_prefix(end + 1);
    }
}

void print_json(const Context& context, const control::Json& json) {
    std::string text = json.dump(2, ' ', true, control::Json::error_handler_t::replace);
    // DEL is the one control character that JSON leaves alone.
    for (std::size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at)) {
        text.replace(at, 1, "\\u007f");
    }
    context.out() << text << '\n';
}

}  // namespace namegate::ctl
