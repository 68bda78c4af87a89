// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/subject.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "policy/model/system_labels.h"

namespace namegate::ctl {

namespace {

constexpr std::size_t kMaxExclusions = 16;
constexpr std::size_t kMaxNameLength = 40;
constexpr std::size_t kMaxNamespaceLength = 63;
// A pod with the next version would not be selected, and without a policy a pod is open.
constexpr std::array<std::string_view, 3> kOfVersions = {"app.kubernetes.io/version", "helm.sh/chart", "app.kubernetes.io/managed-by"};
// The policy is named by the first of these that the pods have.
constexpr std::array<std::string_view, 4> kNaming = {"app.kubernetes.io/name", "app", "k8s-app", "name"};

bool is_name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// "My App!" -> "my-app"
std::string as_name(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, kMaxNameLength)) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (is_name_character(c)) {
            out += c;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    while (!out.empty() && out.back() == '-') {
        out.pop_back();
    }
    return out.empty() ? "pods" : out;
}

bool is_namespace(std::string_view text) {
    return text.empty() || (text.size() <= kMaxNamespaceLength && is_name_character(text.front()) && is_name_character(text.back()) &&
                            std::all_of(text.begin(), text.end(), [](char c) { return is_name_character(c) || c == '-'; }));
}

// Empty: the label cannot be written in a selector.
std::string comparison(const std::string& key, const std::string& value) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f; });
    const char quote = value.find('\'') == std::string::npos ? '\'' : '"';
    if (!plain || value.find(quote) != std::string::npos) {
        return {};
    }
    std::string out = key + " == " + quote + value + quote;
    const auto selector = policy::Selector::parse(out);
    return selector && selector->matches({{key, value}}) ? out : std::string();
}

// Labels of other endpoints that these do not have, one for each set of labels that contains all of these.
std::set<std::string> exclusions(const Subject& subject, const std::vector<Subject>& all) {
    std::set<std::string> out;
    for (const Subject& other : all) {
        const bool wider = other.name_space == subject.name_space && other.labels.size() > subject.labels.size() &&
                           std::includes(other.labels.begin(), other.labels.end(), subject.labels.begin(), subject.labels.end());
        if (!wider || std::any_of(out.begin(), out.end(), [&](const std::string& key) { return other.labels.contains(key); })) {
            continue;
        }
        for (const auto& [key, value] : other.labels) {
            if (!subject.labels.contains(key) && policy::Selector::parse("!has(" + key + ")")) {
                out.insert(key);
                break;
            }
        }
        if (out.size() >= kMaxExclusions) {
            break;
        }
    }
    return out;
}

std::string selector_of(const Subject& subject, const std::vector<Subject>& all) {
    std::string out;
    for (const auto& [key, value] : subject.labels) {
        const std::string one = comparison(key, value);
        if (one.empty()) {
            return {};  // without this label others would be selected too
        }
        out += (out.empty() ? "" : " && ") + one;
    }
    if (out.empty() || !is_namespace(subject.name_space)) {
        return {};
    }
    for (const std::string& key : exclusions(subject, all)) {
        out += " && !has(" + key + ")";
    }
    const auto selector = policy::Selector::parse(out);
    return selector && selector->matches(subject.labels) ? out : std::string();
}

std::string name_of(const Subject& subject) {
    for (const std::string_view key : kNaming) {
        if (const auto label = subject.labels.find(key); label != subject.labels.end()) {
            return "suggested-" + as_name(label->second);
        }
    }
    return "suggested-" + (subject.labels.empty() ? "pods" : as_name(subject.labels.begin()->second));
}

}  // namespace

bool names_the_workload(std::string_view key) {
    return !policy::is_system_label(key) && std::find(kOfVersions.begin(), kOfVersions.end(), key) == kOfVersions.end();
}

std::vector<Subject> subjects_of(const Activity& activity) {
    std::map<std::pair<std::string, policy::Labels>, Subject> by_labels;
    for (const auto& [endpoint, own] : activity.endpoints()) {
        policy::Labels labels;
        for (const auto& [key, value] : own.labels) {
            if (names_the_workload(key)) {
                labels.emplace(key, value);
            }
        }
        Subject& subject = by_labels[{own.name_space, labels}];
        subject.name_space = own.name_space;
        subject.labels = std::move(labels);
        if (own.seen) {
            subject.endpoints.push_back(endpoint);
        }
    }
    std::vector<Subject> out;
    out.reserve(by_labels.size());
    for (auto& [key, subject] : by_labels) {
        out.push_back(std::move(subject));
    }
    for (Subject& subject : out) {
        subject.selector = selector_of(subject, out);
    }
    std::erase_if(out, [](const Subject& subject) { return subject.endpoints.empty(); });
    std::map<std::pair<std::string, std::string>, unsigned> used;
    for (Subject& subject : out) {
        subject.policy_name = name_of(subject);
        const unsigned number = ++used[{subject.name_space, subject.policy_name}];
        subject.policy_name += number == 1 ? "" : "-" + std::to_string(number);
    }
    return out;
}

}  // namespace namegate::ctl
