// SPDX-License-Identifier: Apache-2.0
//
// What the tests share: the policy, what a container does first, and reading the result.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "containerd_node.h"

namespace namegate::test {

inline const std::string kAllowWeather =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: weather}\nspec:\n"
    "  selector: app == 'weather-app'\n  types: [Egress]\n  egress:\n"
    "  - {action: Allow, protocol: UDP, destination: {ports: [53]}}\n"
    "  - {action: Allow, destination: {domains: [api.weather.com]}}\n";

// The address of api.weather.com, and an address that no pod looks up.
inline const std::string kWeather = "198.18.0.1";
inline const std::string kOther = "198.18.0.2";

// Shell text; prints whether the address was reached.
inline std::string connect_command(const std::string& target) {
    return "timeout 2 nc " + target + " 443 </dev/null && echo " + target + " reached;";
}

// Both addresses before the name was looked up, and after.
inline std::string first_act() {
    return connect_command(kWeather) + connect_command(kOther) + " nslookup -type=a api.weather.com " + std::string(kServer4) + " | cat; " +
           connect_command(kWeather) + connect_command(kOther);
}

inline std::size_t count(const std::string& text, const std::string& word) {
    std::size_t found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++found;
    }
    return found;
}

template <typename T>
T must(const Result<T>& result, const ContainerdNode& node) {
    INFO((result ? std::string() : result.error().message() + "\n" + node.logs()));
    REQUIRE(result);
    return *result;
}

}  // namespace namegate::test
