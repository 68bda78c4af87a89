// SPDX-License-Identifier: Apache-2.0
//
// The sources of an endpoint's labels, asked in the configured order. If two sources have the same key, the earlier one
// wins. A source that does not know the pod adds nothing. If a source cannot answer yet (kTryAgain), the later ones are
// not asked: its labels are unknown (S8) and would win over theirs. Not thread-safe; each source says whether it blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "endpoints/record.h"

namespace namegate::endpoints {

inline constexpr std::string_view kCniArgsSource = "cni-args";
inline constexpr std::string_view kFilesSource = "files";
inline constexpr std::string_view kContainerdSource = "containerd";

class LabelSource {
  public:
    LabelSource() = default;
    virtual ~LabelSource() = default;
    LabelSource(const LabelSource&) = delete;
    LabelSource& operator=(const LabelSource&) = delete;
    LabelSource(LabelSource&&) = delete;
    LabelSource& operator=(LabelSource&&) = delete;

    virtual std::string_view name() const = 0;
    // nullopt: the source does not know this endpoint.
    virtual Result<std::optional<Labels>> labels(const Record& record) = 0;
};

// The labels from ADD (`args.cni.labels`), read from the record. Never fails. Does not know a Kubernetes pod without
// them, because kubelet passes none.
std::unique_ptr<LabelSource> make_cni_args_source();

// The labels of a Pod document in the policy folders, found by the callback. Does not know an endpoint without a pod
// name.
using FindPodLabels = std::function<std::optional<Labels>(std::string_view pod_namespace, std::string_view pod_name)>;
std::unique_ptr<LabelSource> make_files_source(FindPodLabels find);

// The labels that the daemon or the plugin got from containerd, read from the record. kTryAgain until they are there.
std::unique_ptr<LabelSource> make_containerd_source();

struct ResolvedLabels {
    Labels labels;        // merged
    bool known = false;   // at least one source knows the endpoint
    std::string missing;  // if not empty, what a source waits for: there may be more labels
};

class LabelSources {
  public:
    // kExists when a source of this name was added before.
    Result<> add(std::unique_ptr<LabelSource> source);
    // kExhausted for more than kMaxRecordLabels.
    Result<ResolvedLabels> resolve(const Record& record) const;
    std::vector<std::string> names() const;

  private:
    std::vector<std::unique_ptr<LabelSource>> sources_;
};

}  // namespace namegate::endpoints
