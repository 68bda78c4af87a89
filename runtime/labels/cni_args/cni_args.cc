// SPDX-License-Identifier: Apache-2.0
#include "labels/cni_args/cni_args.h"

#include <utility>

#include "labels/names.h"

namespace namegate::labels {
namespace {

class CniArgs final : public Provider {
  public:
    std::string_view name() const override { return kCniArgs; }
    Reply describe(const endpoints::Record& record) const override {
        const Description* own = record.description_of(kCniArgs);
        Description out = own == nullptr ? Description() : *own;
        if (!out.labels && !record.kubernetes) {
            out.labels.emplace();
        }
        return std::optional(std::move(out));
    }
};

}  // namespace

std::unique_ptr<Provider> make_cni_args(const ProviderSettings& /*settings*/) { return std::make_unique<CniArgs>(); }

}  // namespace namegate::labels
