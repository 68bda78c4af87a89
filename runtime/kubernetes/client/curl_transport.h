// SPDX-License-Identifier: Apache-2.0
//
// Transport over HTTPS by libcurl, whose sockets and timer are in one epoll set. The server's certificate is always verified, by the
// authority of the credentials alone. No redirect is followed and no proxy used. Owns the connections, which later requests use again.
// One thread; nothing blocks, except reading the credentials from disk: the owner polls fd() and calls work(). A host name instead of
// an address is resolved by a thread that libcurl starts and ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "kubernetes/client/access.h"
#include "kubernetes/client/transport.h"

namespace namegate::kubernetes {

inline constexpr std::chrono::seconds kConnectTimeout{10};

class CurlTransport final : public Transport {
  public:
    // The process ignores SIGPIPE from now on.
    static Result<std::unique_ptr<CurlTransport>> create(ReadCredentials read_credentials);
    ~CurlTransport() override;
    CurlTransport(const CurlTransport&) = delete;
    CurlTransport& operator=(const CurlTransport&) = delete;
    CurlTransport(CurlTransport&&) = delete;
    CurlTransport& operator=(CurlTransport&&) = delete;

    Result<Transfer> start(const HttpRequest& request, HttpReceiver& receiver) override;
    void cancel(Transfer transfer) override;

    // Readable when work() has something to do. The descriptor never changes.
    int fd() const { return poll_.get(); }
    // Does what can be done now, and calls the receivers.
    void work();
    // Makes fd() readable at this time on CLOCK_BOOTTIME, for the work of the owner.
    void wake_at(std::uint64_t boot_ns) const;
    // Of the last request; empty: there was none.
    const std::string& server() const { return server_; }

  private:
    struct Call;
    struct Curl;  // libcurl's handle, and its callbacks

    CurlTransport(ReadCredentials read_credentials, Fd poll, Fd timer, Fd alarm);
    void finish_calls();

    const ReadCredentials read_credentials_;
    const Fd poll_;
    const Fd timer_;  // libcurl's
    const Fd alarm_;  // of wake_at()
    std::string server_;
    std::unique_ptr<Curl> curl_;
    std::map<Transfer, std::unique_ptr<Call>> calls_;
    Transfer last_ = 0;
};

}  // namespace namegate::kubernetes
