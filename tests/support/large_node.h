// SPDX-License-Identifier: Apache-2.0
//
// A node with many endpoints and many policy files, and the real daemon: how long it takes to start, and how long a
// changed file takes until it is in force on the endpoints that it affects. The endpoints are on veths
// that lead nowhere; they were made before there was a policy, by the same calls that the plugin makes. Needs a
// separate node.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "datapath/endpoint_writer.h"
#include "netns/daemon/node.h"
#include "node/endpoint_service.h"
#include "node/settings.h"

namespace namegate::test {

struct LargeNodeShape {
    unsigned endpoints = 250;
    unsigned policies = 1000;  // each of one endpoint, except the first ten, which select a tenth of them each
    unsigned sets_per_policy = 10;
    unsigned domains_per_set = 10;

    unsigned domains() const { return policies * sets_per_policy * domains_per_set; }
};

class LargeNode {
  public:
    static constexpr unsigned kZones = 10;

    explicit LargeNode(const LargeNodeShape& shape) : shape_(shape) {
        config_ = take(config::load_config(node_.config_path()));
        make_interfaces();
        const auto service = take(node::EndpointService::create(config_, clock_));
        for (unsigned i = 0; i < shape_.endpoints; ++i) {
            endpoints::Record record = record_of(i);
            take(service->add(record));
            slots_.push_back(record.slot);
        }
        datapath_ = take(datapath::Datapath::open(node::datapath_options(config_)));
        for (unsigned p = 0; p < shape_.policies; ++p) {
            write_policy(p, 443);
            write_sets(p, 0);
        }
    }
    ~LargeNode() {
        node_.stop(SIGTERM);
        static_cast<void>(datapath_->remove());
        run_command("for i in $(ls /sys/class/net | grep ^ngscale); do ip link del $i; done");
    }
    LargeNode(const LargeNode&) = delete;
    LargeNode& operator=(const LargeNode&) = delete;
    LargeNode(LargeNode&&) = delete;
    LargeNode& operator=(LargeNode&&) = delete;

    DaemonNode& daemon() { return node_; }
    const LargeNodeShape& shape() const { return shape_; }

    // Until it replies and every endpoint is enforced.
    std::chrono::duration<double, std::milli> start() {
        const auto begin = std::chrono::steady_clock::now();
        node_.start();
        const auto took = std::chrono::steady_clock::now() - begin;
        for (const ng_endpoint_config& config : configs()) {
            if (config.mode != NG_MODE_ENFORCED) {
                throw std::runtime_error("an endpoint is not enforced: " + node_.log());
            }
        }
        return took;
    }

    // Policy `number` with another port, or its sets with other domains: written and synced, and put into the folder when the change
    // is called.
    using Change = std::function<void()>;
    Change policy_change(unsigned number, unsigned port) const {
        const std::string n = std::to_string(number);
        const std::string selector = number < kZones ? "zone == \"z" + n + "\"" : "app == \"app-" + std::to_string(owner(number)) + "\"";
        return staged("policy-" + n + ".yaml",
                      "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata:\n  name: policy-" + n +
                          "\nspec:\n  order: " + n + "\n  selector: " + selector +
                          "\n  types: [Egress]\n  egress:\n  - action: Allow\n    protocol: UDP\n    destination:\n      ports: [53]\n"
                          "  - action: Allow\n    protocol: TCP\n    destination:\n      selector: group == \"g" +
                          n + "\"\n      ports: [" + std::to_string(port) + "]\n");
    }
    Change sets_change(unsigned policy, unsigned version) const {
        std::string content;
        for (unsigned s = 0; s < shape_.sets_per_policy; ++s) {
            const std::string name = std::to_string(policy) + "-" + std::to_string(s);
            content += "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  name: set-" + name +
                       "\n  labels:\n    group: g" + std::to_string(policy) + "\n    team: t" + std::to_string(s) +
                       "\nspec:\n  allowedEgressDomains:\n";
            for (unsigned d = 0; d < shape_.domains_per_set; ++d) {
                content += "  - host-" + std::to_string(d) + "-v" + std::to_string(version) + ".set-" + name + ".example.com\n";
            }
        }
        return staged("sets-" + std::to_string(policy) + ".yaml", content);
    }
    void write_policy(unsigned number, unsigned port) const { policy_change(number, port)(); }
    void write_sets(unsigned policy, unsigned version) const { sets_change(policy, version)(); }
    // Endpoints, by number, that a policy and its sets affect.
    std::set<unsigned> affected(unsigned policy) const {
        if (policy >= kZones) {
            return {owner(policy)};
        }
        std::set<unsigned> out;
        for (unsigned i = policy; i < shape_.endpoints; i += kZones) {
            out.insert(i);
        }
        return out;
    }

