// SPDX-License-Identifier: Apache-2.0
#include "endpoints/record.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/mac.h"

namespace namegate::endpoints {
namespace {

using Json = nlohmann::json;

constexpr int kIndent = 2;
// The field "mode". It is not the mode of the glossary.
constexpr std::string_view kFirst = "first";
constexpr std::string_view kChained = "chained";

// Reads the fields of an object and keeps the first error, which the caller checks at the end.
class Fields {
  public:
    explicit Fields(const Json& object) : object_(object) {}

    const std::optional<Error>& error() const { return error_; }
    bool has(const std::string& field) const { return object_.contains(field); }
    void fail(const std::string& field, const std::string& why, Code code = Code::kInvalidInput) {
        if (!error_) {
            error_ = Error(code, "field \"" + field + "\" " + why);
        }
    }
    template <typename T>
    void number(const std::string& field, T& out) {
        const Json* value = find(field);
        if (value == nullptr) {
            return;
        }
        using Limits = std::numeric_limits<T>;
        const bool in_range = value->is_number_unsigned() ? value->get<std::uint64_t>() <= std::uint64_t{Limits::max()}
                                                          : value->is_number_integer() && Limits::is_signed &&
                                                                value->get<std::int64_t>() >= std::int64_t{Limits::min()};
        if (!in_range) {
            fail(field, "is not a whole number within its range");
            return;
        }
        out = value->get<T>();
    }
    void flag(const std::string& field, bool& out) {
        const Json* value = find(field);
        if (value != nullptr && !value->is_boolean()) {
            fail(field, "is not true or false");
        } else if (value != nullptr) {
            out = value->get<bool>();
        }
    }
    void text(const std::string& field, std::string& out) {
        const Json* value = find(field);
        if (value != nullptr && is_text(field, *value)) {
            out = value->get<std::string>();
        }
    }
    void labels(const std::string& field, Labels& out) {
        if (const Json* value = find(field); value != nullptr) {
            labels(field, *value, out);
        }
    }
    // The form is {provider: {key: value}}.
    void labels_by_provider(const std::string& field, std::map<std::string, Description, std::less<>>& out) {
        by_provider(field, [&](const std::string& provider, const Json& value) {
            labels(field + "." + provider, value, out[provider].labels.emplace());
        });
    }
    // The form is {provider: {annotations: {key: value}, ports: [{name, protocol, port}]}}. Members that a later build added are
    // ignored, so that it can add them without a new version of the record.
    void descriptions(const std::string& field, std::map<std::string, Description, std::less<>>& out) {
        by_provider(field, [&](const std::string& provider, const Json& value) {
            const std::string place = field + "." + provider;
            if (!value.is_object()) {
                fail(place, "is not an object");
                return;
            }
            if (const auto annotations = value.find("annotations"); annotations != value.end()) {
                labels(place + ".annotations", *annotations, out[provider].annotations);
            }
            if (const auto found = value.find("ports"); found != value.end()) {
                ports(place + ".ports", *found, out[provider].ports);
            }
        });
    }
    void addresses(const std::string& field, std::vector<IpAddress>& out, std::size_t most) {
        const Json* value = find(field);
        if (value == nullptr) {
            return;
        }
        if (!value->is_array() || value->size() > most) {
            fail(field, "is not a list of at most " + std::to_string(most) + " addresses");
            return;
        }
        for (const Json& item : *value) {
            const auto address = IpAddress::parse(item.is_string() ? item.get<std::string>() : std::string());
            if (!address) {
                fail(field, "contains a value that is not an IP address");
                return;
            }
            out.push_back(*address);
        }
    }
    // An unknown field means that another version or another program wrote the record.
    void check_all_known() {
        for (const auto& item : object_.items()) {
            if (known_.count(item.key()) == 0) {
                fail(item.key(), "is not known");
            }
        }
    }

