// SPDX-License-Identifier: Apache-2.0
//
// Watches parts of the cluster's Services, EndpointSlices and pods: those that somebody needs. What is needed may change at any time.
// Several watches may show the same object. What an earlier process kept stays known until everything that is needed was read. Owns the
// watches. One thread; nothing blocks.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "kubernetes/client/api_source.h"
#include "kubernetes/known/knowledge.h"

namespace namegate::kubernetes {

// Each is a watch, with a connection of its own.
inline constexpr std::size_t kMaxScopes = 48;

// A part of a kind.
struct Scope {
    Kind kind = Kind::kServices;
    std::string name_space;  // empty: the whole cluster
    std::string name;        // of one Service, or of the Service whose slices these are; empty: all
    std::string label;       // of pods: "app=cart"; empty: all

    auto operator<=>(const Scope&) const = default;
};

Resource resource_of(const Scope& scope);
// The same with fewer watches, if there are more than kMaxScopes or one contains another: then whole namespaces, or the whole cluster.
std::set<Scope> merged(std::set<Scope> scopes);

class ScopedWatches {
  public:
    // Both must outlive it.
    ScopedWatches(ApiSource& source, Knowledge& knowledge);
    ~ScopedWatches();
    ScopedWatches(const ScopedWatches&) = delete;
    ScopedWatches& operator=(const ScopedWatches&) = delete;
    ScopedWatches(ScopedWatches&&) = delete;
    ScopedWatches& operator=(ScopedWatches&&) = delete;

    // Starts what is new and ends what is not needed any more. What is not needed is forgotten when all that is needed was read. Of the
    // essential ones Knowledge::has_all_needed() tells whether they were read.
    void set_needed(const std::set<Scope>& scopes, const std::set<Scope>& essential);
    std::size_t size() const { return parts_.size(); }

  private:
    class Part;
    using Holders = std::map<ObjectName, std::size_t>;  // how many watches show an object

    void hold(Kind kind, const ObjectName& name) { ++holders_[kind][name]; }
    void release(Kind kind, const ObjectName& name);
    bool is_read(const Scope& scope) const;
    // Notes whether all that is essential of the kind was read. If all that is needed was read, forgets the rest.
    void settle(Kind kind);

    ApiSource& source_;
    Knowledge& knowledge_;
    std::map<Kind, Holders> holders_;
    std::set<Scope> essential_;
    std::map<Kind, std::string> needed_;  // the essential ones of each kind, as a text
    std::map<Scope, std::unique_ptr<Part>> parts_;
};

}  // namespace namegate::kubernetes
