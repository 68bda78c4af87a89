// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/policy_sink.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/identifiers.h"
#include "kubernetes/client/json_text.h"
#include "kubernetes/client/policy_object.h"
#include "kubernetes/known/json_members.h"

namespace namegate::kubernetes {

namespace {

constexpr std::size_t kMaxConditionBytes = 4096;  // of a message; namegate writes shorter ones

// 0: there is none.
std::int64_t number_in(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::int64_t generation_of(const nlohmann::json& object) {
    const nlohmann::json* const metadata = member(object, "metadata", nlohmann::json::value_t::object);
    return metadata == nullptr ? 0 : number_in(*metadata, "generation");
}

}  // namespace

policy::PolicyObject PolicySink::read(const nlohmann::json& object) const {
    auto text = policy_text(group_, kind_, object);
    const bool first = generation_of(object) == 1;
    return text ? policy::PolicyObject{std::move(text).value(), "", first} : policy::PolicyObject{"", text.error().message(), false};
}

PolicyObjectState PolicySink::state_of(const ObjectName& name, const nlohmann::json& object) const {
    PolicyObjectState out;
    out.version = group_.version;
    out.resource = kind_.resource;
    out.kind = kind_.kind;
    out.name = name;
    out.uid = text_at(object, {"metadata", "uid"}).substr(0, kMaxObjectNameBytes);
    out.generation = generation_of(object);
    out.has_status = group_.has_status;
    const nlohmann::json* const status = member(object, "status", nlohmann::json::value_t::object);
    const nlohmann::json* const conditions = status == nullptr ? nullptr : member(*status, "conditions", nlohmann::json::value_t::array);
    if (!out.has_status || conditions == nullptr) {
        return out;
    }
    for (const nlohmann::json& condition : *conditions) {
        if (text_at(condition, {"type"}) == "Accepted") {
            out.accepted = text_at(condition, {"status"}).substr(0, kMaxObjectNameBytes);
            out.reason = text_at(condition, {"reason"}).substr(0, kMaxObjectNameBytes);
            out.message = text_at(condition, {"message"}).substr(0, kMaxConditionBytes);
            out.transition_time = text_at(condition, {"lastTransitionTime"}).substr(0, kMaxObjectNameBytes);
            out.observed_generation = number_in(condition, "observedGeneration");
        }
    }
    return out;
}

void PolicySink::set_state(const std::string& path, PolicyObjectState state) {
    PolicyObjectState& known = states_[path];
    if (!(known == state)) {
        known = std::move(state);
        ++revision_;
    }
}

void PolicySink::begin_list() {
    listing_.clear();
    listing_states_.clear();
    listing_bytes_ = 0;
    listing_flaw_.clear();
}

void PolicySink::list_as(const ObjectName& name, policy::PolicyObject object) {
    listing_bytes_ += object.text.size();
    if (listing_.size() >= policy::kMaxSourceObjects || listing_bytes_ > policy::kMaxSourceBytes) {
        listing_flaw_ = "more than " + std::to_string(policy::kMaxSourceObjects) + " " + std::string(kind_.resource) + ", or more than " +
                        std::to_string(policy::kMaxSourceBytes) + " bytes of them";
        listing_.clear();
        listing_states_.clear();
        listing_bytes_ = policy::kMaxSourceBytes;  // the rest of the list is of no use
        return;
    }
    listing_[policy_path(group_, kind_, name)] = std::move(object);
}

Result<> PolicySink::list(const nlohmann::json& object) {
    const auto name = policy_name(kind_, object);
    if (!name) {
        listing_flaw_ = "in the list of " + std::string(kind_.resource) + ": " + name.error().message();
        return name.error();
    }
    if (!is_foreign(group_, *name)) {
        list_as(*name, read(object));
        if (listing_flaw_.empty()) {
            listing_states_[policy_path(group_, kind_, *name)] = state_of(*name, object);
        }
    }
    return ok();
}

void PolicySink::forget_listed(const ObjectName& name, const Error& why) {
    if (name.name.empty() || (kind_.namespaced && name.name_space.empty())) {
        listing_flaw_ = "in the list of " + std::string(kind_.resource) + ": an object without a readable name: " + why.message();
        return;
    }
    list_as(name, {"", why.message()});
}

void PolicySink::end_list(const std::string& /*resource_version*/) {
    flaw_ = std::exchange(listing_flaw_, {});
    if (!flaw_.empty()) {
        return;
    }
    complete_ = true;
    source_.replace(folder_, std::exchange(listing_, {}));
    states_ = std::exchange(listing_states_, {});
    ++revision_;
}

Result<> PolicySink::change(const nlohmann::json& object) {
    NG_ASSIGN(const ObjectName name, policy_name(kind_, object));
    if (!is_foreign(group_, name)) {
        const std::string path = policy_path(group_, kind_, name);
        source_.put(path, read(object));
        if (states_.count(path) != 0 || states_.size() < policy::kMaxSourceObjects) {
            set_state(path, state_of(name, object));
        }
    }
    return ok();
}

Result<> PolicySink::remove(const nlohmann::json& object) {
    NG_ASSIGN(const ObjectName name, policy_name(kind_, object));
    source_.remove(policy_path(group_, kind_, name));
    revision_ += states_.erase(policy_path(group_, kind_, name));
    return ok();
}

void PolicySink::forget(const ObjectName& name) {
    source_.put(policy_path(group_, kind_, name), {"", "the object has more than " + std::to_string(kMaxObjectBytes) +
                                                           " bytes, or is nested deeper than " + std::to_string(kMaxJsonDepth)});
}

}  // namespace namegate::kubernetes
