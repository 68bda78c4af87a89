// SPDX-License-Identifier: Apache-2.0
//
// The reply of a command that returns no data: an empty object. Also the first reply of a stream. A value.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct DoneReply {
    bool operator==(const DoneReply&) const = default;
    static constexpr auto fields() { return std::tuple(); }
};

}  // namespace namegate::api
