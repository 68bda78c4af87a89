// SPDX-License-Identifier: Apache-2.0
#include "node/service_servers.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "kubernetes/known/decode_service.h"

namespace namegate::node {

namespace {

using dns::ServiceServer;
using kubernetes::Kind;

class ServerList {
  public:
    ServerList(std::vector<config::NamedServer>& servers, std::vector<std::string>& problems) : servers_(servers), problems_(problems) {
        for (const config::NamedServer& one : servers) {
            ports_.insert(one.server.port);
        }
        ports_.insert(dns::kDefaultDnsPort);  // of the pods' own servers
    }

    void add(const IpAddress& address, std::uint16_t port, const ServiceServer& service) {
        const std::string named_by = "Service " + service.name_space + "/" + service.name;
        const dns::TrustedServer server{IpPrefix(address, address.bits()), port};
        const bool known = std::any_of(servers_.begin(), servers_.end(), [&](const auto& one) { return one.server == server; });
        if (known || !kubernetes::can_be_a_service(address)) {
            return;
        }
        if (servers_.size() >= dns::kMaxTrustedServers || (ports_.count(port) == 0 && ports_.size() >= dns::kMaxTrustedPorts)) {
            const std::string problem = named_by + " has more addresses or ports than can be trusted; some of its endpoints are not";
            if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end()) {
                problems_.push_back(problem);
            }
            return;
        }
        ports_.insert(port);
        servers_.push_back({server, named_by});
    }

  private:
    std::vector<config::NamedServer>& servers_;
    std::vector<std::string>& problems_;
    std::set<std::uint16_t> ports_;
};

// The names of the Service's ports with this number.
std::set<std::string> port_names(const kubernetes::ServiceFacts& facts, std::uint16_t number) {
    std::set<std::string> out;
    for (const kubernetes::ServicePort& port : facts.ports) {
        if (port.port == number) {
            out.insert(port.name);
        }
    }
    return out;
}

void add_endpoints(const kubernetes::Knowledge& known, const ServiceServer& service, const std::set<std::string>& names, ServerList& list) {
    for (const auto& [name, object] : known.all(Kind::kEndpointSlices)) {
        const kubernetes::SliceFacts& slice = *object->slice;
        if (name.name_space != service.name_space || slice.service != service.name) {
            continue;
        }
        for (const kubernetes::ServicePort& port : slice.ports) {
            if (names.count(port.name) == 0) {
                continue;
            }
            for (const kubernetes::SliceEndpoint& endpoint : slice.endpoints) {
                for (const IpAddress& address : endpoint.addresses) {
                    list.add(address, port.port, service);
                }
            }
        }
    }
}

}  // namespace

void add_service_servers(const kubernetes::Knowledge& known, const std::vector<ServiceServer>& services,
                         std::vector<config::NamedServer>& servers, std::vector<std::string>& problems) {
    ServerList list(servers, problems);
    for (const bool endpoints : {false, true}) {
        for (const ServiceServer& service : services) {
            const auto object = known.find(Kind::kServices, service.name_space, service.name);
            const std::set<std::string> names = object ? port_names(*object->service, service.port) : std::set<std::string>();
            if (names.empty()) {
                continue;
            }
            if (endpoints) {
                add_endpoints(known, service, names, list);
                continue;
            }
            for (const IpAddress& address : object->service->cluster) {
                list.add(address, service.port, service);
            }
        }
    }
}

}  // namespace namegate::node
