// SPDX-License-Identifier: Apache-2.0
#include "config/kubelet_dns.h"

#include "base/file.h"
#include "policy/documents/cursor.h"
#include "policy/documents/document.h"

namespace namegate::config {
namespace {

using policy::Cursor;

constexpr std::string_view kServersArgument = "--cluster-dns";
constexpr std::string_view kDomainArgument = "--cluster-domain";
constexpr std::size_t kMaxQuotedServerBytes = 64;

Error invalid(const std::string& place, std::string_view text) {
    return {Code::kInvalidInput,
            place + ": \"" + std::string(text.substr(0, kMaxQuotedServerBytes)) + "\" is not the address of a DNS server"};
}

Result<> add(std::vector<IpAddress>& out, const std::string& place, std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (!address) {
        return invalid(place, text);
    }
    if (out.size() == kMaxClusterDns) {
        return Error(Code::kExhausted, place + ": more than " + std::to_string(kMaxClusterDns) + " DNS servers");
    }
    out.push_back(*address);
    return ok();
}

// The value of the argument without quotes; nullopt if the line is another argument.
std::optional<std::string_view> argument_value(std::string_view line, std::string_view argument) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.substr(0, argument.size()) != argument) {
        return std::nullopt;
    }
    line.remove_prefix(argument.size());
    const std::size_t begin = line.find_first_not_of("= \t\"'");
    const std::size_t end = line.find_last_not_of(" \t\r\"'");
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin, end - begin + 1);
}

// The values of an argument, with the numbers of their lines; empty: it is not there.
struct ArgumentValue {
    int line;
    std::string_view value;
};
std::vector<ArgumentValue> argument_values(std::string_view content, std::string_view argument) {
    std::vector<ArgumentValue> out;
    for (int number = 1; !content.empty(); ++number) {
        const std::size_t end = content.find('\n');
        if (const auto value = argument_value(content.substr(0, end), argument)) {
            out.push_back({number, *value});
        }
        content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    }
    return out;
}

// Of a list with commas.
Result<> add_list(std::vector<IpAddress>& out, const std::string& place, std::string_view list) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        NG_TRY(add(out, place, list.substr(0, comma)));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return ok();
}

}  // namespace

Result<std::vector<IpAddress>> cluster_dns(const std::string& path, std::string_view content) {
    std::vector<IpAddress> out;
    if (const std::vector<ArgumentValue> values = argument_values(content, kServersArgument); !values.empty()) {
        for (const ArgumentValue& one : values) {
            NG_TRY(add_list(out, path + ":" + std::to_string(one.line), one.value));
        }
        return out;
    }
    const policy::ParseOutcome parsed = policy::parse_documents(path, content);
    if (policy::has_errors(parsed.problems)) {
        return Error(Code::kInvalidInput, policy::to_string(parsed.problems.front()));
    }
    policy::DecodeContext context{path, {}, {}};
    for (const policy::Node& document : parsed.documents) {
        Result<> added = ok();
        Cursor(context, document).each("clusterDNS", [&](const Cursor& item) {
            const std::string place = path + ":" + std::to_string(item.place().line) + ": clusterDNS";
            added = added ? add(out, place, item.node().is_scalar() ? item.node().text() : item.node().describe()) : added;
        });
        NG_TRY(added);
    }
    return out;
}

std::string cluster_domain(const std::string& path, std::string_view content) {
    if (const std::vector<ArgumentValue> values = argument_values(content, kDomainArgument); !values.empty()) {
        return std::string(values.front().value);
    }
    const policy::ParseOutcome parsed = policy::parse_documents(path, content);
    policy::DecodeContext context{path, {}, {}};
    for (const policy::Node& document : parsed.documents) {
        if (auto domain = Cursor(context, document).text("clusterDomain")) {
            return *domain;
        }
    }
    return {};
}

std::string find_cluster_domain(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        const auto content = read_file(path, kMaxKubeletConfigBytes);
        if (std::string domain = content ? cluster_domain(path, *content) : std::string(); !domain.empty()) {
            return domain;
        }
    }
    return {};
}

Result<std::optional<ClusterDns>> find_cluster_dns(const std::vector<std::string>& paths) {
    std::optional<Error> failed;
    for (const std::string& path : paths) {
        const auto content = read_file(path, kMaxKubeletConfigBytes);
        if (!content) {
            if (content.error().code() != Code::kNotFound && !failed) {
                failed = content.error();
            }
            continue;
        }
        auto servers = cluster_dns(path, *content);
        if (servers && !servers->empty()) {
            return std::optional(ClusterDns{path, std::move(*servers)});
        }
        if (!servers && !failed) {
            failed = servers.error();
        }
    }
    return failed ? Result<std::optional<ClusterDns>>(*failed) : Result<std::optional<ClusterDns>>(std::nullopt);
}

}  // namespace namegate::config