  private:
    template <typename Take>
    void by_provider(const std::string& field, const Take& take) {
        const Json* value = find(field);
        if (value == nullptr) {
            return;
        }
        if (!value->is_object() || value->size() > kMaxRecordProviders) {
            fail(field, "is not an object with at most " + std::to_string(kMaxRecordProviders) + " providers of labels");
            return;
        }
        for (const auto& item : value->items()) {
            take(item.key(), item.value());
        }
    }
    void ports(const std::string& place, const Json& value, std::vector<NamedPort>& out) {
        if (!value.is_array() || value.size() > kMaxRecordPorts) {
            fail(place, "is not a list of at most " + std::to_string(kMaxRecordPorts) + " ports", Code::kExhausted);
            return;
        }
        for (const Json& item : value) {
            Fields fields(item);
            NamedPort port;
            if (item.is_object()) {
                fields.text("name", port.name);
                fields.number("protocol", port.protocol);
                fields.number("port", port.port);
            }
            if (!item.is_object() || fields.error()) {
                fail(place, "has an entry that is not a port with name, protocol and number");
                return;
            }
            out.push_back(std::move(port));
        }
    }
    void labels(const std::string& place, const Json& value, Labels& out) {
        if (!value.is_object()) {
            fail(place, "is not an object of strings");
            return;
        }
        if (value.size() > kMaxRecordLabels) {
            fail(place, "has more than " + std::to_string(kMaxRecordLabels) + " labels", Code::kExhausted);
            return;
        }
        for (const auto& item : value.items()) {
            if (is_text(place, item.value())) {
                out.emplace(item.key(), item.value().get<std::string>());
            }
        }
    }
    const Json* find(const std::string& field) {
        known_.insert(field);
        const auto it = object_.find(field);
        if (it == object_.end()) {
            fail(field, "is missing");
            return nullptr;
        }
        return &*it;
    }
    bool is_text(const std::string& field, const Json& value) {
        if (!value.is_string()) {
            fail(field, "is not a string");
            return false;
        }
        if (value.get_ref<const std::string&>().size() > kMaxRecordText) {
            fail(field, "is longer than " + std::to_string(kMaxRecordText) + " bytes", Code::kExhausted);
            return false;
        }
        return true;
    }

