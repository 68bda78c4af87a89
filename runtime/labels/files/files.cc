// SPDX-License-Identifier: Apache-2.0
#include "labels/files/files.h"

#include <utility>

#include "labels/names.h"

namespace namegate::labels {
namespace {

class Files final : public Provider {
  public:
    explicit Files(FindPod find) : find_(std::move(find)) {}
    std::string_view name() const override { return kFiles; }
    Reply describe(const endpoints::Record& record) const override {
        if (record.pod_name.empty() || !find_) {
            return std::optional<Description>();
        }
        return find_(record.pod_namespace, record.pod_name);
    }

  private:
    FindPod find_;
};

}  // namespace

std::unique_ptr<Provider> make_files(const ProviderSettings& settings) { return std::make_unique<Files>(settings.find_pod); }

}  // namespace namegate::labels
