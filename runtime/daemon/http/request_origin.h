// SPDX-License-Identifier: Apache-2.0
//
// Which requests a web browser may have been misled to send. A page of any site can let a browser on this node, or on a machine
// that reaches it, send requests here, and by DNS rebinding it can read the responses: then the Host header has a name of the
// attacker. So a Host header has to be the address on which the server listens, or a name of the loopback, and an Origin header has
// to be that same host. Pure.
#pragma once

#include <optional>

#include "config/listen_address.h"
#include "daemon/http/message.h"

namespace namegate::daemon {

// Empty: the request is accepted. Otherwise the response that refuses it.
//
// A server on all addresses (0.0.0.0 or ::) accepts every IP address as host, but no name. The port of the Host header is not
// compared, because a tunnel may have another one.
std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, const config::ListenAddress& listens_on);

}  // namespace namegate::daemon
