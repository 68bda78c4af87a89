// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/scoped_watches.h"

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "kubernetes/client/query.h"
#include "kubernetes/known/decode_object.h"
#include "kubernetes/known/decode_service.h"

namespace namegate::kubernetes {

namespace {

constexpr std::array kScopedKinds = {Kind::kServices, Kind::kEndpointSlices, Kind::kPeers};

bool contains(const Scope& outer, const Scope& inner) {
    return outer != inner && outer.kind == inner.kind && (outer.name_space.empty() || outer.name_space == inner.name_space) &&
           (outer.name.empty() || outer.name == inner.name) && (outer.label.empty() || outer.label == inner.label);
}

std::set<Scope> without_contained(const std::set<Scope>& scopes) {
    std::set<Scope> out;
    std::copy_if(scopes.begin(), scopes.end(), std::inserter(out, out.end()), [&](const Scope& one) {
        return std::none_of(scopes.begin(), scopes.end(), [&](const Scope& other) { return contains(other, one); });
    });
    return out;
}

}  // namespace

Resource resource_of(const Scope& scope) {
    const std::string in = scope.name_space.empty() ? "" : "/namespaces/" + percent_encoded(scope.name_space);
    Resource out;
    if (scope.kind == Kind::kEndpointSlices) {
        out.path = "/apis/discovery.k8s.io/v1" + in + "/endpointslices";
        out.selection = scope.name.empty() ? "" : "labelSelector=" + percent_encoded("kubernetes.io/service-name=" + scope.name);
        return out;
    }
    out.path = "/api/v1" + in + (scope.kind == Kind::kServices ? "/services" : "/pods");
    if (!scope.name.empty()) {
        out.selection = "fieldSelector=" + percent_encoded("metadata.name=" + scope.name);
    } else if (!scope.label.empty()) {
        out.selection = "labelSelector=" + percent_encoded(scope.label);
    }
    return out;
}

std::set<Scope> merged(std::set<Scope> scopes) {
    scopes = without_contained(scopes);
    // First whole namespaces, then the whole cluster.
    for (const bool whole_cluster : {false, true}) {
        if (scopes.size() <= kMaxScopes) {
            break;
        }
        std::set<Scope> wider;
        for (const Scope& scope : scopes) {
            wider.insert({scope.kind, whole_cluster ? "" : scope.name_space, "", ""});
        }
        scopes = without_contained(wider);
    }
    return scopes;
}

// What one watch shows.
class ScopedWatches::Part final : public ObjectSink {
  public:
    Part(ScopedWatches& all, const Scope& scope)
        : all_(all), kind_(scope.kind), watch_(&all.source_.add_watch(resource_of(scope), *this)) {}
    ~Part() override {
        all_.source_.remove_watch(*watch_);
        for (const ObjectName& name : shown_) {
            all_.release(kind_, name);
        }
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    Part(Part&&) = delete;
    Part& operator=(Part&&) = delete;

    bool is_listed() const { return is_listed_; }

    void begin_list() override { listing_.clear(); }
    Result<> list(const nlohmann::json& object) override {
        auto decoded = decode_object(kind_, object);
        if (!decoded) {
            if (const auto name = decode_name(kind_, object); name) {
                forget_listed(*name, decoded.error());
            }
            return decoded.error();
        }
        return add(std::move(decoded).value());
    }
    void forget_listed(const ObjectName& name, const Error& /*why*/) override {
        if (kind_ == Kind::kEndpointSlices && !name.name.empty()) {
            static_cast<void>(add(unreadable_slice(name)));
        }
    }
    void end_list(const std::string& /*resource_version*/) override {
        std::set<ObjectName> gone = shown_;
        for (auto& [name, object] : std::exchange(listing_, {})) {
            gone.erase(name);
            static_cast<void>(put(std::move(object)));
        }
        for (const ObjectName& name : gone) {
            drop(name);
        }
        is_listed_ = true;
        all_.settle(kind_);
    }
    Result<> change(const nlohmann::json& object) override {
        auto decoded = decode_object(kind_, object);
        if (decoded) {
            return put(std::move(decoded).value());
        }
        if (const auto name = decode_name(kind_, object); name) {
            forget(*name);
        }
        return decoded.error();
    }
    Result<> remove(const nlohmann::json& object) override {
        NG_ASSIGN(const ObjectName name, decode_name(kind_, object));
        drop(name);
        return ok();
    }
    void forget(const ObjectName& name) override {
        if (kind_ == Kind::kEndpointSlices) {
            static_cast<void>(put(unreadable_slice(name)));
        } else {
            drop(name);
        }
    }
    void reach(const std::string& /*resource_version*/) override {}
    // What an earlier process knew may have been read for other needs, so everything is listed again.
    std::string reached() const override { return {}; }

  private:
    Result<> add(Object object) {
        if (listing_.size() >= kMaxKnownObjects) {
            return too_many_objects(kind_, object.name);
        }
        ObjectName name = object.name;
        listing_[std::move(name)] = std::move(object);
        return ok();
    }
    Result<> put(Object object) {
        const ObjectName name = object.name;
        NG_TRY(all_.knowledge_.put(kind_, std::move(object)));
        if (shown_.insert(name).second) {
            all_.hold(kind_, name);
        }
        return ok();
    }
    void drop(const ObjectName& name) {
        if (shown_.erase(name) != 0) {
            all_.release(kind_, name);
        } else if (is_listed_ && all_.holders_[kind_].count(name) == 0) {
            all_.knowledge_.remove(kind_, name);
        }
    }

    ScopedWatches& all_;
    const Kind kind_;
    std::set<ObjectName> shown_;
    std::map<ObjectName, Object> listing_;
    bool is_listed_ = false;
    const KindWatch* watch_;
};

ScopedWatches::ScopedWatches(ApiSource& source, Knowledge& knowledge) : source_(source), knowledge_(knowledge) {
    for (const Kind kind : kScopedKinds) {
        needed_[kind] = "not decided yet";
    }
}

// What is known stays known, for the files.
ScopedWatches::~ScopedWatches() {
    holders_.clear();
    parts_.clear();
}

void ScopedWatches::set_needed(const std::set<Scope>& wanted, const std::set<Scope>& essential) {
    const std::set<Scope> scopes = merged(wanted);
    essential_ = essential;
    for (const Kind kind : kScopedKinds) {
        std::string text = std::string(to_string(kind));
        for (const Scope& scope : essential) {
            text += scope.kind == kind ? "\n" + scope.name_space + "\n" + scope.name + "\n" + scope.label : "";
        }
        needed_[kind] = "needed " + std::to_string(checksum_of(text));
    }
    std::erase_if(parts_, [&](const auto& part) { return scopes.count(part.first) == 0; });
    for (const Scope& scope : scopes) {
        std::unique_ptr<Part>& part = parts_[scope];
        if (!part) {
            part = std::make_unique<Part>(*this, scope);
        }
    }
    for (const Kind kind : kScopedKinds) {
        settle(kind);
    }
}

void ScopedWatches::release(Kind kind, const ObjectName& name) {
    const auto found = holders_[kind].find(name);
    if (found != holders_[kind].end() && --found->second == 0) {
        holders_[kind].erase(found);
        knowledge_.remove(kind, name);
    }
}

bool ScopedWatches::is_read(const Scope& scope) const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const auto& part) { return (part.first == scope || contains(part.first, scope)) && part.second->is_listed(); });
}

void ScopedWatches::settle(Kind kind) {
    const bool essential_read =
        std::all_of(essential_.begin(), essential_.end(), [&](const Scope& scope) { return scope.kind != kind || is_read(scope); });
    if (essential_read) {
        knowledge_.set_needed(kind, needed_[kind]);
    } else if (knowledge_.resource_version(kind) != needed_[kind]) {
        knowledge_.set_needed(kind, "");  // but what an earlier process read for the same needs counts
    }
    const bool all_read =
        std::all_of(parts_.begin(), parts_.end(), [kind](const auto& part) { return part.first.kind != kind || part.second->is_listed(); });
    if (!all_read) {
        return;
    }
    std::vector<ObjectName> unheld;
    for (const auto& entry : knowledge_.all(kind)) {
        if (holders_[kind].count(entry.first) == 0) {
            unheld.push_back(entry.first);
        }
    }
    for (const ObjectName& name : unheld) {
        knowledge_.remove(kind, name);
    }
}

}  // namespace namegate::kubernetes
