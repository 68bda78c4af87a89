// SPDX-License-Identifier: Apache-2.0
#include "cni/result.h"

#include <charconv>
#include <utility>

#include "cni/version.h"

namespace namegate::cni {

namespace {

std::string indexed(std::string_view list, std::size_t index) { return std::string(list) + "[" + std::to_string(index) + "]"; }

Result<const Json*> list_member(const Json& object, std::string_view key) {
    const Json* member = find_member(object, key);
    if (member == nullptr) {
        return nullptr;
    }
    if (!member->is_array()) {
        return Error(Code::kInvalidInput, std::string(key) + " must be a list");
    }
    if (member->size() > kMaxResultEntries) {
        return Error(Code::kInvalidInput, std::string(key) + " has more than " + std::to_string(kMaxResultEntries) + " entries");
    }
    return member;
}

Result<std::optional<IpAddress>> parse_gateway(const Json& object, std::string_view key, std::string_view where) {
    NG_ASSIGN(const std::string text, get_string(object, key, where));
    if (text.empty()) {
        return std::optional<IpAddress>();
    }
    auto address = IpAddress::parse(text);
    if (!address) {
        return address.error().with_context(place(where, key));
    }
    return std::optional<IpAddress>(*address);
}

Result<unsigned> parse_length(std::string_view text, unsigned most) {
    unsigned length = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (problem != std::errc() || end != text.data() + text.size() || length > most) {
        return Error(Code::kInvalidInput, "the prefix length must be 0 to " + std::to_string(most));
    }
    return length;
}

// "10.0.0.5/24": an address with the prefix length of its network; host bits are kept.
Result<std::pair<IpAddress, unsigned>> parse_cidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        return Error(Code::kInvalidInput, "\"" + std::string(text) + "\" must have a prefix length, as in 10.0.0.5/24");
    }
    NG_ASSIGN(const IpAddress address, IpAddress::parse(text.substr(0, slash)));
    NG_ASSIGN(const unsigned length, parse_length(text.substr(slash + 1), address.bits()));
    return std::pair<IpAddress, unsigned>(address, length);
}

Result<Interface> parse_interface(const Json& object, const std::string& where) {
    Interface interface;
    NG_ASSIGN(interface.name, get_string(object, "name", where));
    NG_ASSIGN(interface.mac, get_string(object, "mac", where));
    NG_ASSIGN(interface.sandbox, get_string(object, "sandbox", where));
    NG_ASSIGN(interface.mtu, get_unsigned(object, "mtu", where));
    NG_ASSIGN(interface.socket_path, get_string(object, "socketPath", where));
    NG_ASSIGN(interface.pci_id, get_string(object, "pciID", where));
    return interface;
}

Result<IpConfig> parse_ip(const Json& object, const std::string& where, std::size_t interface_count) {
    IpConfig ip;
    NG_ASSIGN(const std::string text, get_string(object, "address", where));
    auto cidr = parse_cidr(text);
    if (!cidr) {
        return cidr.error().with_context(place(where, "address"));
    }
    ip.address = cidr->first;
    ip.prefix_length = cidr->second;
    NG_ASSIGN(ip.gateway, parse_gateway(object, "gateway", where));
    NG_ASSIGN(ip.interface, get_unsigned(object, "interface", where));
    if (ip.interface && *ip.interface >= interface_count) {
        return Error(Code::kInvalidInput, place(where, "interface") + " is " + std::to_string(*ip.interface) + ", and there are " +
                                              std::to_string(interface_count) + " interfaces");
    }
    return ip;
}

Result<Route> parse_route(const Json& object, const std::string& where) {
    Route route;
    NG_ASSIGN(const std::string text, get_string(object, "dst", where));
    auto destination = IpPrefix::parse(text);
    if (!destination) {
        return destination.error().with_context(place(where, "dst"));
    }
    route.destination = *destination;
    NG_ASSIGN(route.gateway, parse_gateway(object, "gw", where));
    NG_ASSIGN(route.mtu, get_unsigned(object, "mtu", where));
    NG_ASSIGN(route.advmss, get_unsigned(object, "advmss", where));
    NG_ASSIGN(route.priority, get_unsigned(object, "priority", where));
    NG_ASSIGN(route.table, get_unsigned(object, "table", where));
    NG_ASSIGN(route.scope, get_unsigned(object, "scope", where));
    return route;
}

