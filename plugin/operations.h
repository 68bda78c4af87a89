// SPDX-License-Identifier: Apache-2.0
//
// The operations of the plugin on a real node. ADD creates a pod's network (or adopts one, when chained) and has it
// programmed, or leaves nothing behind. DEL and GC remove whatever exists, from the ids alone. One object serves one
// call. Needs root; everything else comes from Dependencies.
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
    std::vector<std::string> environment;  // "KEY=value", for delegates
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
