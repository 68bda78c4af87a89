// SPDX-License-Identifier: Apache-2.0
//
// A policy file, YAML or (first byte odd) JSON: read, checked, and compiled for an endpoint when it is good.
#include "fuzz/target.h"
#include "policy/compiler/compile.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;

namespace {

policy::EndpointView endpoint() {
    policy::EndpointView view;
    view.name_space = "default";
    view.pod = "weather";
    view.labels = {{"app", "weather-app"}, {"color", "red"}};
    view.is_kubernetes = true;
    view.addresses = {*IpAddress::parse("10.88.0.2")};
    return view;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    policy::PolicyStore store;
    const std::string path = data[0] % 2 == 0 ? "policy.yaml" : "policy.json";
    store.set_file(path, fuzz::text_of(data + 1, size - 1));
    const std::vector<policy::FileStatus> files = store.files();
    fuzz::require(files.size() == 1, "every file has a status");
    for (const policy::Problem& problem : files.front().problems) {
        fuzz::require(!policy::to_string(problem).empty(), "a problem has a message");
        fuzz::require(problem.place.line >= 0 && problem.place.column >= 0, "and where");
    }
    fuzz::require(files.front().loaded || !files.front().problems.empty(), "a refused file has a problem");
    const auto snapshot = store.snapshot();
    const policy::EndpointView view = endpoint();
    for (const policy::Direction direction : {policy::Direction::kEgress, policy::Direction::kIngress}) {
        if (const auto compiled = policy::test::compile_view(*snapshot, view, direction)) {
            fuzz::require(!compiled->rules.empty(), "the last rule of a policy matches everything");
        }
    }
    return 0;
}
