// SPDX-License-Identifier: Apache-2.0
//
// The datapath of a build with another layout version, older or newer, in <bpffs_dir>/v<version>. It may still enforce
// pods. Uses only what is the same in every version: the names of the pins, the interfaces of the programs, the head of `meta`,
// the shapes of the inner maps. Owns nothing. Acts in the network namespace of the calling thread; node lock held.
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
    // All builds with a version other than NG_ABI_VERSION, the newest first. Empty when the folder is missing.
    static Result<std::vector<OtherBuild>> list(const std::string& bpffs_dir);

    std::uint32_t version() const { return version_; }
    bool is_newer() const { return version_ > NG_ABI_VERSION; }
    const std::string& folder() const { return folder_; }

    // Whether one of its programs is on the interface.
    Result<bool> is_on(const std::string& ifname, std::uint32_t ifindex) const;
    // Whether `program`, a program id of the kernel, is one of its programs; false for 0.
    bool is_filter(std::uint32_t program) const;
    // The interfaces on which its programs are.
    Result<std::vector<std::string>> interfaces() const;

    // Its `meta` in the layout of this build. kUnsupported when it is unreadable.
    Result<ng_meta> meta() const;
    // kNotFound when the slot has no inner map.
    Result<Fd> inner_map(const char* outer, std::uint32_t slot) const;

    // Removes the pinned links of an interface, which detaches the programs. Missing pins are ignored.
    Result<> unpin(const std::string& ifname) const;
    // Removes all of its pins. Interfaces that still have its programs and none of this build are then open.
    Result<> remove() const;

  private:
    OtherBuild(std::uint32_t version, std::string folder);

    std::uint32_t version_;
    std::string folder_;
    std::vector<std::uint32_t> programs_;  // program ids of the kernel
};

}  // namespace namegate::datapath
