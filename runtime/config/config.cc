// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/identifiers.h"
#include "config/policy_sources.h"
#include "labels/registry.h"
#include "policy/documents/cursor.h"
#include "policy/documents/shape.h"

namespace namegate::config {

namespace {

using policy::Cursor;
using policy::FieldSpec;
using policy::ObjectSpec;
using policy::Shape;

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> kFormats = {"text", "json"};
constexpr std::array<std::string_view, 2> kDenyActions = {"Drop", "Reject"};
constexpr std::array<std::string_view, 2> kPolicyChanges = {"Cut", "Keep"};
constexpr std::array<std::string_view, 2> kUnknownLabels = {"Closed", "Absent"};
constexpr auto kLabelSources = [] {
    std::array<std::string_view, labels::kRegistrations.size()> words;
    for (std::size_t i = 0; i < labels::kRegistrations.size(); ++i) {
        words[i] = labels::kRegistrations[i].name;
    }
    return words;
}();

constexpr FieldSpec text(std::string_view name, std::span<const std::string_view> allowed = {}) {
    FieldSpec field;
    field.name = name;
    field.allowed = allowed;
    return field;
}

constexpr FieldSpec number(std::string_view name) {
    FieldSpec field;
    field.name = name;
    field.shape = Shape::kInteger;
    return field;
}

constexpr FieldSpec texts(std::string_view name, std::size_t max_items, std::span<const std::string_view> allowed = {}) {
    FieldSpec field = text(name, allowed);
    field.list = true;
    field.max_items = max_items;
    return field;
}

constexpr FieldSpec object(std::string_view name, const ObjectSpec& spec) {
    FieldSpec field;
    field.name = name;
    field.shape = Shape::kObject;
    field.object = &spec;
    return field;
}

constexpr std::array kLogFields = {text("level", kLevels), text("format", kFormats)};
constexpr ObjectSpec kLog = {"log", kLogFields};
constexpr std::array kFlowLogFields = {text("path"), number("maxSizeMB"), number("maxFiles"), number("maxAgeHours"),
                                       texts("events", kFlowLogEvents.size(), kFlowLogEvents)};
constexpr ObjectSpec kFlowLog = {"flowLog", kFlowLogFields};
constexpr std::array kContainerdFields = {text("address"), text("namespace")};
constexpr ObjectSpec kContainerd = {"containerd", kContainerdFields};
constexpr std::array kKubernetesFields = {text("kubeconfig"), text("leaseNamespace")};
constexpr ObjectSpec kKubernetes = {"kubernetes", kKubernetesFields};
constexpr std::array kLimitFields = {number("learntAddressesPerEndpoint"), number("flowsPerEndpoint"), number("tlsConnections")};
constexpr ObjectSpec kLimits = {"limits", kLimitFields};
constexpr std::array kRootFields = {
    texts("policyDirs", kMaxPolicyDirs),
    texts("policySources", kPolicySources.size(), kPolicySources),
    texts("podManifestDirs", kMaxPolicyDirs),
    text("nodeName"),
    text("stateDir"),
    text("cacheDir"),
    text("bpffsDir"),
    texts("dnsTrustedServers", dns::kMaxTrustedServers),
    text("kubeletConfig"),
    texts("dnsNeverOpens", dns::kMaxListedNeverOpens),
    number("dnsExtraTTL"),
    number("dnsMinTTL"),
    number("dnsMaxTTL"),
    text("dnsQueries", kDnsQueriesSettings),
    texts("dnsAlwaysAllowed", kMaxAlwaysAllowed),
    text("dnsRefusal", kDnsRefusals),
    texts("dnsQueryTypes", kMaxQueryTypes),
    number("dnsNewNamesPerMinute"),
    text("tlsNames", kTlsNamesSettings),
    texts("labelSources", kLabelSources.size(), kLabelSources),
    text("unknownLabels", kUnknownLabels),
    object("containerd", kContainerd),
    object("kubernetes", kKubernetes),
    number("labelTimeout"),
    text("denyAction", kDenyActions),
    text("policyChange", kPolicyChanges),
    text("metricsAddress"),
    text("uiAddress"),
    object("flowLog", kFlowLog),
    object("log", kLog),
    object("limits", kLimits),
};
constexpr ObjectSpec kRoot = {"the configuration", kRootFields};

std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path;
}

bool check_absolute(const Cursor& cursor) {
    if (const std::string& path = cursor.node().text(); path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
        cursor.error("\"" + path + "\" is not an absolute path; start it with \"/\"");
        return false;
    }
    return true;
}

void read_path(const Cursor& root, std::string_view key, std::string& out) {
    if (const auto cursor = root.child(key); cursor && check_absolute(*cursor)) {
        out = without_trailing_slashes(cursor->node().text());
    }
}

struct Range {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
};

void read_number(const Cursor& root, std::string_view key, const Range& range, std::uint32_t& out) {
    const auto cursor = root.child(key);
    if (!cursor) {
        return;
    }
    const std::string& digits = cursor->node().text();
    std::uint32_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || value < range.low || value > range.high) {
        cursor->error("\"" + digits + "\" is out of range; write a whole number from " + std::to_string(range.low) + " to " +
                      std::to_string(range.high));
        return;
    }
    out = value;
}

