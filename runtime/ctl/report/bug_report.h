// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl bug-report`: writes a compressed tar file with what a developer needs to know of this node, without secrets
// (redact.h), and of bounded size. docs/bug-report.md lists the content. What cannot be had, because the daemon is dead for example,
// is replaced by the reason. Blocks on the daemon, the disk and the programs that it runs.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/output.h"

namespace namegate::ctl {

inline constexpr std::size_t kMaxReportFileBytes = std::size_t{1} * 1024 * 1024;  // of one file in the report; more is cut
inline constexpr std::size_t kMaxReportRecords = 64;                              // endpoints with their record and their rules

// The files of a report, and what each has.
struct ReportFile {
    std::string_view name;
    std::string_view content;
};
inline constexpr std::array<ReportFile, 13> kReportFiles = {{
    {"README", "this list"},
    {"version.txt", "the versions of namegatectl, the kernel and the distribution"},
    {"status.json", "the reply of `status`, with warnings and counters"},
    {"endpoints.json", "the reply of `endpoints`, without the values of annotations"},
    {"policies.json", "the reply of `policies`"},
    {"rules.json", "the replies of `policies ENDPOINT`, of the first 64 endpoints"},
    {"settings.json", "the settings of namegate.yaml that namegate knows, without comments"},
    {"records.json", "the first 64 endpoint records on the disk, without the values of annotations"},
    {"files.txt", "the names, sizes and times of the files in the folders of namegate"},
    {"bpf-programs.txt", "`bpftool prog show`"},
    {"bpf-maps.txt", "`bpftool map show`"},
    {"bpf-links.txt", "`bpftool link show`"},
    {"journal.txt", "the last 2000 lines that the daemon wrote to the journal"},
}};

int run_bug_report(const Context& context);

}  // namespace namegate::ctl
