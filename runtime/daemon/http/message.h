// SPDX-License-Identifier: Apache-2.0
//
// An HTTP request and its response, as handlers see them. Values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace namegate::daemon {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

inline constexpr unsigned kHttpOk = 200;
inline constexpr unsigned kHttpBadRequest = 400;
inline constexpr unsigned kHttpForbidden = 403;
inline constexpr unsigned kHttpNotFound = 404;
inline constexpr unsigned kHttpMethodNotAllowed = 405;
inline constexpr unsigned kHttpContentTooLarge = 413;
inline constexpr unsigned kHttpMisdirected = 421;
inline constexpr unsigned kHttpInternalError = 500;
inline constexpr unsigned kHttpUnavailable = 503;

inline constexpr const char* kTextPlain = "text/plain; charset=utf-8";

struct HttpRequest {
    std::string path;      // decoded, without the query
    HttpFields arguments;  // of the query, decoded
    HttpFields headers;    // as sent, repeated ones too

    // The first argument with this name. Empty: there is none.
    std::string_view argument(std::string_view name) const;
    // The first header with this name, in whatever case. Empty: there is none.
    std::string_view header(std::string_view name) const;
};

struct HttpResponse {
    unsigned status = kHttpOk;
    std::string content_type = kTextPlain;
    HttpFields headers;  // besides Content-Type, Content-Length, and those that the server always sends
    std::string body;
};

}  // namespace namegate::daemon
