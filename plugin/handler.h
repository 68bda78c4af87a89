// SPDX-License-Identifier: Apache-2.0
//
// The operations of a CNI plugin. The dispatcher checks environment and configuration, and then calls one operation, once.
// Tests of the protocol implement their own handler. Errors are returned in the form in which they are printed.
#pragma once

#include "cni/cni_error.h"
#include "cni/config.h"
#include "cni/environment.h"
#include "cni/json.h"

namespace namegate::plugin {

struct Request {
    cni::Environment environment;
    cni::NetworkConfig config;
};

class Handler {
  public:
    Handler() = default;
    virtual ~Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    Handler(Handler&&) = delete;
    Handler& operator=(Handler&&) = delete;

    // Returns the result object, in the configuration's version.
    virtual cni::Outcome<cni::Json> add(const Request& request) = 0;
    virtual cni::Outcome<> del(const Request& request) = 0;
    virtual cni::Outcome<> check(const Request& request) = 0;
    virtual cni::Outcome<> gc(const Request& request) = 0;
    virtual cni::Outcome<> status(const Request& request) = 0;
};

}  // namespace namegate::plugin
