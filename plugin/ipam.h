// SPDX-License-Identifier: Apache-2.0
//
// Address management, delegated: the program named in `ipam.type` is run with our environment and our
// complete input. Its error is returned as it is, with the program's name. A program may be started before it is
// time, to save that of its start: what it is to do is in its input, so it does nothing until it is told to go.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cni/cni_error.h"
#include "cni/result.h"
#include "cni/version.h"
#include "plugin/child.h"
#include "plugin/handler.h"

namespace namegate::plugin {

// One call of the program; killed with the object unless it was waited for.
class IpamCall {
  public:
    IpamCall(Child child, std::string who, std::string input) : child_(std::move(child)), who_(std::move(who)), input_(std::move(input)) {}

    void go() { child_.feed(std::move(input_)); }
    // Waits for its end. Once.
    cni::Outcome<std::string> finish();
    // ADD's result as soon as it is written: ending takes a program a while. To be believed when confirm() succeeds.
    cni::Outcome<cni::AddResult> result();
    // Waits for its end: it succeeded, and what it wrote is what result() gave.
    cni::Outcome<> confirm();
    // For who does not want the answer any more; harmless after finish().
    void settle();

  private:
    cni::Outcome<cni::AddResult> parse(const cni::Json& object) const;
    cni::Outcome<cni::AddResult> parse_text(const std::string& text) const;
    std::string what() const { return "the result of " + who_; }

    Child child_;
    std::string who_;  // for errors
    std::string input_;
    std::size_t taken_ = 0;  // of its output, what result() gave
};

class Ipam {
  public:
    // `environment` is that of the plugin itself, "KEY=value".
    Ipam(const Request& request, const std::vector<std::string>& environment) : request_(request), environment_(environment) {}

    cni::Outcome<IpamCall> start(cni::Command command) const;
    // From start to end: DEL, CHECK, GC or STATUS. A program that does not know the last two has none of it: that is success.
    cni::Outcome<> run(cni::Command command) const;

  private:
    cni::Outcome<std::string> path() const;

    const Request& request_;
    const std::vector<std::string>& environment_;
};

}  // namespace namegate::plugin