void read_dirs(const Cursor& root, std::string_view key, std::vector<std::string>& out, const std::vector<std::string>& others) {
    if (!root.child(key)) {
        return;
    }
    out.clear();
    root.each(key, [&out, &others](const Cursor& item) {
        if (!check_absolute(item)) {
            return;
        }
        const std::string path = without_trailing_slashes(item.node().text());
        if (std::find(out.begin(), out.end(), path) != out.end()) {
            item.error("the folder is in the list already");
        } else if (std::find(others.begin(), others.end(), path) != others.end()) {
            item.error("the folder is one of policyDirs; pod manifests need a folder of their own");
        } else {
            out.push_back(path);
        }
    });
}

void read_static_pods(const Cursor& root, Config& config) {
    read_dirs(root, "podManifestDirs", config.pod_manifest_dirs, config.policy_dirs);
    const auto name = root.child("nodeName");
    if (name && !is_object_name(name->node().text())) {
        name->error("\"" + name->node().text() + "\" is not a node name; use lower-case letters, digits, \"-\" and \".\"");
    } else if (name) {
        config.node_name = name->node().text();
    }
}

// Null: the text is an address.
bool* find_word(DnsServerSettings& settings, const std::string& text) {
    return text == "node" ? &settings.node : text == "kubelet" ? &settings.kubelet : text == "pod" ? &settings.pod : nullptr;
}

void read_dns_servers(const Cursor& root, DnsServerSettings& settings) {
    if (root.child("kubeletConfig")) {
        settings.kubelet_configs.assign(1, "");
        read_path(root, "kubeletConfig", settings.kubelet_configs.front());
    }
    const auto servers = root.child("dnsTrustedServers");
    if (!servers) {
        return;
    }
    settings.node = settings.kubelet = settings.pod = settings.is_default = false;
    std::vector<std::string> good;
    root.each("dnsTrustedServers", [&](const Cursor& item) {
        const std::string& text = item.node().text();
        if (bool* word = find_word(settings, text)) {
            *word = true;
        } else if (dns::names_service(text)) {
            const auto service = dns::parse_service_server(text);
            if (!service) {
                item.error(service.error().message());
            } else if (std::find(settings.services.begin(), settings.services.end(), *service) == settings.services.end()) {
                settings.services.push_back(*service);
            }
        } else if (const auto server = dns::parse_trusted_server(text); !server) {
            item.error(server.error().message());
        } else {
            good.push_back(text);
        }
    });
    auto parsed = dns::parse_trusted_servers(good);
    if (!parsed) {
        servers->error(parsed.error().message());
        return;
    }
    settings.listed = std::move(parsed).value();
    std::set<std::uint16_t> ports;
    for (const dns::TrustedServer& server : settings.listed) {
        ports.insert(server.port);
    }
    if (settings.node || settings.kubelet || settings.pod) {
        ports.insert(dns::kDefaultDnsPort);
    }
    if (ports.size() > dns::kMaxTrustedPorts) {
        servers->error("trusted DNS servers on more than " + std::to_string(dns::kMaxTrustedPorts) +
                       " different ports; \"node\", \"kubelet\" and \"pod\" use port " + std::to_string(dns::kDefaultDnsPort));
    }
}

void read_never_opens(const Cursor& root, Config& config) {
    // Added to the standard entries, which cannot be removed.
    root.each("dnsNeverOpens", [&config](const Cursor& item) {
        if (const auto added = config.never_opens.add(item.node().text()); !added) {
            item.error(added.error().message());
        }
    });
}

void read_dns(const Cursor& root, Config& config) {
    constexpr Range kTtl = {0, kMaxTtlSeconds};
    read_number(root, "dnsExtraTTL", kTtl, config.lifetime.extra_seconds);
    read_number(root, "dnsMinTTL", kTtl, config.lifetime.min_seconds);
    read_number(root, "dnsMaxTTL", {1, kMaxTtlSeconds}, config.lifetime.max_seconds);
    if (config.lifetime.min_seconds > config.lifetime.max_seconds) {
        root.field_error("dnsMinTTL", "dnsMinTTL is larger than dnsMaxTTL (" + std::to_string(config.lifetime.max_seconds) + ")");
    }
    read_dns_servers(root, config.dns_servers);
}

