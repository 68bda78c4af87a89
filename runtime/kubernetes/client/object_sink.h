// SPDX-License-Identifier: Apache-2.0
//
// Takes the objects of one kind as a watch reads them. An interface, so that the watch does not depend on the kind. One thread.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

class ObjectSink {
  public:
    ObjectSink() = default;
    virtual ~ObjectSink() = default;
    ObjectSink(const ObjectSink&) = delete;
    ObjectSink& operator=(const ObjectSink&) = delete;
    ObjectSink(ObjectSink&&) = delete;
    ObjectSink& operator=(ObjectSink&&) = delete;

    // A list begins. What is known stays until it is complete.
    virtual void begin_list() = 0;
    // An object of the list. An error: it is refused, and counts as unknown.
    virtual Result<> list(const nlohmann::json& object) = 0;
    // An object of the list whose content cannot be read. `name` is empty if even that cannot.
    virtual void forget_listed(const ObjectName& /*name*/, const Error& /*why*/) {}
    // The list was read to its end: what is not in it is gone.
    virtual void end_list(const std::string& resource_version) = 0;
    // A change after the list. An error: the object is refused, and unknown from now on.
    virtual Result<> change(const nlohmann::json& object) = 0;
    virtual Result<> remove(const nlohmann::json& object) = 0;
    // An object whose content cannot be read.
    virtual void forget(const ObjectName& name) = 0;
    // Everything up to this version has been taken.
    virtual void reach(const std::string& resource_version) = 0;
    // The newest version that an earlier process reached; empty: there is none.
    virtual std::string reached() const = 0;
};

}  // namespace namegate::kubernetes
