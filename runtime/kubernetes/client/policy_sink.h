// SPDX-License-Identifier: Apache-2.0
//
// Puts the policy objects of one kind into a source of documents. An object that cannot be read stays there with the reason, so that
// its last good content stays in force; a list with an object that has no readable name counts as not read. Owns a list that is not
// complete. One thread; nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "kubernetes/client/object_sink.h"
#include "kubernetes/client/policy_groups.h"
#include "kubernetes/known/objects.h"
#include "policy/documents/object_source.h"

namespace namegate::kubernetes {

// What the API server says of an object besides its content.
struct PolicyObjectState {
    std::string version;   // of the group: "networking.k8s.io/v1"
    std::string resource;  // "networkpolicies"
    std::string kind;
    ObjectName name;
    std::string uid;
    std::int64_t generation = 0;
    bool has_status = false;  // namegate writes it
    // Of the condition "Accepted" in the status; empty: there is none.
    std::string accepted;
    std::string reason;
    std::string message;
    std::string transition_time;
    std::int64_t observed_generation = 0;

    bool operator==(const PolicyObjectState&) const = default;
};

class PolicySink final : public ObjectSink {
  public:
    PolicySink(const PolicyGroup& group, const PolicyKind& kind, policy::ObjectSource& source)
        : group_(group), kind_(kind), folder_(folder_of(group, kind)), source_(source) {}

    const std::string& folder() const { return folder_; }
    // Whether a whole list was read.
    bool is_complete() const { return complete_; }
    // Why the last list could not be used; empty: it could.
    const std::string& flaw() const { return flaw_; }
    // By the path of the document. Objects that could not be read at all are missing.
    const std::map<std::string, PolicyObjectState>& states() const { return states_; }
    // Increases when states() changes.
    std::uint64_t revision() const { return revision_; }

    void begin_list() override;
    Result<> list(const nlohmann::json& object) override;
    void forget_listed(const ObjectName& name, const Error& why) override;
    void end_list(const std::string& resource_version) override;
    Result<> change(const nlohmann::json& object) override;
    Result<> remove(const nlohmann::json& object) override;
    void forget(const ObjectName& name) override;
    void reach(const std::string& /*resource_version*/) override {}
    // What earlier processes kept has no version.
    std::string reached() const override { return {}; }

  private:
    policy::PolicyObject read(const nlohmann::json& object) const;
    PolicyObjectState state_of(const ObjectName& name, const nlohmann::json& object) const;
    void set_state(const std::string& path, PolicyObjectState state);
    void list_as(const ObjectName& name, policy::PolicyObject object);

    const PolicyGroup& group_;
    const PolicyKind& kind_;
    const std::string folder_;
    policy::ObjectSource& source_;
    std::map<std::string, policy::PolicyObject> listing_;
    std::map<std::string, PolicyObjectState> listing_states_;
    std::size_t listing_bytes_ = 0;
    std::string listing_flaw_;
    bool complete_ = false;
    std::string flaw_;
    std::map<std::string, PolicyObjectState> states_;
    std::uint64_t revision_ = 0;
};

}  // namespace namegate::kubernetes
