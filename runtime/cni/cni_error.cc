// SPDX-License-Identifier: Apache-2.0
#include "cni/cni_error.h"

#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "cni/version.h"

namespace namegate::cni {

ErrorCode to_cni_code(Code code) {
    switch (code) {
        case Code::kInvalidInput: return ErrorCode::kInvalidConfig;
        case Code::kTryAgain:
        case Code::kLabelsUnknown: return ErrorCode::kTryAgain;
        case Code::kIo: return ErrorCode::kIo;
        case Code::kExists: return ErrorCode::kAlreadyExists;
        case Code::kUnsupported: return ErrorCode::kUnsupportedField;
        case Code::kInternal: return ErrorCode::kInternal;
        // Not kUnknownContainer: it would tell the runtime that no DEL is needed.
        case Code::kNotFound:
        case Code::kPermission:
        case Code::kExhausted: return ErrorCode::kFailed;
    }
    return ErrorCode::kInternal;
}

std::string to_json(const CniError& error, const std::string& cni_version) {
    nlohmann::ordered_json object;
    object["cniVersion"] = cni_version.empty() ? std::string(kNewestVersion) : cni_version;
    object["code"] = error.code;
    // Messages may quote input in any encoding, and runtimes write them to their logs unchanged.
    object["msg"] = printable(error.message);
    if (!error.details.empty()) {
        object["details"] = printable(error.details);
    }
    return object.dump(4, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace namegate::cni
