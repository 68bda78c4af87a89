// SPDX-License-Identifier: Apache-2.0
//
// One trusted server as the configuration writes it, and the same bytes as a resolv.conf.
#include "dns/trusted_servers.h"

#include "dns/resolv_conf.h"
#include "fuzz/target.h"

using namespace namegate;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    const dns::ResolvConf conf = dns::resolv_conf_servers(text);
    fuzz::require(conf.servers.size() <= dns::kMaxResolvConfServers, "servers of a file are bounded");
    const auto server = dns::parse_trusted_server(text);
    if (!server) {
        fuzz::require(!server.error().message().empty(), "an error has a message");
        return 0;
    }
    fuzz::require(server->port != 0, "a port is not 0");
    const auto again = dns::parse_trusted_server(server->to_string());
    fuzz::require(again && *again == *server, "the text of a server parses to the same server");
    return 0;
}
