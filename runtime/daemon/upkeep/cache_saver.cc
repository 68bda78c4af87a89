// SPDX-License-Identifier: Apache-2.0
#include "daemon/upkeep/cache_saver.h"

namespace namegate::daemon {

Result<> CacheSaver::start(const dns::NameCache& cache, const std::string& path, std::string_view scope) {
    return child_.start_writing([&] { return cache.save(path, scope); }, "name cache not saved");
}

std::optional<Result<>> CacheSaver::outcome(std::optional<int> status) {
    if (!status) {
        return std::nullopt;
    }
    return *status == 0 ? ok() : Result<>(Error(Code::kIo, "the name cache was not saved; see the log"));
}

}  // namespace namegate::daemon