    const Json& object_;
    std::set<std::string> known_;
    std::optional<Error> error_;
};

// Two providers have fields of their own: builds that do not know the field "labels" must read these records after a downgrade.
void read_descriptions(Fields& fields, Record& record) {
    if (fields.has("labels")) {
        fields.labels_by_provider("labels", record.described);
    }
    Labels from_args;
    fields.labels("cniLabels", from_args);
    bool given = !from_args.empty();
    if (fields.has("cniLabelsGiven")) {
        fields.flag("cniLabelsGiven", given);
    }
    if (given) {
        record.described[std::string(kCniArgsProvider)].labels = std::move(from_args);
    }
    if (fields.has("containerdLabels")) {
        fields.labels("containerdLabels", record.described[std::string(kContainerdProvider)].labels.emplace());
    }
    if (fields.has("annotations")) {
        fields.labels("annotations", record.described[std::string(kCniArgsProvider)].annotations);
    }
    if (fields.has("described")) {
        fields.descriptions("described", record.described);
    }
}

// The annotations of ADD have a field of their own for the same reason. "described" has what the other fields cannot hold. Builds
// before it refuse a record with it, so it is written only for a provider that gives such a thing; none that namegate has does.
void write_descriptions(const Record& record, Json& out) {
    const Labels* from_args = record.labels_of(kCniArgsProvider);
    out["cniLabels"] = from_args == nullptr ? Labels() : *from_args;
    if (from_args != nullptr && from_args->empty()) {
        out["cniLabelsGiven"] = true;
    }
    for (const auto& [provider, own] : record.described) {
        const bool is_args = provider == kCniArgsProvider;
        if (own.labels && !is_args) {
            (provider == kContainerdProvider ? out["containerdLabels"] : out["labels"][provider]) = *own.labels;
        }
        if (!own.annotations.empty()) {
            (is_args ? out["annotations"] : out["described"][provider]["annotations"]) = own.annotations;
        }
        for (const NamedPort& port : own.ports) {
            out["described"][provider]["ports"].push_back({{"name", port.name}, {"protocol", port.protocol}, {"port", port.port}});
        }
    }
}

void read_fields(Fields& fields, Record& record) {
    fields.number("id", record.id);
    fields.number("slot", record.slot);
    fields.text("containerId", record.container_id);
    fields.text("ifname", record.ifname);
    fields.text("hostIfname", record.host_ifname);
    fields.number("hostIfindex", record.host_ifindex);
    fields.text("netns", record.netns);
    fields.addresses("addresses", record.addresses, kMaxRecordAddresses);
    std::string mac;
    fields.text("mac", mac);
    if (const auto parsed = mac_from_text(mac)) {
        record.mac = *parsed;
    } else {
        fields.fail("mac", "is not an address like 02:00:00:00:00:01");
    }
    fields.text("podNamespace", record.pod_namespace);
    fields.text("podName", record.pod_name);
    fields.text("podUid", record.pod_uid);
    fields.text("serviceAccount", record.service_account);
    read_descriptions(fields, record);
    if (fields.has("dnsServers")) {
        fields.addresses("dnsServers", record.dns_servers, kMaxRecordServers);
    }
    fields.flag("kubernetes", record.kubernetes);
    std::string mode;
    fields.text("mode", mode);
    record.chained = mode == kChained;
    if (!record.chained && mode != kFirst) {
        fields.fail("mode", "is neither \"first\" nor \"chained\"");
    }
    fields.text("network", record.network);
    fields.number("created", record.created);
    fields.flag("ready", record.ready);
}

}  // namespace

Labels keep_annotations(const Labels& annotations) {
    Labels kept;
    std::size_t bytes = 0;
    for (const auto& [name, value] : annotations) {
        const std::size_t size = name.size() + value.size();
        if (value.size() <= kMaxRecordText && bytes + size <= kMaxRecordAnnotationBytes && kept.size() < kMaxRecordAnnotations) {
            bytes += size;
            kept.emplace(name, value);
        }
    }
    return kept;
}

std::string display_name(const Record& record) {
    return record.pod_name.empty() ? record.container_id : record.pod_namespace + "/" + record.pod_name;
}

std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
    std::vector<std::string> out;
    out.reserve(addresses.size());
    for (const IpAddress& address : addresses) {
        out.push_back(address.to_string());
    }
    return out;
}

std::string to_json(const Record& record) {
    Json out{{"version", kRecordVersion},
             {"id", record.id},
             {"slot", record.slot},
             {"containerId", record.container_id},
             {"ifname", record.ifname},
             {"hostIfname", record.host_ifname},
             {"hostIfindex", record.host_ifindex},
             {"netns", record.netns},
             {"addresses", texts(record.addresses)},
             {"mac", mac_to_text(record.mac)},
             {"podNamespace", record.pod_namespace},
             {"podName", record.pod_name},
             {"podUid", record.pod_uid},
             {"serviceAccount", record.service_account},
             {"kubernetes", record.kubernetes},
             {"mode", record.chained ? kChained : kFirst},
             {"network", record.network},
             {"created", record.created},
             {"ready", record.ready}};
    write_descriptions(record, out);
    if (!record.dns_servers.empty()) {
        out["dnsServers"] = texts(record.dns_servers);
    }
    // Invalid UTF-8 is replaced: dump() would throw on it, and writing a record must not fail.
    return out.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Record> record_from_json(std::string_view text) {
    if (text.size() > kMaxRecordBytes) {
        return Error(Code::kExhausted, "endpoint record: larger than " + std::to_string(kMaxRecordBytes) + " bytes");
    }
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_object()) {
        return Error(Code::kInvalidInput, "endpoint record: not a JSON object");
    }
    Fields fields(document);
    int version = 0;
    fields.number("version", version);
    if (!fields.error() && version != kRecordVersion) {
        return Error(Code::kUnsupported, "endpoint record: version " + std::to_string(version) + ", this program reads version " +
                                             std::to_string(kRecordVersion));
    }
    Record record;
    read_fields(fields, record);
    fields.check_all_known();
    if (fields.error()) {
        return fields.error()->with_context("endpoint record");
    }
    return record;
}

}  // namespace namegate::endpoints
