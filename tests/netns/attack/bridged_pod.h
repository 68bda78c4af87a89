// SPDX-License-Identifier: Apache-2.0
//
// A pod of the reference bridge plugin, with namegate chained behind it, and the bridge. Errors of the test itself throw.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "node.h"
#include "raw_socket.h"
#include "support/packet.h"

namespace namegate::test {

inline constexpr const char* kBridge = "attack0";

// While the object lives. Its addresses do not wait for duplicate detection.
class Bridge {
  public:
    Bridge();
    ~Bridge();
    Bridge(const Bridge&) = delete;
    Bridge& operator=(const Bridge&) = delete;
    Bridge(Bridge&&) = delete;
    Bridge& operator=(Bridge&&) = delete;
};

class BridgedPod {
  public:
    // With the label app=`role`. The bridge is its gateway.
    BridgedPod(const Node& node, const std::string& name, const std::string& role);
    void remove();

    // To the other pod, directly.
    Packet frame_to(const BridgedPod& other) const { return Packet().ethernet(mac, other.mac); }
    const std::string& own(bool v6_) const { return v6_ ? v6 : v4; }
    // Derived from the hardware address.
    std::string link_local() const;

    TestNetns netns;
    Mac mac{};
    std::string v4;
    std::string v6;
    std::string gateway6;  // the bridge
    std::optional<RawSocket> wire;

  private:
    nlohmann::json call(const std::string& command, const nlohmann::json& config, const std::string& program) const;

    const Node& node_;
    std::string name_;
    nlohmann::json bridge_;
    nlohmann::json ours_;
    nlohmann::json result_;
};

}  // namespace namegate::test
