// SPDX-License-Identifier: Apache-2.0
//
// Address management, delegated: the program named in `ipam.type` is run with our environment and our
// complete input. Its error is returned as it is, with the program's name. Blocks for as long as it runs.
#pragma once

#include <string>
#include <vector>

#include "cni/cni_error.h"
#include "cni/result.h"
#include "cni/version.h"
#include "plugin/handler.h"

namespace namegate::plugin {

class Ipam {
  public:
    // `environment` is that of the plugin itself, "KEY=value".
    Ipam(const Request& request, const std::vector<std::string>& environment) : request_(request), environment_(environment) {}

    // Whether the program can be found at all; cheap.
    cni::Outcome<> find() const;
    cni::Outcome<cni::AddResult> add() const;
    // DEL, CHECK, GC or STATUS.
    cni::Outcome<> run(cni::Command command) const;

  private:
    cni::Outcome<std::string> path() const;
    cni::Outcome<std::string> execute(cni::Command command) const;

    const Request& request_;
    const std::vector<std::string>& environment_;
};

}  // namespace namegate::plugin
