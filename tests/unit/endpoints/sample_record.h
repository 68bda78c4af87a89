// SPDX-License-Identifier: Apache-2.0
//
// A record with every field set.
#pragma once

#include <string>

#include "endpoints/record.h"

namespace namegate::test {

inline endpoints::Record sample_record(const std::string& container_id = "0123abc", const std::string& ifname = "eth0") {
    endpoints::Record record;
    record.id = 4'000'000'000U;
    record.slot = 7;
    record.container_id = container_id;
    record.ifname = ifname;
    record.host_ifname = "ng0123456789a";
    record.host_ifindex = 42;
    record.netns = "/run/netns/pod-a";
    record.addresses = {IpAddress::v4({10, 0, 0, 7}), *IpAddress::parse("2001:db8::7")};
    record.mac = {0x02, 0xab, 0, 0, 0, 0xff};
    record.pod_namespace = "default";
    record.pod_name = "weather";
    record.pod_uid = "1b2c";
    record.service_account = "runner";
    record.described["cni-args"] = {endpoints::Labels{{"app", "weather-app"}, {"tier", ""}},
                                    {{"team", "forecast"}, {"kubernetes.io/config.source", "api"}}};
    record.dns_servers = {IpAddress::v4({10, 96, 0, 10}), *IpAddress::parse("fd00::10")};
    record.kubernetes = true;
    record.chained = true;
    record.network = "pods";
    record.created = 1'700'000'000;
    record.ready = true;
    return record;
}

}  // namespace namegate::test
