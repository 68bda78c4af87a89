// SPDX-License-Identifier: Apache-2.0
#include "dns/resolv_conf.h"

#include <algorithm>

namespace namegate::dns {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlank));
    line.remove_prefix(word.size());
    return word;
}

// Returns an empty text for a usable server.
std::string why_unusable(std::string_view address, const Result<IpAddress>& parsed) {
    if (address.find('%') != std::string_view::npos) {
        return "an address with a zone is not supported";
    }
    if (!parsed) {
        return parsed.error().message();
    }
    return "";
}

bool is_loopback(const IpAddress& address) {
    static const IpPrefix loopback4 = IpPrefix(IpAddress::v4({127, 0, 0, 0}), 8);
    static const IpPrefix loopback6 = IpPrefix(IpAddress(IpAddress::Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), 128);
    return loopback4.contains(address) || loopback6.contains(address);
}

void add_server(ResolvConf& conf, std::string_view address, const std::string& place) {
    const auto parsed = IpAddress::parse(address);
    const std::string unusable = why_unusable(address, parsed);
    if (!unusable.empty()) {
        conf.warnings.push_back(place + unusable);
        return;
    }
    if (is_loopback(*parsed)) {
        conf.warnings.push_back(place +
                                "pods cannot reach a server on the node's loopback; set dnsTrustedServers to the server that pods use");
    }
    const TrustedServer server{IpPrefix(*parsed, parsed->bits()), kDefaultDnsPort};
    if (std::find(conf.servers.begin(), conf.servers.end(), server) != conf.servers.end()) {
        return;
    }
    if (conf.servers.size() == kMaxResolvConfServers) {
        conf.warnings.push_back(place + "more than " + std::to_string(kMaxResolvConfServers) + " servers; this one is left out");
        return;
    }
    conf.servers.push_back(server);
}

}  // namespace

ResolvConf resolv_conf_servers(std::string_view content) {
    ResolvConf conf;
    if (content.size() > kMaxResolvConfBytes) {
        content = content.substr(0, kMaxResolvConfBytes);
        conf.warnings.push_back("only the first " + std::to_string(kMaxResolvConfBytes) + " bytes are read");
    }
    for (int number = 1; !content.empty(); ++number) {
        const std::size_t end = content.find('\n');
        std::string_view line = content.substr(0, end);
        content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
        if (next_word(line) == "nameserver") {
            add_server(conf, next_word(line), "line " + std::to_string(number) + ": ");
        }
    }
    return conf;
}

}  // namespace namegate::dns
