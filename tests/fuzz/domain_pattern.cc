// SPDX-License-Identifier: Apache-2.0
//
// Domain patterns: a pattern in the first line, a name in the rest. The result is that of the plain reading of D5 to D7.
#include "policy/model/domain_pattern.h"

#include <algorithm>
#include <cctype>

#include "fuzz/target.h"

using namespace namegate;

namespace {

using Labels = std::vector<std::string>;

// Nothing for input that is not a name.
Labels labels_of(std::string_view name) {
    if (!name.empty() && name.back() == '.') {
        name.remove_suffix(1);
    }
    Labels out(1);
    for (const char c : name) {
        if (c == '.') {
            out.emplace_back();
        } else {
            out.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return std::any_of(out.begin(), out.end(), [](const std::string& label) { return label.empty(); }) ? Labels() : out;
}

// One `*` stands for one or more labels.
bool plainly_matches(const Labels& pattern, const Labels& name) {
    const auto star = std::find(pattern.begin(), pattern.end(), "*");
    if (star == pattern.end()) {
        return pattern == name;
    }
    return name.size() >= pattern.size() && std::equal(pattern.begin(), star, name.begin()) &&
           std::equal(pattern.rbegin(), std::make_reverse_iterator(star + 1), name.rbegin());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view name = input.substr(std::min(end + 1, input.size()));
    if (const auto normal = policy::normalise_name(name)) {
        const auto again = policy::normalise_name(*normal);
        fuzz::require(again && *again == *normal, "a normal name stays as it is");
        fuzz::require(normal->size() <= policy::kMaxNameLength, "names are bounded");
    }
    const auto pattern = policy::DomainPattern::parse(input.substr(0, end));
    if (!pattern) {
        fuzz::require(!pattern.error().message().empty(), "an error has a message");
        return 0;
    }
    const auto again = policy::DomainPattern::parse(pattern->text());
    fuzz::require(again && *again == *pattern && again->kind() == pattern->kind(), "the canonical text is the same pattern");
    const Labels labels = labels_of(name);
    if (!labels.empty() && name.find('\\') == std::string_view::npos) {
        fuzz::require(pattern->matches(name) == plainly_matches(labels_of(pattern->text()), labels), "a pattern matches whole labels");
    }
    return 0;
}
