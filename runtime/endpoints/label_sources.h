// SPDX-License-Identifier: Apache-2.0
//
// Where an endpoint's own labels come from: an ordered list of sources, asked in the configured order. On
// one key the earlier source wins. A source that does not know the pod adds nothing. Behind one that cannot answer yet
// (kTryAgain) nobody is asked: what it would say is unknown (S8), and goes before what they say.
// Not thread-safe; sources may block, as each says.
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
    // Nothing: the source answers, and does not know this endpoint.
    virtual Result<std::optional<Labels>> labels(const Record& record) = 0;
};

// The labels that came with ADD (`args.cni.labels`), from the record itself. Never fails. Knows no Kubernetes pod that
// came without: no kubelet passes them.
std::unique_ptr<LabelSource> make_cni_args_source();

// The labels of a dropped-in Pod document, found by the callback. Knows no endpoint without a pod name.
using FindPodLabels = std::function<std::optional<Labels>(std::string_view pod_namespace, std::string_view pod_name)>;
std::unique_ptr<LabelSource> make_files_source(FindPodLabels find);

// What daemon or plugin got from containerd, from the record itself. kTryAgain until one of them has asked.
std::unique_ptr<LabelSource> make_containerd_source();

struct ResolvedLabels {
    Labels labels;        // merged
    bool known = false;   // a source knows the endpoint
    std::string missing;  // not empty: what a source waits for, so that there may be more labels
};

class LabelSources {
  public:
    // kExists for a second source of one name.
    Result<> add(std::unique_ptr<LabelSource> source);
    // Within kMaxRecordLabels.
    Result<ResolvedLabels> resolve(const Record& record) const;
    std::vector<std::string> names() const;

  private:
    std::vector<std::unique_ptr<LabelSource>> sources_;
};

}  // namespace namegate::endpoints
