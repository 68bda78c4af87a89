// SPDX-License-Identifier: Apache-2.0
//
// One entry of a `ports` list, as text in quotes, and as a plain YAML scalar.
#include "fuzz/target.h"
#include "policy/documents/cursor.h"
#include "policy/documents/decode_leaf.h"

using namespace namegate;

namespace {

void check(const char* file, const std::string& content) {
    policy::ParseOutcome outcome = policy::parse_documents(file, content);
    // The shape of the rule refuses lists and maps before this.
    if (!outcome.problems.empty() || outcome.documents.empty() || !outcome.documents.front().is_scalar()) {
        return;
    }
    policy::DecodeContext context{file, {}, {}};
    const auto port = policy::decode_port({context, outcome.documents.front()});
    fuzz::require(port.has_value() == context.problems.empty(), "the result is either a port or a problem");
    if (port && port->name.empty()) {
        fuzz::require(port->low >= 1 && port->low <= port->high, "V2: lo <= hi, from 1");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    std::string quoted = "\"";
    for (const char c : text) {
        constexpr const char* kDigits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || c == '"' || c == '\\') {
            quoted += std::string("\\u00") + kDigits[byte >> 4U] + kDigits[byte & 15U];
        } else {
            quoted += c;
        }
    }
    check("port.json", quoted + "\"");
    check("port.yaml", std::string(text));
    return 0;
}
