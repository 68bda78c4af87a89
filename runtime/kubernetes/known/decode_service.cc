// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/decode_service.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kubernetes/known/json_members.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

constexpr const char* kServiceName = "kubernetes.io/service-name";

const Json* array_of(const Json& object, const char* name) { return member(object, name, Json::value_t::array); }

}  // namespace

bool can_be_a_service(const IpAddress& address) {
    const IpAddress::Bytes& bytes = address.bytes();
    if (address.is_v4()) {
        constexpr std::uint8_t kLoopback = 127;
        constexpr std::uint8_t kMulticast = 224;  // and above: reserved, broadcast
        const std::uint8_t first = bytes[12];
        return first != 0 && first != kLoopback && first < kMulticast && !(first == 169 && bytes[13] == 254);
    }
    static const auto loopback = IpAddress::parse("::1");
    return address != IpAddress() && address != *loopback && bytes[0] != 0xff && !(bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80);
}

namespace {

Result<> add_address(const std::string& text, const char* where, std::vector<IpAddress>& out) {
    const auto address = IpAddress::parse(text);
    if (!address || !can_be_a_service(*address)) {
        return ok();
    }
    if (out.size() == kMaxServiceAddresses) {
        return over_limit(where, kMaxServiceAddresses, "addresses");
    }
    out.push_back(*address);
    return ok();
}

Result<> add_addresses(const Json& spec, const char* name, std::vector<IpAddress>& out) {
    const Json* texts = array_of(spec, name);
    if (texts == nullptr) {
        return ok();
    }
    for (const Json& text : *texts) {
        if (text.is_string()) {
            NG_TRY(add_address(text.get_ref<const std::string&>(), name, out));
        }
    }
    return ok();
}

// Addresses with the mode Proxy are not translated on the node, so what is sent there goes to the load balancer.
Result<> add_balancers(const Json& object, std::vector<IpAddress>& out) {
    const Json* status = member(object, "status", Json::value_t::object);
    const Json* balancer = status == nullptr ? nullptr : member(*status, "loadBalancer", Json::value_t::object);
    const Json* ingress = balancer == nullptr ? nullptr : array_of(*balancer, "ingress");
    if (ingress == nullptr) {
        return ok();
    }
    for (const Json& one : *ingress) {
        NG_ASSIGN(const std::string mode, text_of(one, "ipMode"));
        NG_ASSIGN(const std::string text, text_of(one, "ip"));
        if (mode != "Proxy") {
            NG_TRY(add_address(text, "status.loadBalancer", out));
        }
    }
    return ok();
}

Result<std::vector<ServicePort>> ports_of(const Json& object) {
    std::vector<ServicePort> out;
    const Json* ports = array_of(object, "ports");
    if (ports == nullptr) {
        return out;
    }
    for (const Json& port : *ports) {
        ServicePort one;
        NG_ASSIGN(one.name, text_of(port, "name"));
        NG_ASSIGN(const std::string protocol, text_of(port, "protocol"));
        one.protocol = protocol_number(protocol);
        one.port = port_of(port, "port");
        if (one.protocol == 0 || one.port == 0) {
            continue;
        }
        if (out.size() == kMaxServicePorts) {
            return over_limit("ports", kMaxServicePorts, "ports");
        }
        out.push_back(std::move(one));
    }
    return out;
}

// An endpoint whose readiness is unknown counts as ready.
bool is_ready(const Json& endpoint) {
    const Json* conditions = member(endpoint, "conditions", Json::value_t::object);
    return conditions == nullptr || conditions->value("ready", Json()) != false;
}

Result<SliceEndpoint> endpoint_of(const Json& endpoint) {
    SliceEndpoint out;
    if (const Json* addresses = array_of(endpoint, "addresses"); addresses != nullptr) {
        if (addresses->size() > kMaxEndpointAddresses) {
            return over_limit("endpoints.addresses", kMaxEndpointAddresses, "addresses");
        }
        for (const Json& text : *addresses) {
            // The names of a slice of the type FQDN are not addresses.
            if (const auto address = IpAddress::parse(text.is_string() ? text.get_ref<const std::string&>() : std::string()); address) {
                out.addresses.push_back(*address);
            }
        }
    }
    if (const Json* target = member(endpoint, "targetRef", Json::value_t::object); target != nullptr) {
        NG_ASSIGN(const std::string kind, text_of(*target, "kind"));
        NG_ASSIGN(const std::string name_space, text_of(*target, "namespace"));
        NG_ASSIGN(const std::string name, text_of(*target, "name"));
        out.pod = kind == "Pod" ? name_space + "/" + name : "";
    }
    return out;
}

}  // namespace

Result<ServiceFacts> decode_service(const Json& object) {
    ServiceFacts out;
    const Json* spec = member(object, "spec", Json::value_t::object);
    if (spec == nullptr) {
        return Error(Code::kInvalidInput, "spec is missing");
    }
    NG_ASSIGN(const std::string type, text_of(*spec, "type"));
    if (type == "ExternalName") {
        return out;  // only a name
    }
    NG_TRY(add_addresses(*spec, "clusterIPs", out.cluster));
    if (out.cluster.empty()) {
        NG_ASSIGN(const std::string only, text_of(*spec, "clusterIP"));
        NG_TRY(add_address(only, "clusterIP", out.cluster));
    }
    NG_TRY(add_addresses(*spec, "externalIPs", out.external));
    NG_TRY(add_balancers(object, out.external));
    NG_ASSIGN(out.ports, ports_of(*spec));
    return out;
}

Object unreadable_slice(ObjectName name) {
    Object out;
    out.name = std::move(name);
    out.slice.emplace().unreadable = true;
    return out;
}

Result<SliceFacts> decode_slice(const Json& object) {
    SliceFacts out;
    if (const Json* labels = member(object["metadata"], "labels", Json::value_t::object); labels != nullptr) {
        NG_ASSIGN(out.service, text_of(*labels, kServiceName));
    }
    NG_ASSIGN(out.ports, ports_of(object));
    const Json* endpoints = array_of(object, "endpoints");
    if (endpoints == nullptr) {
        return out;
    }
    if (endpoints->size() > kMaxSliceEndpoints) {
        return over_limit("endpoints", kMaxSliceEndpoints, "endpoints");
    }
    for (const Json& endpoint : *endpoints) {
        if (is_ready(endpoint)) {
            NG_ASSIGN(SliceEndpoint one, endpoint_of(endpoint));
            out.endpoints.push_back(std::move(one));
        }
    }
    return out;
}

}  // namespace namegate::kubernetes
