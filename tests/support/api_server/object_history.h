// SPDX-License-Identifier: Apache-2.0
//
// The objects of one kind as an API server keeps them: each change has a resource version, and the changes since a version can be read
// until they are compacted. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace namegate::test {

using Json = nlohmann::json;

struct ObjectEvent {
    std::uint64_t version = 0;
    std::string type;  // "ADDED", "MODIFIED", "DELETED"; "": `raw` is sent as it is
    Json object;
    std::string raw;
};

class ObjectHistory {
  public:
    using Name = std::pair<std::string, std::string>;  // namespace, name

    static Name name_of(const Json& object) { return {object["metadata"].value("namespace", ""), object["metadata"].value("name", "")}; }
    void put(std::uint64_t version, Json object) {
        object["metadata"]["resourceVersion"] = std::to_string(version);
        const Name name = name_of(object);
        events_.push_back({version, objects_.count(name) == 0 ? "ADDED" : "MODIFIED", object, ""});
        objects_[name] = std::move(object);
    }
    void remove(std::uint64_t version, const Name& name) {
        const auto found = objects_.find(name);
        if (found == objects_.end()) {
            return;
        }
        found->second["metadata"]["resourceVersion"] = std::to_string(version);
        events_.push_back({version, "DELETED", found->second, ""});
        objects_.erase(found);
    }
    void send(std::uint64_t version, std::string raw) { events_.push_back({version, "", Json::object(), std::move(raw)}); }
    // Changes up to this version cannot be read any more.
    void compact(std::uint64_t version) { oldest_ = version; }
    bool has_changes_since(std::uint64_t version) const { return version >= oldest_; }

    const std::map<Name, Json>& objects() const { return objects_; }
    const std::vector<ObjectEvent>& events() const { return events_; }

  private:
    std::map<Name, Json> objects_;
    std::vector<ObjectEvent> events_;
    std::uint64_t oldest_ = 0;
};

}  // namespace namegate::test
