// SPDX-License-Identifier: Apache-2.0
//
// Source address translation for what a pod sends to destinations outside its own network (`ipMasq`), in a separate nftables
// table. The objects of an endpoint have the name of its host interface, so that removal needs only this name. Each call runs
// `nft` once or twice, waits for it, and can be repeated. A transaction takes effect as a whole or not at all.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::plugin {

class Masquerade {
  public:
    // kNotFound, with a message that says what to install, when `nft` is missing.
    static Result<Masquerade> create();

    // `local` are the networks that the pod reaches with its own address.
    Result<> add(const std::string& host_ifname, const std::vector<IpPrefix>& local) const;
    Result<> remove(const std::string& host_ifname) const;
    Result<> check(const std::string& host_ifname) const;
    // Host interfaces that have rules.
    Result<std::vector<std::string>> list() const;

  private:
    explicit Masquerade(std::string program) : program_(std::move(program)) {}
    Result<std::string> run(const std::vector<std::string>& arguments, const std::string& input) const;

    std::string program_;
};

// The transactions, in the JSON that `nft -j -f -` reads.
std::string masquerade_add_script(const std::string& host_ifname, const std::vector<IpPrefix>& local);
std::string masquerade_remove_script(const std::string& host_ifname);
// The host interfaces in what `nft -j list map inet namegate pods` prints. kIo if that has another form.
Result<std::vector<std::string>> masquerade_names(const std::string& text);

}  // namespace namegate::plugin
