// SPDX-License-Identifier: Apache-2.0
#include "datapath/query_rules.h"

#include <algorithm>
#include <string>

#include "datapath/map.h"
#include "datapath/pattern_id.h"

namespace namegate::datapath {

namespace {

constexpr std::uint16_t kNameError = 3;  // response codes
constexpr std::uint16_t kRefused = 5;

Error too_many(const char* what, std::size_t number, std::size_t most) {
    return {Code::kInvalidInput, std::to_string(number) + what + std::to_string(most) + " are possible"};
}

}  // namespace

Result<> set_query_rules(Datapath& datapath, const QueryRules& rules) {
    ng_query_rules value{};
    if (rules.types.size() > NG_QUERY_TYPES) {
        return too_many(" record types that may be asked for, at most ", rules.types.size(), NG_QUERY_TYPES);
    }
    if (rules.always.size() > NG_ALWAYS_ALLOWED) {
        return too_many(" names that are always allowed, at most ", rules.always.size(), NG_ALWAYS_ALLOWED);
    }
    std::copy(rules.types.begin(), rules.types.end(), std::begin(value.types));
    value.new_names = rules.new_names;
    value.refusal = rules.refuse ? kRefused : kNameError;
    std::vector<std::uint64_t> keys;
    std::vector<ng_suffix> names;
    for (const policy::DomainPattern& name : rules.always) {
        keys.push_back(pattern_hash(pattern_id(datapath.seed(), name)));
        names.push_back(suffix_of(name));
        value.max_labels = std::max(value.max_labels, static_cast<__u16>(name.suffix_labels().size()));
    }
    NG_ASSIGN(const int always, datapath.map(MapId::kAlwaysNames));
    NG_ASSIGN(const auto present, (map_entries<std::uint64_t, ng_suffix>(always)));
    NG_TRY(map_update_many(always, keys, names));
    NG_ASSIGN(const int settings, datapath.map(MapId::kQueryRules));
    const std::uint32_t zero = 0;
    NG_TRY(map_update(settings, zero, value));
    std::vector<std::uint64_t> stale;
    for (const auto& entry : present) {
        if (std::find(keys.begin(), keys.end(), entry.first) == keys.end()) {
            stale.push_back(entry.first);
        }
    }
    return map_erase_many(always, stale);
}

}  // namespace namegate::datapath
