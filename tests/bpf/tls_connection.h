// SPDX-License-Identifier: Apache-2.0
//
// A TCP connection of the pod to a server whose address a domain opened, segment by segment, for the tests of TLS names.
#pragma once

#include <string>
#include <string_view>

#include "support/tls_hello.h"
#include "traffic.h"

namespace namegate::test {

inline constexpr const char* kShared4 = "192.0.2.80";
inline constexpr const char* kShared6 = "2001:db8::80";
inline constexpr std::uint8_t kUrgent = 0x20;
inline const Bytes kGoodHello = ClientHello("api.example.com").record();
inline const Bytes kEvilHello = ClientHello("bad.example.com").record();  // as long

inline std::uint32_t count_of(const Bytes& bytes) { return static_cast<std::uint32_t>(bytes.size()); }

// "{action: Allow, …}" for the domains, with the annotation namegate.dev/tls. `more`: other fields of the rule.
inline std::string tls_rule(std::string_view mode, std::string_view domains, std::string_view more = "") {
    std::string out = "{action: Allow, metadata: {annotations: {namegate.dev/tls: " + std::string(mode);
    return out + "}}, " + std::string(more) + "destination: {domains: [" + std::string(domains) + "]}}";
}

class TlsScene {
  public:
    // The name api.example.com and the rest of `also` have resolved to the shared addresses.
    explicit TlsScene(std::initializer_list<std::string> rules, std::initializer_list<const char*> also = {},
                      datapath::EndpointPolicies behaviour = {}, const datapath::DatapathOptions& options = {})
        : scene(options.hello_buffers == NG_HELLO_BUFFERS ? Scene() : Scene(Scene::weather_pod(), options)) {
        apply(rules, behaviour);
        learn("api.example.com");
        for (const char* name : also) {
            learn(name);
        }
    }
    void apply(std::initializer_list<std::string> rules, datapath::EndpointPolicies behaviour = {}) {
        std::vector<std::string> all{kAllowDns};
        all.insert(all.end(), rules.begin(), rules.end());
        std::string yaml = egress_policy({});
        yaml.erase(yaml.rfind(" []"));
        yaml += "\n";
        for (const std::string& rule : all) {
            yaml += "  - " + rule + "\n";
        }
        scene.apply(yaml, behaviour);
    }
    bool learn(const char* name) {
        constexpr std::uint16_t kAaaa = 28;
        return scene.resolve(name, {kShared4}) && scene.resolve(DnsMessage::query(name, kAaaa).build(),
                                                                DnsMessage::response(name, kAaaa).ttl(60).aaaa(name, kShared6).build());
    }
    std::uint64_t count(ng_reason reason) { return scene.count(reason); }

    Scene scene;
};

class TlsConnection {
  public:
    static constexpr std::uint32_t kIsn = 1000;
    static constexpr std::uint32_t kServerIsn = 777000;

    explicit TlsConnection(TlsScene& scene, const char* server = kShared4, std::uint16_t port = 0)
        : scene_(&scene.scene), server_(server), port_(port == 0 ? next_port() : port) {}

    RunResult send(std::uint8_t flags, std::uint32_t sequence, const Bytes& data = {}) {
        Packet frame = from_pod(server_).tcp(port_, 443, flags).sequence(sequence, kServerIsn + 1 + heard_);
        return scene_->egress((data.empty() ? frame : frame.payload(data)).build());
    }
    RunResult receive(std::uint8_t flags, std::uint32_t sequence, std::uint32_t acknowledged, const Bytes& data = {}) {
        Packet frame = to_pod(server_).tcp(443, port_, flags).sequence(sequence, acknowledged);
        return scene_->ingress((data.empty() ? frame : frame.payload(data)).build());
    }
    RunResult syn(std::uint32_t isn = kIsn) {
        isn_ = isn;
        return send(kSyn, isn);
    }
    RunResult syn_ack() { return receive(kSyn | kAck, kServerIsn, isn_ + 1); }
    TlsConnection& open(std::uint32_t isn = kIsn) {
        if (!syn(isn).passed() || !syn_ack().passed() || !send(kAck, isn + 1).passed()) {
            throw std::runtime_error("the handshake does not pass");
        }
        return *this;
    }
    // Payload at this offset of the pod's stream.
    RunResult data(std::uint32_t offset, const Bytes& bytes) { return send(kAck | kPsh, isn_ + 1 + offset, bytes); }
    // The server has these many bytes of the stream and sends `bytes`.
    RunResult server(std::uint32_t acknowledged, const Bytes& bytes = {}) {
        const RunResult result = receive(kAck, kServerIsn + 1 + heard_, isn_ + 1 + acknowledged, bytes);
        if (result.passed()) {
            heard_ += static_cast<std::uint32_t>(bytes.size());
        }
        return result;
    }
    // A whole exchange: hello, answer, and then any bytes.
    bool talks(const Bytes& hello) {
        const auto length = static_cast<std::uint32_t>(hello.size());
        return data(0, hello).passed() && server(length, server_hello()).passed() && is_decided(length);
    }
    // Do bytes pass that were never judged, in place of those that were?
    bool is_decided(std::uint32_t length) { return data(0, Bytes(length, 0x99)).passed(); }

    std::uint16_t port() const { return port_; }

  private:
    static std::uint16_t next_port() {
        static std::uint16_t port = 20000;
        return port = port >= 60000 ? 20000 : static_cast<std::uint16_t>(port + 1);
    }

    Scene* scene_;
    const char* server_;
    std::uint16_t port_;
    std::uint32_t isn_ = kIsn;
    std::uint32_t heard_ = 0;  // bytes of the server that passed
};

}  // namespace namegate::test
