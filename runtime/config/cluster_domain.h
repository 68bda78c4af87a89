// SPDX-License-Identifier: Apache-2.0
//
// The cluster's domain, of kubelet's configuration, below which every endpoint may ask for names (D20). Owns the domain that was read
// last, which stays while no file names one, because a program may be rewriting it. One thread; reading blocks on the disk and cannot
// fail.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace namegate::config {

inline constexpr const char* kDefaultClusterDomain = "cluster.local";

class ClusterDomain {
  public:
    // Reads nothing if the configuration names what is always allowed.
    explicit ClusterDomain(const Config& config);

    // Of the first file that names one, else the last one, and kDefaultClusterDomain before that.
    const std::string& read();
    // The files that read() looks for; they need not exist.
    const std::vector<std::string>& files() const { return files_; }

  private:
    std::vector<std::string> files_;
    std::string domain_ = kDefaultClusterDomain;
};

}  // namespace namegate::config
