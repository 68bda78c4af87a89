// SPDX-License-Identifier: Apache-2.0
#include "endpoints/label_sources.h"

#include <algorithm>

namespace namegate::endpoints {
namespace {

class CniArgsSource final : public LabelSource {
  public:
    std::string_view name() const override { return kCniArgsSource; }
    Result<std::optional<Labels>> labels(const Record& record) override {
        return record.kubernetes && !record.cni_labels_given ? std::nullopt : std::optional<Labels>(record.cni_labels);
    }
};

class FilesSource final : public LabelSource {
  public:
    explicit FilesSource(FindPodLabels find) : find_(std::move(find)) {}
    std::string_view name() const override { return kFilesSource; }
    Result<std::optional<Labels>> labels(const Record& record) override {
        if (record.pod_name.empty()) {
            return std::optional<Labels>();
        }
        return find_(record.pod_namespace, record.pod_name);
    }

  private:
    FindPodLabels find_;
};

class ContainerdSource final : public LabelSource {
  public:
    std::string_view name() const override { return kContainerdSource; }
    Result<std::optional<Labels>> labels(const Record& record) override {
        if (!record.containerd_labels) {
            return Error(Code::kTryAgain, "the labels are not known yet; namegated asks containerd for them");
        }
        return record.containerd_labels;
    }
};

}  // namespace

std::unique_ptr<LabelSource> make_cni_args_source() { return std::make_unique<CniArgsSource>(); }

std::unique_ptr<LabelSource> make_files_source(FindPodLabels find) { return std::make_unique<FilesSource>(std::move(find)); }

std::unique_ptr<LabelSource> make_containerd_source() { return std::make_unique<ContainerdSource>(); }

Result<> LabelSources::add(std::unique_ptr<LabelSource> source) {
    for (const auto& known : sources_) {
        if (known->name() == source->name()) {
            return Error(Code::kExists, "label source \"" + std::string(source->name()) + "\" is listed twice");
        }
    }
    sources_.push_back(std::move(source));
    return ok();
}

Result<ResolvedLabels> LabelSources::resolve(const Record& record) const {
    ResolvedLabels out;
    for (const auto& source : sources_) {
        const auto own = source->labels(record);
        if (!own) {
            const Error error = own.error().with_context("label source \"" + std::string(source->name()) + "\"");
            if (error.code() != Code::kTryAgain) {
                return error;
            }
            out.known = false;
            out.missing = error.message();
            return out;
        }
        if (own->has_value()) {
            out.known = true;
            out.labels.insert((*own)->begin(), (*own)->end());  // keeps the values of earlier sources
        }
        if (out.labels.size() > kMaxRecordLabels) {
            return Error(Code::kExhausted, "more than " + std::to_string(kMaxRecordLabels) + " labels, the last from label source \"" +
                                               std::string(source->name()) + "\"");
        }
    }
    return out;
}

std::vector<std::string> LabelSources::names() const {
    std::vector<std::string> out;
    for (const auto& source : sources_) {
        out.emplace_back(source->name());
    }
    return out;
}

}  // namespace namegate::endpoints
