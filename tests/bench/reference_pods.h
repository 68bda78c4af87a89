// SPDX-License-Identifier: Apache-2.0
//
// Pods to compare namegate's with, made by hand: a veth pair with nothing, or with two programs that do nothing, in this node; and one
// behind an nft set and connection tracking, in a node of its own. Each owns its namespaces and interfaces. Errors throw.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "support/netns.h"

namespace namegate::bench {

// In this node, with 10.88.200.N as its address.
class PlainPod {
  public:
    explicit PlainPod(unsigned number);
    ~PlainPod();
    PlainPod(const PlainPod&) = delete;
    PlainPod& operator=(const PlainPod&) = delete;
    PlainPod(PlainPod&&) = delete;
    PlainPod& operator=(PlainPod&&) = delete;

    const test::TestNetns& netns() const { return netns_; }
    // Attaches a program that passes everything to both directions of the node's end, as namegate attaches its own.
    void attach_empty_programs();

  private:
    std::string link_;
    test::TestNetns netns_;
    std::vector<Fd> links_;
};

// A pod whose node drops what it forwards, except new connections to the addresses of a set, and established ones.
class NftPod {
  public:
    // `world`: the namespace of the server, which gets an interface to the new node.
    NftPod(const test::TestNetns& world, std::uint16_t port);

    const test::TestNetns& netns() const { return pod_; }
    const char* server() const { return "198.51.100.1"; }

  private:
    test::TestNetns node_;
    test::TestNetns pod_;
};

}  // namespace namegate::bench
