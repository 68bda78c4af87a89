// SPDX-License-Identifier: Apache-2.0
//
// The operations of the plugin on a real node. ADD creates a pod's network (or adopts one, when chained) and has its policy
// programmed; if it fails, it undoes what it did. DEL and GC need only the ids, and remove whatever exists. One object serves one
// call, in one thread. Needs root.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cni/args.h"
#include "node/endpoint_lifecycle.h"
#include "plugin/handler.h"

namespace namegate::plugin {

using OpenLifecycle = std::function<Result<std::unique_ptr<node::EndpointLifecycle>>(const std::string& config_path)>;

struct Dependencies {
    OpenLifecycle open_lifecycle;
    std::vector<std::string> environment;  // the plugin's own, as "KEY=value"
    const Clock* clock = nullptr;
};

class Operations final : public Handler {
  public:
    explicit Operations(Dependencies dependencies) : dependencies_(std::move(dependencies)) {}

    cni::Outcome<cni::Json> add(const Request& request) override;
    cni::Outcome<> del(const Request& request) override;
    cni::Outcome<> check(const Request& request) override;
    cni::Outcome<> gc(const Request& request) override;
    cni::Outcome<> status(const Request& request) override;

  private:
    cni::Outcome<cni::Json> add_first(const Request& request, const cni::Args& args);
    cni::Outcome<cni::Json> add_chained(const Request& request, const cni::Args& args);
    cni::Outcome<> check_first(const Request& request);

    Dependencies dependencies_;
};

}  // namespace namegate::plugin
