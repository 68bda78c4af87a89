// SPDX-License-Identifier: Apache-2.0
//
// The datapath of another layout version on this node, <bpffs_dir>/v<version>: an older or a newer build made it, and pods
// may be enforced by it. Of what is in it only that is looked at which no version changes: the pins' names, what the
// programs are on, the head of `meta`, the shapes of inner maps. Owns nothing; acts in the network namespace of the
// calling thread; node lock held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/bpf/abi.h"

namespace namegate::datapath {

class OtherBuild {
  public:
    // Those of every version but NG_ABI_VERSION, the newest first. No folder: none.
    static Result<std::vector<OtherBuild>> list(const std::string& bpffs_dir);

    std::uint32_t version() const { return version_; }
    bool is_newer() const { return version_ > NG_ABI_VERSION; }
    const std::string& folder() const { return folder_; }

    // Is one of its programs on the interface?
    Result<bool> is_on(const std::string& ifname, std::uint32_t ifindex) const;
    // Is that one of its programs? `program` as the kernel numbers them; 0 is none.
    bool is_filter(std::uint32_t program) const;
    // The interfaces that its programs are on.
    Result<std::vector<std::string>> interfaces() const;

    // What its meta says, in our layout. kUnsupported when it cannot be made out.
    Result<ng_meta> meta() const;
    // kNotFound when there is none.
    Result<Fd> inner_map(const char* outer, std::uint32_t slot) const;

    // Takes the programs from an interface; what is not there is fine.
    Result<> unpin(const std::string& ifname) const;
    // All of it. What its programs were on is open then, or has programs of ours.
    Result<> remove() const;

  private:
    OtherBuild(std::uint32_t version, std::string folder);

    std::uint32_t version_;
    std::string folder_;
    std::vector<std::uint32_t> programs_;  // the kernel's numbers
};

}  // namespace namegate::datapath
