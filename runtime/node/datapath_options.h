// SPDX-License-Identifier: Apache-2.0
//
// The datapath's options from the configuration. Pure.
#pragma once

#include "config/config.h"
#include "datapath/loader.h"

namespace namegate::node {

inline datapath::DatapathOptions datapath_options(const config::Config& config) {
    datapath::DatapathOptions options;
    options.bpffs_dir = config.bpffs_dir;
    options.learnt_per_endpoint = config.learnt_per_endpoint;
    options.flows_per_endpoint = config.flows_per_endpoint;
    return options;
}

}  // namespace namegate::node
