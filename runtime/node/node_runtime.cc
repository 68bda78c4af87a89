// SPDX-License-Identifier: Apache-2.0
#include "node/node_runtime.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "datapath/slots.h"
#include "dns/trusted_servers.h"
#include "node/handover.h"
#include "node/service_servers.h"
#include "node/settings.h"

namespace namegate::node {

using endpoints::Record;

NodeRuntime::NodeRuntime(const config::Config& config, const Clock& clock, std::unique_ptr<datapath::Datapath> datapath,
                         const NodeOptions& options)
    : config_(config),
      datapath_(std::move(datapath)),
      store_(config.records_dir()),
      policies_(make_ledger(config, clock)),
      policy_objects_(make_object_sources(config)),
      api_server_(config.uses_api_server() ? std::make_shared<kubernetes::Knowledge>(config.api_server_dir(), options.watch) : nullptr),
      providers_(config.label_sources, label_settings()),
      programmer_(*datapath_, config, clock, providers_, options.names, api_server_),
      dns_servers_(config),
      cluster_domain_(config) {}

Result<std::unique_ptr<NodeRuntime>> NodeRuntime::open(const NodeLock& /*lock*/, const config::Config& config, const Clock& clock,
                                                       const NodeOptions& options) {
    datapath::DatapathOptions opening = datapath_options(config);
    opening.take_over = options.take_over;
    NG_ASSIGN(std::unique_ptr<datapath::Datapath> datapath, datapath::Datapath::open(opening));
    return std::unique_ptr<NodeRuntime>(new NodeRuntime(config, clock, std::move(datapath), options));
}

bool NodeRuntime::read_servers() {
    const bool other_servers = named_servers() != servers_;
    return node::always_allowed(config_, cluster_domain_.read()) != always_allowed_ || other_servers;
}

Result<> NodeRuntime::apply_settings(const NodeLock& lock) {
    std::vector<config::NamedServer> servers = named_servers();
    const std::string& domain = cluster_domain_.read();
    std::vector<policy::DomainPattern> always = node::always_allowed(config_, domain);
    if (always.empty() && !config_.dns_queries.always) {
        log::warning("the cluster's domain in kubelet's configuration is not a name", {log::kv("domain", domain)});
    }
    NG_TRY(node::apply_settings(lock, *datapath_, config_, servers, always));
    servers_ = std::move(servers);
    always_allowed_ = std::move(always);
    return ok();
}

std::vector<config::NamedServer> NodeRuntime::named_servers() {
    std::vector<config::NamedServer> out = dns_servers_.read();
    server_problems_ = dns_servers_.problems();
    if (api_server_) {
        add_service_servers(*api_server_, config_.trusted_services(), out, server_problems_);
    }
    return out;
}

std::vector<std::string> NodeRuntime::server_files() const {
    std::vector<std::string> out = dns_servers_.files();
    for (const std::string& file : cluster_domain_.files()) {
        if (std::find(out.begin(), out.end(), file) == out.end()) {
            out.push_back(file);
        }
    }
    return out;
}

std::vector<dns::TrustedServer> NodeRuntime::servers_of(const Record& record) const {
    std::vector<dns::TrustedServer> out;
    for (const config::NamedServer& named : servers_) {
        out.push_back(named.server);
    }
    if (config_.dns_servers.pod) {
        for (const IpAddress& own : record.dns_servers) {
            out.push_back({IpPrefix(own, own.bits()), dns::kDefaultDnsPort});
        }
    }
    return out;
}

bool NodeRuntime::trusts(const Record& record, const IpAddress& server, std::uint16_t port) const {
    const std::vector<dns::TrustedServer> servers = servers_of(record);
    return std::any_of(servers.begin(), servers.end(), [&](const dns::TrustedServer& one) { return one.contains(server, port); });
}

Result<std::optional<PolicyChange>> NodeRuntime::read_policies(const policy::ChangedFiles& changed, bool always) {
    NG_ASSIGN(read_, load_policies(policies_, config_, policy_objects_, changed));
    const auto snapshot = policies_.snapshot();
    const std::string unknown = gaps_text(policies_);
    const bool known_before = programmer_.unknown().empty();
    if (snapshot->generation() == generation_ && unknown == programmer_.unknown() && !always) {
        return std::optional<PolicyChange>();
    }
    PolicyChange change{programmer_.snapshot_ref(), {}};
    generation_ = snapshot->generation();
    programmer_.use_snapshot(snapshot, unknown);
    // While policies were unknown, endpoints may have kept outdated policies.
    change.affected = known_before && unknown.empty() ? policy::AffectedEndpoints::of_change(*change.before, *snapshot)
                                                      : policy::AffectedEndpoints::all();
    return std::optional(std::move(change));
}

std::vector<Record> NodeRuntime::all_records() const {
    std::vector<Record> all;
    all.reserve(records_.size());
    for (const auto& entry : records_) {
        all.push_back(entry.second);
    }
    return all;
}

Result<> NodeRuntime::load_records(Load which) {
    records_.clear();
    if (which == Load::kIfRulesSelectEndpoints && !programmer_.rules_select_endpoints()) {
        return ok();
    }
    NG_ASSIGN(endpoints::RecordListing listing, store_.list());
    for (Record& record : listing.records) {
        records_[record.id] = std::move(record);
    }
    return ok();
}

Result<> NodeRuntime::admit(const NodeLock& lock, Record& record) {
    if (datapath_->fresh() || must_take_over()) {
        NG_TRY(apply_settings(lock));
        NG_TRY(node::reconcile(lock, *datapath_, store_));
    }
    // An ADD without a DEL left this record.
    if (const auto stale = store_.read(record.container_id, record.ifname); stale) {
        NG_TRY(remove_endpoint(lock, *datapath_, store_, *stale));
    }
    return admit_endpoint(lock, *datapath_, store_, record);
}

// A container that is added again gets a new endpoint id.
void NodeRuntime::put_record(const Record& record) {
    std::erase_if(records_, [&record](const RecordMap::value_type& entry) {
        const bool same = entry.second.container_id == record.container_id && entry.second.ifname == record.ifname;
        return same && entry.first != record.id;
    });
    records_[record.id] = record;
}

Result<> NodeRuntime::prepare(const NodeLock& lock, const Record& record) {
    put_record(record);
    return programmer_.prepare(lock, record, all_records());
}

Result<> NodeRuntime::program(const NodeLock& lock, const Record& given) {
    Record record = given;
    providers_.refresh(record);
    put_record(record);
    Result<> programmed = programmer_.program(lock, record, all_records());
    if (programmed) {
        return mark_ready(records_[record.id]);
    }
    records_.erase(record.id);
    programmer_.forget(record.id);
    if (programmed.error().is_temporary()) {
        NG_TRY(store_.write(record));
    }
    return programmed;
}

ProgramSummary NodeRuntime::program_affected(const NodeLock& lock, const policy::AffectedEndpoints& affected) {
    return programmer_.program_affected(lock, all_records(), affected);
}

ProgramSummary NodeRuntime::bring_up_to_date(const NodeLock& lock, const policy::AffectedEndpoints& affected) {
    return programmer_.bring_up_to_date(lock, all_records(), affected);
}

Result<ProgramSummary> NodeRuntime::follow_labels(const NodeLock& lock) {
    for (auto& entry : records_) {
        // An endpoint in the middle of its ADD is written by program().
        if (providers_.refresh(entry.second) && entry.second.ready && is_on_disk(entry.second)) {
            NG_TRY(store_.write(entry.second));
        }
    }
    return programmer_.program_relabelled(lock, all_records());
}

ProgramSummary NodeRuntime::follow_services(const NodeLock& lock) { return programmer_.program_for_services(lock, all_records()); }

bool NodeRuntime::is_on_disk(const Record& record) const {
    const auto stored = store_.read(record.container_id, record.ifname);
    return stored && stored->id == record.id;
}

Result<> NodeRuntime::mark_ready(Record& record) {
    record.ready = true;
    return store_.write(record);
}

Result<> NodeRuntime::mark_programmed(const NodeLock& /*lock*/) {
    for (auto& entry : records_) {
        const Programmed* state = programmer_.find(entry.first);
        // Skips endpoints that are only prepared, and those whose DEL has come meanwhile: their record must not
        // be written again.
        if (!entry.second.ready && !entry.second.addresses.empty() && state != nullptr && state->error.empty() &&
            is_on_disk(entry.second)) {
            NG_TRY(mark_ready(entry.second));
        }
    }
    return ok();
}

labels::ProviderSettings NodeRuntime::label_settings() const {
    labels::ProviderSettings settings = config_.label_settings();
    settings.api_server = api_server_;
    settings.find_pod = [this](std::string_view name_space, std::string_view pod) -> std::optional<endpoints::Description> {
        const policy::PodDocument* document = programmer_.snapshot().find_pod(name_space, pod);
        if (document == nullptr) {
            return std::nullopt;
        }
        return endpoints::Description{document->labels, document->annotations, document->ports, std::nullopt};
    };
    return settings;
}

Result<> NodeRuntime::set_description(const NodeLock& /*lock*/, const std::string& container_id, const std::string& ifname,
                                      std::string_view provider, const endpoints::Description& description) {
    NG_ASSIGN(Record record, store_.read(container_id, ifname));
    record.described[std::string(provider)] = description;
    return store_.write(record);
}

Result<Record> NodeRuntime::current_record(const std::string& container_id, const std::string& ifname) const {
    const auto known = std::find_if(records_.begin(), records_.end(), [&](const RecordMap::value_type& entry) {
        return entry.second.container_id == container_id && entry.second.ifname == ifname && !entry.second.ready;
    });
    if (known != records_.end()) {
        const auto active = datapath::active_config(*datapath_, known->second.slot);
        if (active && *active && (*active)->endpoint == known->first) {
            return known->second;
        }
    }
    return store_.read(container_id, ifname);
}

std::optional<Record> NodeRuntime::forget(std::uint32_t endpoint) {
    programmer_.forget(endpoint);
    auto gone = records_.extract(endpoint);
    return gone.empty() ? std::nullopt : std::optional<Record>(std::move(gone.mapped()));
}

Result<NodeRuntime::Reconciliation> NodeRuntime::reconcile(const NodeLock& lock) {
    NG_ASSIGN(Reconciled found, node::reconcile(lock, *datapath_, store_));
    RecordMap records;
    for (Record& record : found.records) {
        const std::uint32_t id = record.id;
        records[id] = std::move(record);
    }
    Reconciliation out{std::move(found.repairs), {}};
    for (const auto& entry : records_) {
        if (records.count(entry.first) == 0) {
            programmer_.forget(entry.first);
            out.gone.push_back(entry.first);
        }
    }
    records_ = std::move(records);
    return out;
}

Result<> NodeRuntime::finish_handover(const NodeLock& lock) { return node::finish_handover(lock, *datapath_); }

}  // namespace namegate::node
