// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/kept_services.h"

#include <nlohmann/json.hpp>

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

Json ports_json(const std::vector<ServicePort>& ports) {
    Json out = Json::array();
    for (const ServicePort& port : ports) {
        out.push_back({port.name, port.protocol, port.port});
    }
    return out;
}

std::vector<ServicePort> ports_from(const Json& json) {
    std::vector<ServicePort> out;
    for (const Json& port : json) {
        out.push_back({port.at(0).get<std::string>(), port.at(1).get<std::uint8_t>(), port.at(2).get<std::uint16_t>()});
    }
    return out;
}

}  // namespace

Json addresses_json(const std::vector<IpAddress>& addresses) {
    Json out = Json::array();
    for (const IpAddress& address : addresses) {
        out.push_back(address.to_string());
    }
    return out;
}

std::vector<IpAddress> addresses_from(const Json& json) {
    std::vector<IpAddress> out;
    for (const Json& text : json) {
        if (const auto address = IpAddress::parse(text.get<std::string>()); address) {
            out.push_back(*address);
        }
    }
    return out;
}

Json to_json(const ServiceFacts& service) {
    return {
        {"cluster", addresses_json(service.cluster)}, {"external", addresses_json(service.external)}, {"ports", ports_json(service.ports)}};
}

ServiceFacts service_from(const Json& json) {
    return {addresses_from(json.at("cluster")), addresses_from(json.at("external")), ports_from(json.at("ports"))};
}

Json to_json(const SliceFacts& slice) {
    Json endpoints = Json::array();
    for (const SliceEndpoint& endpoint : slice.endpoints) {
        endpoints.push_back({endpoint.pod, addresses_json(endpoint.addresses)});
    }
    return {{"unreadable", slice.unreadable},
            {"service", slice.service},
            {"ports", ports_json(slice.ports)},
            {"endpoints", std::move(endpoints)}};
}

SliceFacts slice_from(const Json& json) {
    SliceFacts out{json.at("unreadable").get<bool>(), json.at("service").get<std::string>(), ports_from(json.at("ports")), {}};
    for (const Json& endpoint : json.at("endpoints")) {
        out.endpoints.push_back({addresses_from(endpoint.at(1)), endpoint.at(0).get<std::string>()});
    }
    return out;
}

}  // namespace namegate::kubernetes