void read_label_sources(const Cursor& root, Config& config) {
    if (!root.child("labelSources")) {
        return;
    }
    std::vector<std::string>& sources = config.label_sources.emplace();
    root.each("labelSources", [&sources](const Cursor& item) {
        const std::string& name = item.node().text();
        if (std::find(sources.begin(), sources.end(), name) != sources.end()) {
            item.error("the label source is in the list already");
        } else {
            sources.push_back(name);
        }
    });
}

void read_kubernetes(const Cursor& root, Config& config) {
    const auto section = root.child("kubernetes");
    if (!section) {
        return;
    }
    read_path(*section, "kubeconfig", config.kubeconfig);
    const auto lease = section->child("leaseNamespace");
    if (lease && (!is_object_name(lease->node().text()) || lease->node().text().find('.') != std::string::npos)) {
        lease->error("\"" + lease->node().text() + "\" is not the name of a namespace; use lower-case letters, digits and \"-\"");
    } else if (lease) {
        config.lease_namespace = lease->node().text();
    }
    const bool is_listed = !config.label_sources || config.uses_label_source(labels::kKubernetes);
    if (!config.kubeconfig.empty() && !is_listed) {
        section->child("kubeconfig")->error("labelSources does not list kubernetes, so nothing would ask the API server");
    }
}

bool is_namespace(std::string_view name) {
    constexpr std::size_t kMaxBytes = 76;  // containerd's limit for an identifier
    return !name.empty() && name.size() <= kMaxBytes &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string_view::npos;
}

void read_containerd(const Cursor& root, Config& config) {
    const auto section = root.child("containerd");
    if (!section) {
        return;
    }
    read_path(*section, "address", config.containerd_address);
    const auto name = section->child("namespace");
    if (name && !is_namespace(name->node().text())) {
        name->error("\"" + name->node().text() + "\" is not a containerd namespace; use letters, digits, \".\", \"_\" and \"-\"");
    } else if (name) {
        config.containerd_namespace = name->node().text();
    }
}

