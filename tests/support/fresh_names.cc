// SPDX-License-Identifier: Apache-2.0
#include "support/fresh_names.h"

#include <charconv>
#include <system_error>

namespace namegate::test {

namespace {

constexpr unsigned kMaxChainLength = 8;

// "f<index>x<chain>.<suffix>".
struct FreshName {
    unsigned index = 0;
    unsigned chain = 0;
    std::string suffix;
};

std::optional<FreshName> parse_fresh(const std::string& name) {
    const std::size_t dot = name.find('.');
    const std::size_t cross = name.find('x');
    if (name.empty() || name[0] != 'f' || dot == std::string::npos || cross == std::string::npos || cross > dot) {
        return std::nullopt;
    }
    FreshName out;
    const char* text = name.data();
    const auto index = std::from_chars(text + 1, text + cross, out.index);
    const auto chain = std::from_chars(text + cross + 1, text + dot, out.chain);
    if (index.ec != std::errc() || index.ptr != text + cross || chain.ec != std::errc() || chain.ptr != text + dot) {
        return std::nullopt;
    }
    out.suffix = name.substr(dot + 1);
    return out;
}

}  // namespace

DnsMessage start_answer(const WorldQuestion& question) {
    DnsMessage message = DnsMessage::response(question.name, question.type);
    message.id(question.id);
    return message;
}

std::optional<Bytes> answer_fresh(const WorldQuestion& question, const std::string& name) {
    const auto fresh = parse_fresh(name);
    if (!fresh) {
        return std::nullopt;
    }
    DnsMessage message = start_answer(question);
    std::string owner = question.name;
    for (unsigned i = 0; i < fresh->chain && i < kMaxChainLength; ++i) {
        const std::string target = "t" + std::to_string(fresh->index) + "-" + std::to_string(i) + ".cdn." + fresh->suffix;
        message.cname(owner, target);
        owner = target;
    }
    if (question.type == kTypeA) {
        message.a(owner, World::fresh_address(fresh->index, false).to_string());
    } else if (question.type == kTypeAaaa) {
        message.aaaa(owner, World::fresh_address(fresh->index, true).to_string());
    }
    return message.build();
}

std::string World::fresh_name(unsigned index, unsigned chain, std::string_view suffix) {
    return "f" + std::to_string(index) + "x" + std::to_string(chain) + "." + std::string(suffix);
}

IpAddress World::fresh_address(unsigned index, bool v6) {
    IpAddress::Bytes bytes = (v6 ? IpAddress::parse("2001:db8:1::") : IpAddress::parse("198.18.0.0"))->bytes();
    for (std::size_t i = 0; i < 3; ++i) {
        bytes[15 - i] = static_cast<std::uint8_t>(bytes[15 - i] + (index >> (8 * i) & 0xffU));
    }
    return IpAddress(bytes);
}

}  // namespace namegate::test
