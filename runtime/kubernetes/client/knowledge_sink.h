// SPDX-License-Identifier: Apache-2.0
//
// Puts the objects of one kind into what the node knows. Owns a list that is not complete. One thread; nothing blocks, except the first
// use of the knowledge (known/knowledge.h).
#pragma once

#include "kubernetes/client/object_sink.h"
#include "kubernetes/known/knowledge.h"

namespace namegate::kubernetes {

class KnowledgeSink final : public ObjectSink {
  public:
    KnowledgeSink(Kind kind, Knowledge& knowledge) : kind_(kind), knowledge_(knowledge) {}

    void begin_list() override { listing_.clear(); }
    Result<> list(const nlohmann::json& object) override;
    void end_list(const std::string& resource_version) override;
    Result<> change(const nlohmann::json& object) override;
    Result<> remove(const nlohmann::json& object) override;
    void forget(const ObjectName& name) override { knowledge_.remove(kind_, name); }
    void reach(const std::string& resource_version) override { knowledge_.set_resource_version(kind_, resource_version); }
    std::string reached() const override { return knowledge_.resource_version(kind_); }

  private:
    const Kind kind_;
    Knowledge& knowledge_;
    Knowledge::Objects listing_;
};

}  // namespace namegate::kubernetes