void read_flow_log(const Cursor& root, Config& config) {
    const auto section = root.child("flowLog");
    if (!section) {
        return;
    }
    FlowLog& out = config.flow_log;
    read_path(*section, "path", out.path);
    const std::string folder = out.path.substr(0, out.path.rfind('/'));
    for (const std::vector<std::string>* folders : {&config.policy_dirs, &config.pod_manifest_dirs}) {
        if (!out.path.empty() && std::find(folders->begin(), folders->end(), folder) != folders->end()) {
            section->child("path")->error("the daemon reads the files of this folder; the flow log needs another one");
        }
    }
    read_number(*section, "maxSizeMB", {1, 100'000}, out.max_size_mb);
    read_number(*section, "maxFiles", {1, 1000}, out.max_files);
    read_number(*section, "maxAgeHours", {0, 24 * 366}, out.max_age_hours);
    if (section->child("events")) {
        out.events.clear();
        section->each("events", [&out](const Cursor& item) { out.events.push_back(item.node().text()); });
    }
}

void read_log(const Cursor& root, Config& config) {
    const auto section = root.child("log");
    if (!section) {
        return;
    }
    if (const auto level = section->text("level")) {
        const auto found = std::find(kLevels.begin(), kLevels.end(), *level);
        config.log_level = static_cast<log::Level>(found - kLevels.begin());
    }
    if (const auto format = section->text("format")) {
        config.log_format = *format == "json" ? log::Format::kJson : log::Format::kText;
    }
}

void read_listen_address(const Cursor& root, std::string_view key, std::optional<ListenAddress>& out) {
    const auto cursor = root.child(key);
    if (!cursor) {
        return;
    }
    auto address = parse_listen_address(cursor->node().text());
    if (!address) {
        cursor->error(address.error().message());
        return;
    }
    out = std::move(address).value();
}

// The page has no password, so only this node may reach it.
void read_ui_address(const Cursor& root, std::optional<ListenAddress>& out) {
    read_listen_address(root, "uiAddress", out);
    if (out && !out->is_local()) {
        root.field_error("uiAddress", "\"" + out->to_string() +
                                          "\" can be reached from other machines, and the page has no password; write 127.0.0.1:port, "
                                          "[::1]:port or unix:/path, and reach it through ssh (docs/page.md)");
        out.reset();
    }
}

policy::TlsNames read_tls_names(const Cursor& root) {
    const std::string text = root.text("tlsNames").value_or("Off");
    const auto word = std::find(kTlsNamesSettings.begin(), kTlsNamesSettings.end(), text);
    return word == kTlsNamesSettings.end() ? policy::TlsNames::kOff : static_cast<policy::TlsNames>(word - kTlsNamesSettings.begin());
}

void decode(const Cursor& root, Config& config) {
    read_dirs(root, "policyDirs", config.policy_dirs, {});
    read_static_pods(root, config);
    read_path(root, "stateDir", config.state_dir);
    read_path(root, "cacheDir", config.cache_dir);
    read_path(root, "bpffsDir", config.bpffs_dir);
    read_dns(root, config);
    read_never_opens(root, config);
    read_dns_queries(root, config.dns_queries);
    read_number(root, "dnsNewNamesPerMinute", {0, kMaxNewNames}, config.dns_queries.new_names);
    config.tls_names = read_tls_names(root);
    read_label_sources(root, config);
    read_policy_sources(root, config);
    config.unknown_labels_absent = root.text("unknownLabels").value_or("Closed") == "Absent";
    read_containerd(root, config);
    read_kubernetes(root, config);
    if (!config.dns_servers.services.empty() && !config.uses_api_server()) {
        root.field_error("dnsTrustedServers",
                         "\"" + config.dns_servers.services.front().to_string() +
                             "\" needs the API server: add kubernetes to labelSources, or write the address of the Service");
    }
    read_number(root, "labelTimeout", {0, 300}, config.label_timeout_seconds);
    config.reject_denied = root.text("denyAction").value_or("Drop") == "Reject";
    config.keep_flows = root.text("policyChange").value_or("Cut") == "Keep";
    read_flow_log(root, config);
    read_log(root, config);
    if (const auto limits = root.child("limits")) {
        read_number(*limits, "learntAddressesPerEndpoint", {16, kMaxPerEndpoint}, config.learnt_per_endpoint);
        read_number(*limits, "flowsPerEndpoint", {16, kMaxPerEndpoint}, config.flows_per_endpoint);
        read_number(*limits, "tlsConnections", {16, NG_HELLO_BUFFERS_MAX}, config.tls_connections);
    }
    read_listen_address(root, "metricsAddress", config.metrics_address);
    read_ui_address(root, config.ui_address);
}

Error all_problems(const policy::Problems& problems) {
    std::string message;
    for (const policy::Problem& problem : problems) {
        message += (message.empty() ? "" : "\n") + policy::to_string(problem);
    }
    return {Code::kInvalidInput, message};
}

}  // namespace

const policy::ObjectSpec& settings_table() { return kRoot; }

labels::ProviderSettings Config::label_settings() const {
    labels::ProviderSettings settings;
    if (!containerd_address.empty()) {
        settings.containerd_address = containerd_address;
    }
    settings.containerd_namespace = containerd_namespace;
    return settings;
}

std::vector<std::string> Config::label_sources_of(bool kubernetes) const {
    return label_sources ? *label_sources : labels::default_order(kubernetes, uses_api_server());
}

bool Config::uses_label_source(std::string_view name) const {
    const std::vector<std::string> sources = label_sources_of(true);
    return std::find(sources.begin(), sources.end(), name) != sources.end();
}

bool Config::uses_api_server() const {
    return label_sources ? std::find(label_sources->begin(), label_sources->end(), labels::kKubernetes) != label_sources->end()
                         : !kubeconfig.empty() || !policy_groups.empty();
}

std::vector<dns::ServiceServer> Config::trusted_services() const {
    if (!uses_api_server()) {
        return {};
    }
    return dns_servers.is_default ? std::vector{dns::ServiceServer{"kube-system", "kube-dns"}} : dns_servers.services;
}

Result<Config> parse_config(const std::string& path, std::string_view content) {
    const policy::ParseOutcome parsed = policy::parse_documents(path, content);
    if (policy::has_errors(parsed.problems)) {
        return all_problems(parsed.problems);
    }
    Config config;
    if (parsed.documents.empty()) {
        return config;
    }
    policy::DecodeContext context{path, {}, {}};
    const Cursor root(context, parsed.documents.front());
    if (parsed.documents.size() > 1) {
        Cursor(context, parsed.documents[1]).error("a second document; a configuration file has only one");
    }
    policy::check_object(root, kRoot);
    if (!policy::has_errors(context.problems)) {
        decode(root, config);
    }
    if (policy::has_errors(context.problems)) {
        return all_problems(context.problems);
    }
    return config;
}

Result<Config> load_config(const std::string& path) {
    auto content = read_file(path, kMaxConfigBytes);
    if (!content) {
        if (content.error().code() == Code::kNotFound) {
            return Config{};
        }
        return content.error();
    }
    return parse_config(path, *content);
}

}  // namespace namegate::config