    // In the kernel now, by endpoint number.
    std::vector<ng_endpoint_config> configs() {
        std::vector<ng_endpoint_config> out;
        for (const std::uint32_t slot : slots_) {
            out.push_back(take(datapath::active_config(*datapath_, slot)).value());
        }
        return out;
    }
    // Milliseconds from the change until all of the endpoints have another policy in force.
    double until_in_force(const std::set<unsigned>& endpoints, const Change& change) {
        const std::vector<ng_endpoint_config> before = configs();
        const auto begin = std::chrono::steady_clock::now();
        change();
        for (const unsigned i : endpoints) {
            while (take(datapath::active_config(*datapath_, slots_[i])).value().generation == before[i].generation) {
                if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(30)) {
                    throw std::runtime_error("a change does not come into force: " + node_.log());
                }
                std::this_thread::sleep_for(std::chrono::microseconds(300));
            }
        }
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    }

  private:
    static void take(Result<> result) {
        if (!result) {
            throw std::runtime_error(result.error().message());
        }
    }
    template <typename T>
    static T take(Result<T> result) {
        if (!result) {
            throw std::runtime_error(result.error().message());
        }
        return std::move(result).value();
    }
    Change staged(const std::string& name, const std::string& content) const {
        const std::string beside = node_.folder() + "/" + name;
        DaemonNode::write(beside, content);
        return [beside, to = node_.policies() + "/" + name] {
            if (std::rename(beside.c_str(), to.c_str()) != 0) {
                throw std::runtime_error("a policy file cannot be renamed into its folder");
            }
        };
    }
    unsigned owner(unsigned policy) const { return policy % shape_.endpoints; }

    void make_interfaces() const {
        const std::string batch = node_.folder() + "/links";
        std::ofstream out(batch);
        for (unsigned i = 0; i < shape_.endpoints; ++i) {
            out << "link add ngscale" << i << " index " << 1000 + i << " type veth peer name ngother" << i << "\n";
        }
        out.close();
        must_run("ip -batch " + batch);
    }
    static endpoints::Record record_of(unsigned i) {
        const auto octet = [i](unsigned shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
        endpoints::Record record;
        record.container_id = "scale" + std::to_string(i);
        record.ifname = "eth0";
        record.host_ifname = "ngscale" + std::to_string(i);
        record.host_ifindex = 1000 + i;
        record.netns = "/run/netns/none";
        record.addresses = {IpAddress::v4({10, 1, octet(8), octet(0)})};
        record.mac = {2, 0, 0, 0, octet(8), octet(0)};
        record.pod_namespace = "default";
        record.pod_name = record.container_id;
        record.described["cni-args"].labels =
            endpoints::Labels{{"app", "app-" + std::to_string(i)}, {"zone", "z" + std::to_string(i % kZones)}};
        record.network = "scale";
        return record;
    }

    LargeNodeShape shape_;
    DaemonNode node_;
    config::Config config_;
    SystemClock clock_;
    std::unique_ptr<datapath::Datapath> datapath_;
    std::vector<std::uint32_t> slots_;
};

}  // namespace namegate::test
