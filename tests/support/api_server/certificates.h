// SPDX-License-Identifier: Apache-2.0
//
// An authority that lives as long as a test, and certificates that it issues. Errors throw.
#pragma once

#include <memory>
#include <string>

namespace namegate::test {

struct Certificate {
    std::string pem;
    std::string key;  // PEM
};

class Authority {
  public:
    explicit Authority(const std::string& name);
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    Authority(Authority&&) = delete;
    Authority& operator=(Authority&&) = delete;

    std::string pem() const;
    // `address`: the IP address for which a server's certificate is; empty: that of a client.
    Certificate issue(const std::string& name, const std::string& address) const;

  private:
    struct Own;
    std::unique_ptr<Own> own_;
};

}  // namespace namegate::test
