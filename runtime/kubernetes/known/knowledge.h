// SPDX-License-Identifier: Apache-2.0
//
// What this node knows of the API server's objects: its own pods, the namespaces and service accounts of the cluster, and those Services,
// EndpointSlices and pods of other nodes that policies and settings need. The daemon's watch writes it (client/); label providers and the
// compiler of policies read it, in the daemon and in the plugin. Begins with what an earlier process kept on
// disk (kept_objects.h), which is read at the first use. An object that is not here is unknown, never absent. Owns its memory. One
// thread. Reading the kept files blocks on the disk; nothing else does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

// Of one kind. A large cluster has 5,000 namespaces with a few service accounts each.
inline constexpr std::size_t kMaxKnownObjects = 50'000;

// The object is one too many.
Error too_many_objects(Kind kind, const ObjectName& name);

class Knowledge {
  public:
    using Objects = std::map<ObjectName, std::shared_ptr<const Object>>;

    // `folder`: of the kept files; empty: there are none. `watched`: this process watches the API server, so that what is unknown may
    // become known by waiting.
    Knowledge(std::string folder, bool watched) : folder_(std::move(folder)), watched_(watched) {}

    // Null: unknown.
    std::shared_ptr<const Object> find(Kind kind, std::string_view name_space, std::string_view name) const;
    const Objects& all(Kind kind) const { return store(kind).objects; }
    // The resource version of the newest change; empty: not known.
    const std::string& resource_version(Kind kind) const { return store(kind).resource_version; }
    // Whether a whole list was read in this process.
    bool is_complete(Kind kind) const { return store(kind).complete; }
    // Of a kind that is watched in part: whether all was read that was needed when it was read last, in this process or in an earlier one.
    bool has_all_needed(Kind kind) const { return !store(kind).resource_version.empty(); }
    bool is_watched() const { return watched_; }
    // Why the kept files of an earlier process could not be read. They count as missing.
    const Result<>& loaded() const;
    const std::string& folder() const { return folder_; }

    // For the watch.
    //
    // kExhausted: kMaxKnownObjects; the object stays unknown.
    Result<> put(Kind kind, Object object);
    void remove(Kind kind, const ObjectName& name);
    // A whole list: what is not in it is gone.
    void replace(Kind kind, Objects objects);
    void set_resource_version(Kind kind, std::string version);
    // Of a kind that is watched in part: what was needed and has been read, as a text; empty: not all of it was read.
    void set_needed(Kind kind, std::string needed);
    // Whether the API server cannot be reached at the moment, so that waiting will probably not help.
    void set_away(bool away) { away_ = away; }
    bool is_away() const { return away_; }

    // The namespaces of everything that changed since the last call.
    std::set<std::string> take_changed();
    bool has_changed() const { return !changed_.empty(); }
    // Whether Services, endpoints or peers changed since the last call.
    bool take_services_changed() { return std::exchange(services_changed_, false); }
    // Increases with each change of an object of the kind.
    std::uint64_t revision(Kind kind) const { return store(kind).revision; }

  private:
    struct Store {
        Objects objects;
        std::string resource_version;
        bool complete = false;
        std::uint64_t revision = 0;
    };
    void load() const;
    const Store& store(Kind kind) const;
    Store& store(Kind kind);
    void note_change(Kind kind, const ObjectName& name);

    std::string folder_;
    bool watched_;
    bool away_ = false;
    mutable bool is_loaded_ = false;
    mutable Result<> loaded_ = ok();
    mutable std::map<Kind, Store> stores_;
    std::set<std::string> changed_;
    bool services_changed_ = false;
};

}  // namespace namegate::kubernetes
