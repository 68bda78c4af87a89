// SPDX-License-Identifier: Apache-2.0
#include "cni/version.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace namegate::cni {

namespace {

std::string supported_list() {
    std::string list;
    for (const std::string_view version : kSupportedVersions) {
        list += (list.empty() ? "" : ", ") + std::string(version);
    }
    return list;
}

// The position in kSupportedVersions, which is ordered from old to new.
std::size_t age_index(std::string_view version) {
    const auto* found = std::find(kSupportedVersions.begin(), kSupportedVersions.end(), version);
    return static_cast<std::size_t>(found - kSupportedVersions.begin());
}

std::string_view first_version_with(Command command) {
    switch (command) {
        case Command::kCheck: return "0.4.0";
        case Command::kGc:
        case Command::kStatus: return "1.1.0";
        case Command::kAdd:
        case Command::kDel:
        case Command::kVersion: break;
    }
    return kSupportedVersions.front();
}

}  // namespace

std::string_view to_string(Command command) {
    switch (command) {
        case Command::kAdd: return "ADD";
        case Command::kDel: return "DEL";
        case Command::kCheck: return "CHECK";
        case Command::kGc: return "GC";
        case Command::kStatus: return "STATUS";
        case Command::kVersion: return "VERSION";
    }
    return "";
}

bool is_supported(std::string_view version) { return age_index(version) < kSupportedVersions.size(); }

Outcome<> check_version(std::string_view version, Command command) {
    if (!is_supported(version)) {
        return CniError(ErrorCode::kIncompatibleVersion, "incompatible CNI version",
                        "the configuration has cniVersion \"" + std::string(version) + "\"; use one of " + supported_list());
    }
    const std::string_view first = first_version_with(command);
    if (age_index(version) < age_index(first)) {
        return CniError(ErrorCode::kIncompatibleVersion, "incompatible CNI version",
                        std::string(to_string(command)) + " needs version " + std::string(first) +
                            ", and the configuration has cniVersion \"" + std::string(version) + "\"");
    }
    return Unit{};
}

std::string version_reply(std::string_view asked) {
    nlohmann::ordered_json object;
    object["cniVersion"] = asked.empty() ? std::string(kNewestVersion) : std::string(asked);
    object["supportedVersions"] = kSupportedVersions;
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

bool result_has_ip_version(std::string_view version) { return age_index(version) <= age_index("0.4.0"); }

bool result_has_extended_fields(std::string_view version) { return version == "1.1.0"; }

}  // namespace namegate::cni
