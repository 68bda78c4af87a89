// SPDX-License-Identifier: Apache-2.0
//
// Policy objects of an API server as one source of a ledger. A watch writes the objects; report() tells a round of the ledger what
// has changed. Until the lists of all kinds are complete, the source is waiting: what earlier processes kept is in force, and without
// that nothing may be opened (document_ledger.h). A process without a watch leaves it waiting. Owns the texts of the objects. One
// thread; does no I/O.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/documents/document_ledger.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxSourceObjects = 10'000;            // of one source
inline constexpr std::size_t kMaxSourceBytes = 64UL * 1024 * 1024;  // of their texts
inline constexpr const char* kObjectsNotRead = "its objects have not been read yet";

// An object. `text`: as JSON, as decode_object() reads it. `problem`: why there is no text; empty: there is one. `first`: its spec is as
// it was created.
struct PolicyObject {
    std::string text;
    std::string problem;
    bool first = false;

    bool operator==(const PolicyObject&) const = default;
};

class ObjectSource {
  public:
    // "api:calico". The documents of the ledger have the paths "api:GROUP/VERSION/RESOURCE/[NAMESPACE/]NAME".
    explicit ObjectSource(std::string name) : name_(std::move(name)) {}

    const std::string& name() const { return name_; }

    // For the watch. A `folder` is the path of a resource, "api:projectcalico.org/v3/tiers/".
    //
    // What is not complete. `problem`: it is more than a matter of time.
    void set_waiting(std::string why, bool problem);
    // The lists of these resources are complete, and the server has no others of this source.
    void set_complete(std::set<std::string> folders);
    void put(const std::string& path, PolicyObject object);
    void remove(const std::string& path);
    // All objects of the resource.
    void replace(const std::string& folder, std::map<std::string, PolicyObject> objects);
    // The resource is not watched any more. What is in force of it stays unless set_complete() names another version of it.
    void drop(const std::string& folder);
    // Whether the limits left objects of this resource out. While they do, the source is waiting.
    bool has_left_out(const std::string& folder) const;
    bool has_changed() const { return changed_; }
    std::size_t size() const { return objects_.size(); }

    // Why it is waiting; empty: it is not.
    std::string waiting() const;
    // The same, if it is more than a matter of time.
    std::string problem() const;

    // The part of a round that concerns this source.
    void report(DocumentLedger& ledger);

  private:
    static std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.rfind('/') + 1)); }
    bool is_served(const std::string& path) const;
    void insert(const std::string& path, PolicyObject object);
    void erase(const std::string& path);
    std::vector<std::string> paths_in(const std::string& folder) const;
    void report_all(DocumentLedger& ledger) const;
    void report_one(DocumentLedger& ledger, const std::string& path) const;

    const std::string name_;
    std::map<std::string, PolicyObject> objects_;  // by path
    std::size_t bytes_ = 0;
    std::set<std::string> folders_;  // of the resources that the server has
    std::set<std::string> left_out_;
    std::set<std::string> unreported_;  // paths
    bool all_unreported_ = true;
    bool changed_ = true;
    std::string waiting_ = kObjectsNotRead;
    bool is_problem_ = false;
};

}  // namespace namegate::policy
