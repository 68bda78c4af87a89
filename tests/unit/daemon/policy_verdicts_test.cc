// SPDX-License-Identifier: Apache-2.0
// What the cluster is told of policy objects; and that each source that can be configured is one that can be watched.
#include "daemon/labels/policy_verdicts.h"

#include <catch2/catch.hpp>

#include "config/policy_sources.h"
#include "kubernetes/client/policy_groups.h"

namespace policy_verdicts_test {

using namespace namegate;
using policy::FileStatus;
using policy::Problem;

namespace {

FileStatus status_of(const std::string& path, FileStatus::InForce in_force, bool loaded, policy::Problems problems = {}) {
    FileStatus out;
    out.path = path;
    out.in_force = in_force;
    out.loaded = loaded;
    out.problems = std::move(problems);
    return out;
}

Problem problem(Problem::Severity severity, const std::string& field, const std::string& message) {
    return {{"api:x", 0, 0}, severity, field, message};
}

}  // namespace

TEST_CASE("an object is valid, invalid with what is in force instead, or overridden; files and unread objects have no verdict") {
    const auto verdicts = daemon::verdicts_of({
        status_of("/etc/file.yaml", FileStatus::InForce::kNone, false, {problem(Problem::Severity::kError, "kind", "wrong")}),
        status_of("api:kept", FileStatus::InForce::kKept, false),
        status_of("api:good", FileStatus::InForce::kCurrent, true),
        status_of("api:bad", FileStatus::InForce::kLastGood, false,
                  {problem(Problem::Severity::kError, "spec.x", "wrong"), problem(Problem::Severity::kWarning, "", "odd"),
                   problem(Problem::Severity::kError, "", "too large")}),
        status_of("api:new", FileStatus::InForce::kNone, false, {problem(Problem::Severity::kError, "spec.x", "wrong")}),
        status_of("api:lost", FileStatus::InForce::kUnknown, false, {problem(Problem::Severity::kError, "spec.x", "wrong")}),
        status_of("api:second", FileStatus::InForce::kOverridden, true,
                  {problem(Problem::Severity::kWarning, "metadata.name", "the file /x comes first")}),
    });
    REQUIRE(verdicts.size() == 5);
    CHECK(verdicts.at("api:good").accepted);
    CHECK(verdicts.at("api:good").reason == "Valid");
    CHECK(verdicts.at("api:good").message.empty());
    CHECK_FALSE(verdicts.at("api:bad").accepted);
    CHECK(verdicts.at("api:bad").reason == "Invalid");
    CHECK(verdicts.at("api:bad").message == "spec.x: wrong; too large; its last good content is in force");
    CHECK(verdicts.at("api:new").message == "spec.x: wrong; nothing of it is in force");
    CHECK_THAT(verdicts.at("api:lost").message, Catch::Contains("its last good content is lost"));
    CHECK_FALSE(verdicts.at("api:second").accepted);
    CHECK(verdicts.at("api:second").reason == "Overridden");
    CHECK(verdicts.at("api:second").message == "metadata.name: the file /x comes first");
}

TEST_CASE("every source that policySources may list can be watched") {
    for (const std::string_view name : config::kPolicySources) {
        CHECK((name == config::kFilesSource) == (kubernetes::find_policy_source(name) == nullptr));
    }
    CHECK(kubernetes::all_policy_sources().size() + 1 == config::kPolicySources.size());
}

}  // namespace policy_verdicts_test
