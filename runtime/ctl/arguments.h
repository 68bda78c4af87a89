// SPDX-License-Identifier: Apache-2.0
//
// The command line of namegatectl, parsed with CLI11. A value and a pure function; errors are returned.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::ctl {

enum class Format { kTable, kJson };

struct Arguments {
    std::string text;  // not empty: a help page or the version, which the caller prints before it exits
    std::string command;
    std::vector<std::string> operands;
    std::string socket;  // empty: from the configuration
    std::string config_path;
    Format format = Format::kTable;
    bool all_labels = false;     // of `endpoints`
    bool crds = false;           // of `schema`
    unsigned watch_seconds = 0;  // of the listings; 0: show it once
    // Options of `explain`.
    bool offline = false;
    bool ingress = false;
    std::vector<std::string> policies;  // folders and files instead of the configured folders
    std::vector<std::string> labels;    // "key=value"
    std::string service_account;
    std::string tls_name;
    std::string output_file;  // of `bug-report`; empty: a name with the time
    // Options of `monitor`.
    bool denied = false;
    bool dns = false;
    bool flows = false;
    bool addresses = false;
    std::string name_space;
    std::string pod;
    std::string name;   // a domain pattern
    std::string rule;   // the beginning of a rule's name
    std::string since;  // a time, such as "15m"
    // Options of `suggest`.
    std::string selector;
    std::string from;  // a flow log; empty: the daemon
    std::string span;  // how long, such as "10m"
    bool staged = false;
    bool diff = false;
    bool wildcards = false;
    bool include_denied = false;
};

// kInvalidInput: the message says what is wrong and names the help page.
Result<Arguments> parse_arguments(const std::vector<std::string>& arguments);

}  // namespace namegate::ctl
