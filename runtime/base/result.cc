// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace namegate {

std::string_view to_string(Code code) {
    switch (code) {
        case Code::kInvalidInput: return "invalid input";
        case Code::kNotFound: return "not found";
        case Code::kExists: return "exists";
        case Code::kTryAgain: return "try again";
        case Code::kLabelsUnknown: return "labels unknown";
        case Code::kPermission: return "permission";
        case Code::kExhausted: return "limit reached";
        case Code::kUnsupported: return "unsupported";
        case Code::kIo: return "i/o";
        case Code::kInternal: return "internal";
    }
    return "unknown";
}

Error Error::with_context(std::string_view context) const {
    std::string message(context);
    message += ": ";
    message += message_;
    return {code_, std::move(message), sys_errno_};
}

Error sys_error(std::string_view what, int sys_errno) {
    Code code = Code::kIo;
    switch (sys_errno) {
        case ENOENT:
        case ESRCH:
        case ENODEV: code = Code::kNotFound; break;
        case EEXIST: code = Code::kExists; break;
        case EAGAIN:
        case EBUSY:
        case EINTR: code = Code::kTryAgain; break;
        case EPERM:
        case EACCES:
        case EROFS: code = Code::kPermission; break;
        case ENOSPC:
        case E2BIG:
        case EMFILE:
        case ENFILE:
        case ENOMEM: code = Code::kExhausted; break;
        default: break;
    }
    char buffer[128];
    std::string message(what);
    message += ": ";
    message += strerror_r(sys_errno, buffer, sizeof buffer);
    return {code, std::move(message), sys_errno};
}

}  // namespace namegate
