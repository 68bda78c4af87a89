// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/health.h"

#include "base/log.h"

namespace namegate::daemon {

void Health::report(const std::string& subject, const Result<>& result) {
    if (result) {
        if (problems_.erase(subject) > 0) {
            log::info("recovered", {log::kv("subject", subject)});
        }
        return;
    }
    std::string& known = problems_[subject];
    if (known != result.error().message()) {
        known = result.error().message();
        log::error("degraded", {log::kv("subject", subject), log::kv("error", known)});
    }
}

}  // namespace namegate::daemon
