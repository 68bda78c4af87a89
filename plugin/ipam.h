// SPDX-License-Identifier: Apache-2.0
//
// Runs the address plugin, the program named in `ipam.type`, with the environment and the complete input of this plugin. Its
// error is returned with the name of the program in front. The program can be started early to save its start-up time: it does
// nothing before it gets its input. One thread; blocks until the program writes or ends.
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

// One call of the program. The destructor kills the program unless it has ended.
class IpamCall {
  public:
    IpamCall(Child child, std::string program, std::string input)
        : child_(std::move(child)), program_(std::move(program)), input_(std::move(input)) {}

    // Gives the program its input, with which it begins to work. Does not block.
    void go() { child_.feed(std::move(input_)); }
    // Waits for its end. To be called once.
    cni::Outcome<std::string> finish();
    // The result of ADD as soon as it is written, because the program takes a while to end. Preliminary until
    // confirm() succeeds.
    cni::Outcome<cni::AddResult> result();
    // Waits for its end and checks that it succeeded and wrote nothing more than what result() returned.
    cni::Outcome<> confirm();
    // Waits for its end and ignores the outcome. Harmless after finish().
    void settle();

  private:
    cni::Outcome<cni::AddResult> parse(const cni::Json& object) const;
    cni::Outcome<cni::AddResult> parse_text(const std::string& text) const;
    std::string what() const { return "the result of " + program_; }

    Child child_;
    std::string program_;  // its name, for errors
    std::string input_;
    std::size_t result_bytes_ = 0;  // bytes of its output that result() used
};

class Ipam {
  public:
    // `environment` is the plugin's own, as "KEY=value".
    Ipam(const Request& request, const std::vector<std::string>& environment) : request_(request), environment_(environment) {}

    cni::Outcome<IpamCall> start(cni::Command command) const;
    // A whole call: DEL, CHECK, GC or STATUS. Succeeds if the program does not know GC or STATUS.
    cni::Outcome<> run(cni::Command command) const;

  private:
    cni::Outcome<std::string> path() const;

    const Request& request_;
    const std::vector<std::string>& environment_;
};

}  // namespace namegate::plugin