Json interface_to_json(const Interface& interface, bool extended) {
    Json object{{"name", interface.name}};
    const auto put = [&object](const char* key, const std::string& value) {
        if (!value.empty()) {
            object[key] = value;
        }
    };
    put("mac", interface.mac);
    put("sandbox", interface.sandbox);
    if (extended) {
        if (interface.mtu) {
            object["mtu"] = *interface.mtu;
        }
        put("socketPath", interface.socket_path);
        put("pciID", interface.pci_id);
    }
    return object;
}

Json ip_to_json(const IpConfig& ip, bool with_version) {
    Json object{{"address", ip.address.to_string() + "/" + std::to_string(ip.prefix_length)}};
    if (with_version) {
        object["version"] = ip.address.is_v4() ? "4" : "6";
    }
    if (ip.gateway) {
        object["gateway"] = ip.gateway->to_string();
    }
    if (ip.interface) {
        object["interface"] = *ip.interface;
    }
    return object;
}

Json route_to_json(const Route& route, bool extended) {
    Json object{{"dst", route.destination.to_string()}};
    if (route.gateway) {
        object["gw"] = route.gateway->to_string();
    }
    if (extended) {
        const auto put = [&object](const char* key, const std::optional<unsigned>& value) {
            if (value) {
                object[key] = *value;
            }
        };
        put("mtu", route.mtu);
        put("advmss", route.advmss);
        put("priority", route.priority);
        put("table", route.table);
        put("scope", route.scope);
    }
    return object;
}

Json dns_to_json(const Dns& dns) {
    Json object = Json::object();
    if (!dns.nameservers.empty()) {
        object["nameservers"] = dns.nameservers;
    }
    if (!dns.domain.empty()) {
        object["domain"] = dns.domain;
    }
    if (!dns.search.empty()) {
        object["search"] = dns.search;
    }
    if (!dns.options.empty()) {
        object["options"] = dns.options;
    }
    return object;
}

}  // namespace

Result<Dns> parse_dns(const Json& object, std::string_view where) {
    if (!object.is_object()) {
        return Error(Code::kInvalidInput, std::string(where) + " must be an object");
    }
    Dns dns;
    NG_ASSIGN(dns.nameservers, get_strings(object, "nameservers", where));
    NG_ASSIGN(dns.domain, get_string(object, "domain", where));
    NG_ASSIGN(dns.search, get_strings(object, "search", where));
    NG_ASSIGN(dns.options, get_strings(object, "options", where));
    return dns;
}

Result<AddResult> parse_result(const Json& object) {
    AddResult result;
    NG_ASSIGN(const Json* interfaces, list_member(object, "interfaces"));
    for (std::size_t i = 0; interfaces != nullptr && i < interfaces->size(); ++i) {
        NG_ASSIGN(Interface interface, parse_interface((*interfaces)[i], indexed("interfaces", i)));
        result.interfaces.push_back(std::move(interface));
    }
    NG_ASSIGN(const Json* ips, list_member(object, "ips"));
    for (std::size_t i = 0; ips != nullptr && i < ips->size(); ++i) {
        NG_ASSIGN(const IpConfig ip, parse_ip((*ips)[i], indexed("ips", i), result.interfaces.size()));
        result.ips.push_back(ip);
    }
    NG_ASSIGN(const Json* routes, list_member(object, "routes"));
    for (std::size_t i = 0; routes != nullptr && i < routes->size(); ++i) {
        NG_ASSIGN(const Route route, parse_route((*routes)[i], indexed("routes", i)));
        result.routes.push_back(route);
    }
    if (const Json* dns = find_member(object, "dns")) {
        NG_ASSIGN(result.dns, parse_dns(*dns, "dns"));
    }
    return result;
}

Json to_json(const AddResult& result, std::string_view version) {
    const bool extended = result_has_extended_fields(version);
    Json object{{"cniVersion", std::string(version)}, {"dns", dns_to_json(result.dns)}};
    for (const Interface& interface : result.interfaces) {
        object["interfaces"].push_back(interface_to_json(interface, extended));
    }
    for (const IpConfig& ip : result.ips) {
        object["ips"].push_back(ip_to_json(ip, result_has_ip_version(version)));
    }
    for (const Route& route : result.routes) {
        object["routes"].push_back(route_to_json(route, extended));
    }
    return object;
}

}  // namespace namegate::cni
