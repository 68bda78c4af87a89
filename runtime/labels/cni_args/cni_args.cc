// SPDX-License-Identifier: Apache-2.0
#include "labels/cni_args/cni_args.h"

#include "labels/names.h"

namespace namegate::labels {
namespace {

class CniArgs final : public Provider {
  public:
    std::string_view name() const override { return kCniArgs; }
    Reply labels(const endpoints::Record& record) const override {
        if (const Labels* own = record.labels_of(kCniArgs); own != nullptr) {
            return std::optional<Labels>(*own);
        }
        return record.kubernetes ? std::nullopt : std::optional<Labels>(Labels());
    }
};

}  // namespace

std::unique_ptr<Provider> make_cni_args(const ProviderSettings& /*settings*/) { return std::make_unique<CniArgs>(); }

}  // namespace namegate::labels
