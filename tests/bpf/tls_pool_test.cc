// SPDX-License-Identifier: Apache-2.0
//
// The buffers of connections whose TLS name is not known: limits of an endpoint and of the node, and how they end (T9).
#include <catch2/catch.hpp>

#include <memory>

#include "tls_connection.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const Bytes kBegun(kGoodHello.begin(), kGoodHello.begin() + 20);

// The buffers that the endpoint in the slot holds.
std::uint32_t buffers_of(TlsScene& scene, std::uint32_t slot) {
    const int fd = must(scene.scene.datapath().map(datapath::MapId::kHelloShares));
    return must(datapath::map_lookup<std::uint32_t>(fd, slot)).value();
}

// As if no byte had come for this long.
void leave_idle(TlsScene& scene, std::uint32_t seconds) {
    const Fd inner = must(scene.scene.datapath().inner_map(datapath::MapId::kHelloBuffers, 0));
    for (auto& [number, buffer] : must(datapath::map_entries<std::uint32_t, ng_hello_buffer>(inner.get()))) {
        if (buffer.owner != 0) {
            buffer.used -= static_cast<std::uint32_t>((std::uint64_t{seconds} * 1000000000) >> NG_TICK_SHIFT);
            must(datapath::map_update(inner.get(), number, buffer));
        }
    }
}

}  // namespace

TEST_CASE("T9: idle connections need no buffer, and an endpoint holds a limited number", "[T9+][T9-]") {
    TlsScene scene({tls_rule("require", "api.example.com")});
    const std::uint32_t slot = scene.scene.identity().slot;
    const std::uint32_t before = buffers_of(scene, slot);  // of an endpoint that had the slot before: the last to be taken
    std::vector<std::unique_ptr<TlsConnection>> connections;
    for (int i = 0; i < 300; ++i) {
        connections.push_back(std::make_unique<TlsConnection>(scene));
        connections.back()->open();
    }
    CHECK(buffers_of(scene, slot) == before);
    int waiting = 0;
    for (const auto& connection : connections) {
        waiting += connection->data(0, kBegun).passed() ? 0 : 1;
    }
    CHECK(buffers_of(scene, slot) == NG_HELLO_BUFFERS_OF_ONE);
    CHECK(waiting == 300 - NG_HELLO_BUFFERS_OF_ONE);
    CHECK(scene.count(NG_R_TLS_WAITS) == static_cast<std::uint64_t>(waiting));
    // Each that ends makes room for another, whose segment comes again.
    for (const auto& connection : connections) {
        if (connection->data(0, kGoodHello).passed()) {
            CHECK(connection->server(count_of(kGoodHello), server_hello()).passed());
        }
    }
    for (const auto& connection : connections) {
        if (connection->data(0, kGoodHello).passed() && buffers_of(scene, slot) > 0) {
            CHECK(connection->server(count_of(kGoodHello), server_hello()).passed());
        }
    }
    CHECK(buffers_of(scene, slot) == 0);
    CHECK(buffers_of(scene, NG_HELLO_SUM) == 0);
}

TEST_CASE("T9: a denied connection, a new SYN and a decided one give their buffers back") {
    TlsScene scene({tls_rule("verify", "api.example.com")});
    const std::uint32_t slot = scene.scene.identity().slot;
    const std::uint32_t before = buffers_of(scene, slot);
    TlsConnection denied(scene);
    denied.open();
    CHECK(denied.data(0, kBegun).passed());
    CHECK(buffers_of(scene, slot) == before + 1);
    CHECK(denied.data(20, Bytes(100, 0xff)).dropped());
    CHECK(buffers_of(scene, slot) == before);
    TlsConnection again(scene);
    again.open();
    CHECK(again.data(0, kBegun).passed());
    CHECK(again.syn(60000).passed());
    CHECK(buffers_of(scene, slot) == before);
    TlsConnection plain(scene);
    plain.open();
    CHECK(plain.data(0, {'S', 'S', 'H'}).passed());
    CHECK(buffers_of(scene, slot) == before + 1);
    CHECK(plain.server(3, {'S', 'S', 'H'}).passed());
    CHECK(buffers_of(scene, slot) == before);
}

TEST_CASE("T9: a connection that sends nothing for too long loses its buffer to another, and is then denied") {
    TlsScene scene({tls_rule("require", "api.example.com")});
    const std::uint32_t slot = scene.scene.identity().slot;
    std::vector<std::unique_ptr<TlsConnection>> slow;
    for (std::uint32_t i = 0; i < NG_HELLO_BUFFERS_OF_ONE; ++i) {
        slow.push_back(std::make_unique<TlsConnection>(scene));
        slow.back()->open();
        CHECK(slow.back()->data(0, kBegun).passed());
    }
    CHECK(buffers_of(scene, slot) == NG_HELLO_BUFFERS_OF_ONE);
    leave_idle(scene, NG_HELLO_SECONDS - 1);
    CHECK(slow.front()->data(20, {kGoodHello.begin() + 20, kGoodHello.end()}).passed());  // still its own
    leave_idle(scene, 2);
    // The share is full, so an idle one of its own makes room.
    TlsConnection fresh(scene);
    fresh.open();
    CHECK(fresh.talks(kGoodHello));
    int denied = 0;
    for (const auto& connection : slow) {
        denied += connection->data(0, kGoodHello).dropped() ? 1 : 0;
    }
    CHECK(denied >= 1);
    CHECK(scene.count(NG_R_TLS_UNKNOWN) >= 1);
}

TEST_CASE("T9: the configuration sets how many connections the node has room for") {
    datapath::DatapathOptions options;
    options.hello_buffers = 16;
    TlsScene scene({tls_rule("require", "api.example.com")}, {}, {}, options);
    std::vector<std::unique_ptr<TlsConnection>> connections;
    int waiting = 0;
    for (int i = 0; i < 60; ++i) {
        connections.push_back(std::make_unique<TlsConnection>(scene));
        connections.back()->open();
        waiting += connections.back()->data(0, kBegun).passed() ? 0 : 1;
    }
    // With half of them in use, they are scarce.
    CHECK(buffers_of(scene, scene.scene.identity().slot) == NG_HELLO_BUFFERS_OF_ONE_SCARCE);
    CHECK(waiting == 60 - NG_HELLO_BUFFERS_OF_ONE_SCARCE);
    const Fd inner = must(scene.scene.datapath().inner_map(datapath::MapId::kHelloBuffers, 0));
    CHECK(must(datapath::map_entries<std::uint32_t, ng_hello_buffer>(inner.get())).size() == 16);
}
