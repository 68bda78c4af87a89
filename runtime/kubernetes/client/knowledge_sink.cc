// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/knowledge_sink.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "kubernetes/known/decode_object.h"

namespace namegate::kubernetes {

Result<> KnowledgeSink::list(const nlohmann::json& object) {
    NG_ASSIGN(Object decoded, decode_object(kind_, object));
    if (listing_.size() >= kMaxKnownObjects) {
        return too_many_objects(kind_, decoded.name);
    }
    ObjectName name = decoded.name;
    listing_[std::move(name)] = std::make_shared<const Object>(std::move(decoded));
    return ok();
}

void KnowledgeSink::end_list(const std::string& resource_version) {
    knowledge_.replace(kind_, std::exchange(listing_, {}));
    knowledge_.set_resource_version(kind_, resource_version);
}

Result<> KnowledgeSink::change(const nlohmann::json& object) {
    auto decoded = decode_object(kind_, object);
    if (decoded) {
        return knowledge_.put(kind_, std::move(decoded).value());
    }
    if (const auto name = decode_name(kind_, object); name) {
        knowledge_.remove(kind_, *name);
    }
    return decoded.error();
}

Result<> KnowledgeSink::remove(const nlohmann::json& object) {
    NG_ASSIGN(const ObjectName name, decode_name(kind_, object));
    knowledge_.remove(kind_, name);
    return ok();
}

}  // namespace namegate::kubernetes
