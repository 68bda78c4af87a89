// SPDX-License-Identifier: Apache-2.0
//
// The cost of places: a policy file of 10,000 rules, in JSON, with each reader. Milliseconds, median of some runs.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "measure.h"
#include "policy/documents/json_reader.h"
#include "policy/documents/policy_store.h"
#include "policy/documents/yaml_reader.h"

using namespace namegate;

namespace {

constexpr unsigned kRules = 10'000;
constexpr unsigned kRulesPerPolicy = 1000;
constexpr unsigned kRuns = 9;

// A policy has at most 1024 rules, so there are several.
std::string policy_text() {
    using Json = nlohmann::ordered_json;
    Json policies = Json::array();
    for (unsigned i = 0; i < kRules; ++i) {
        if (i % kRulesPerPolicy == 0) {
            policies.push_back({{"apiVersion", "projectcalico.org/v3"},
                                {"kind", "GlobalNetworkPolicy"},
                                {"metadata", {{"name", "large-" + std::to_string(i)}}},
                                {"spec", {{"types", {"Egress"}}, {"egress", Json::array()}}}});
        }
        const std::string net = "10." + std::to_string(i >> 8) + "." + std::to_string(i & 255) + ".0/24";
        policies.back()["spec"]["egress"].push_back(
            {{"action", "Allow"}, {"protocol", "TCP"}, {"destination", {{"nets", {net}}, {"ports", {443, 8000 + i % 1000}}}}});
    }
    return Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", policies}}.dump(2);
}

template <typename Read>
void row(const char* what, const Read& read) {
    std::vector<double> runs;
    for (unsigned i = 0; i < kRuns; ++i) {
        const auto start = std::chrono::steady_clock::now();
        if (!read()) {
            std::printf("%-60s refused\n", what);
            return;
        }
        runs.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::printf("%-60s %8.1f\n", what, bench::median(runs));
}

}  // namespace

int main() {
    const std::string text = policy_text();
    std::printf("\nA policy file in JSON, %u rules, %zu bytes: ms, median of %u runs\n\n", kRules, text.size(), kRuns);
    row("nlohmann-json alone, a tree without places", [&] { return !nlohmann::json::parse(text, nullptr, false).is_discarded(); });
    row("our reader: nlohmann-json's events, a tree with places", [&] { return policy::read_json("p.json", text).problems.empty(); });
    row("yaml-cpp's events, a tree with places (not strict)", [&] { return policy::read_yaml("p.json", text).problems.empty(); });
    row("the file read and checked as a policy, with our reader", [&] {
        policy::PolicyStore store;
        store.set_file("p.json", text);
        if (!store.files().front().loaded) {
            std::printf("%s\n", policy::to_string(store.files().front().problems.front()).c_str());
        }
        return store.files().front().loaded;
    });
    return 0;
}
