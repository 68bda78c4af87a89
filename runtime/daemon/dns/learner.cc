// SPDX-License-Identifier: Apache-2.0
#include "daemon/dns/learner.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/joins.h"
#include "datapath/reasons.h"
#include "dns/lifetime.h"
#include "dns/message.h"
#include "dns/wire_name.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;

constexpr unsigned kLockMs = 500;  // the longest time that a response is held for the node lock
constexpr std::uint64_t kLogEveryNs = 10'000'000'000;
constexpr std::size_t kMaxLogTimes = 4096;

std::uint32_t names_in_policy(const dns::Learning& learning, const policy::CompiledPolicy& policy) {
    std::uint32_t named = 0;
    for (std::size_t i = 0; i < learning.chain_names.size(); ++i) {
        const auto matches = [&](const policy::PatternEntry& entry) { return entry.pattern.matches(learning.chain_names[i]); };
        named |= std::uint32_t{std::any_of(policy.patterns.begin(), policy.patterns.end(), matches)} << i;
    }
    return named;
}

}  // namespace

Result<std::unique_ptr<Learner>> Learner::create(Node& node) {
    std::unique_ptr<Learner> learner(new Learner(node));
    Learner* self = learner.get();
    NG_ASSIGN(learner->reader_,
              datapath::EventReader::create(node.datapath(), [self](const ng_event& event, std::span<const std::uint8_t> payload) {
                  self->on_event(event, payload);
              }));
    return learner;
}

void Learner::read() {
    const auto consumed = reader_->consume();
    node_.health().report("events", consumed ? ok() : Result<>(consumed.error()));
    for (const auto& [event, payload] : std::exchange(packets_, {})) {
        sink_(event, payload);
    }
}

void Learner::on_event(const ng_event& event, std::span<const std::uint8_t> payload) {
    if (datapath::is_packet(event)) {
        packets_.emplace_back(event, std::vector<std::uint8_t>(payload.begin(), payload.end()));
    } else {
        sink_(event, payload);
    }
}

void Learner::process(const ng_event& event, std::span<const std::uint8_t> payload) {
    if (observer_) {
        observer_(event, payload);
    }
    switch (event.kind) {
        case NG_EVENT_ANSWER:
        case NG_EVENT_UNPARSED: on_response(event, payload); break;
        case NG_EVENT_LIMIT: log_limit(event, payload); break;
        default: break;
    }
}

void Learner::on_response(const ng_event& event, std::span<const std::uint8_t> payload) {
    ++stats_.responses;
    stats_.unparsed_by_kernel += event.kind == NG_EVENT_UNPARSED ? 1U : 0U;
    if (event.reason != NG_R_NONE && event.reason != NG_R_NEVER_OPENS) {
        log_limit(event, payload);
    }
    // The programs decided by the policy of that moment. When another one came in force before this event was read, its domains
    // have to be looked at here: the name cache did not have the response when the policy's map was filled (D14).
    const node::Programmed* programmed = node_.programmer().find(event.endpoint);
    const bool same_policy = programmed == nullptr || event.boot_ns >= programmed->since_boot_ns;
    const ResponseSource source{event.endpoint,
                                datapath::to_address(event.remote),
                                ntohs(event.be_remote_port),
                                event.kind == NG_EVENT_ANSWER && same_policy,
                                event.learnt,
                                std::min<std::uint64_t>(event.boot_ns, node_.clock().boot_ns()),
                                event.reason == NG_R_LEARNT_FULL};
    if (const auto result = learn(source, payload); !result) {
        log::debug("response not learned", {log::kv("endpoint", event.endpoint), log::kv("error", result.error().message())});
    }
}

void Learner::learn_held(const ResponseSource& source, std::span<const std::uint8_t> payload) {
    ++stats_.responses;
    const std::uint64_t opened_before = stats_.opened;
    const auto result = learn(source, payload);
    if (result) {
        ++stats_.held_learnt;
    } else {
        count_unlearnt(source.endpoint, result.error().message());
    }
    if (frame_observer_) {
        const std::uint64_t passed = source.passed_boot_ns.value_or(node_.clock().boot_ns());
        const bool is_known = source.asked_boot_ns && *source.asked_boot_ns <= passed;
        frame_observer_({source.endpoint, source.server, passed,
                         source.passed_boot_ns ? ResponsePath::kKernel
                         : result              ? ResponsePath::kHeld
                                               : ResponsePath::kUnlearned,
                         is_known ? std::optional(passed - *source.asked_boot_ns) : std::nullopt, stats_.opened - opened_before, payload});
    }
}

void Learner::count_unlearnt(std::uint32_t endpoint, const std::string& why) {
    ++stats_.held_unlearnt;
    log::debug("held response not learned", {log::kv("endpoint", endpoint), log::kv("why", why)});
}

Result<> Learner::learn(const ResponseSource& source, std::span<const std::uint8_t> payload) {
    // Endpoint ids are never reused, so a response for a removed endpoint is not attributed to another one.
    if (node_.records().count(source.endpoint) == 0) {
        return Error(Code::kNotFound, "the endpoint is not known");
    }
    node_.note_learnt(source.endpoint, source.opened);
    const auto message = dns::parse_message(payload);
    if (!message) {
        ++stats_.malformed;
        return message.error();
    }
    dns::Learning learning = dns::learn(*message);
    refuse(source, learning);
    node_.note_lookup(source.endpoint, learning.empty() ? std::vector<std::string>{message->question.name} : learning.chain_names);
    if (learning.empty()) {
        return ok();
    }
    node_.name_history().note(source.endpoint, learning);
    node_.cache().record(source.endpoint, learning, node_.config().lifetime, source.seen_boot_ns);
    Result<> opened = open_joined(source, learning);
    note_room(source, learning, opened);
    if (!opened) {
        log::warning("addresses of a response were not opened",
                     {log::kv("interface", node_.records().at(source.endpoint).host_ifname), log::kv("name", learning.chain_names.front()),
                      log::kv("error", opened.error().message())});
    }
    return opened;
}

void Learner::note_room(const ResponseSource& source, const dns::Learning& learning, const Result<>& opened) {
    if (!source.no_room && (opened || opened.error().code() != Code::kExhausted)) {
        node_.names_without_room().remove(source.endpoint, learning.chain_names.front());
        return;
    }
    std::uint32_t ttl = 0;
    for (const dns::LearntAddress& learnt : learning.addresses) {
        ttl = std::max(ttl, learnt.ttl);
    }
    for (const dns::ChainLink& link : learning.links) {  // their addresses may be in the name cache
        ttl = std::max(ttl, learning.addresses.empty() ? link.ttl : 0);
    }
    const std::uint64_t expiry = dns::expiry_boot_ns(source.seen_boot_ns, ttl, node_.config().lifetime);
    node_.names_without_room().add(source.endpoint, learning.chain_names.front(), expiry);
}

// Logs and stores addresses that no name opens (D17), if a name in the policy led to them. They stay in the name cache, except
// IPv4-mapped ones, which the cache does not distinguish from the IPv4 address.
void Learner::refuse(const ResponseSource& source, dns::Learning& learning) {
    const dns::NeverOpens& never = node_.config().never_opens;
    const node::Programmed* programmed = node_.programmer().find(source.endpoint);
    std::optional<std::uint32_t> named;  // names that the policy has, as bits
    for (const dns::LearntAddress& learnt : learning.addresses) {
        const std::string* entry = never.refuses(learnt.address, learnt.mapped);
        if (entry == nullptr || programmed == nullptr || !programmed->egress) {
            continue;
        }
        named = named ? named : names_in_policy(learning, *programmed->egress);
        if (const std::uint32_t both = *named & learnt.names; both != 0) {
            stats_.never_opened += source.decided ? 0U : 1U;
            log_refused(node_.records().at(source.endpoint),
                        {(learnt.mapped ? "::ffff:" : "") + learnt.address.to_string(),
                         learning.chain_names[static_cast<std::size_t>(std::countr_zero(both))], *entry,
                         dns::expiry_boot_ns(source.seen_boot_ns, learnt.ttl, node_.config().lifetime)});
        }
    }
    std::erase_if(learning.addresses,
                  [&never](const dns::LearntAddress& learnt) { return learnt.mapped && never.refuses(learnt.address, true) != nullptr; });
}

void Learner::log_refused(const Record& record, const RefusedAddress& refused) {
    if (node_.refused().add(record.id, refused) && may_log(record.id, NG_R_NEVER_OPENS)) {
        log::warning("a name led to an address that no name opens",
                     {log::kv("endpoint", display_name(record)), log::kv("interface", record.host_ifname), log::kv("name", refused.name),
                      log::kv("address", refused.address), log::kv("dnsNeverOpens", refused.entry)});
    }
}

// Names that match the same patterns have the same effect, so each address is opened for one of them.
std::vector<node::Programmer::Opening> Learner::own_openings(const ResponseSource& source, const dns::Learning& learning,
                                                             const policy::CompiledPolicy& policy) const {
    const std::vector<std::string>& names = learning.chain_names;
    std::map<std::vector<bool>, std::uint32_t> groups;  // names by the patterns that they match, as bits
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::vector<bool> matched(policy.patterns.size());
        bool any = false;
        for (std::size_t k = 0; k < matched.size(); ++k) {
            matched[k] = policy.patterns[k].pattern.matches(names[i]);
            any = any || matched[k];
        }
        if (any) {
            groups[std::move(matched)] |= std::uint32_t{1} << i;
        }
    }
    std::vector<node::Programmer::Opening> openings;
    const std::uint64_t now = node_.clock().boot_ns();
    for (const dns::LearntAddress& learnt : learning.addresses) {
        // An event may be old: the ring is pinned, and keeps what passed while no daemon ran.
        const std::uint64_t expiry = dns::expiry_boot_ns(source.seen_boot_ns, learnt.ttl, node_.config().lifetime);
        if (expiry <= now) {
            continue;
        }
        for (const auto& group : groups) {
            if (const std::uint32_t both = group.second & learnt.names; both != 0) {
                openings.push_back(
                    {learnt.address, names[static_cast<std::size_t>(std::countr_zero(both))], expiry, source.server, source.server_port});
            }
        }
    }
    return openings;
}

Result<> Learner::open_joined(const ResponseSource& source, const dns::Learning& learning) {
    const node::Programmed* programmed = node_.programmer().find(source.endpoint);
    if (programmed == nullptr || !programmed->egress || programmed->egress->patterns.empty()) {
        return ok();
    }
    // First what the response itself leads to, unless the kernel opened it; then what the name cache adds.
    std::vector<node::Programmer::Opening> openings;
    if (!source.decided) {
        openings = own_openings(source, learning, *programmed->egress);
    }
    std::map<IpAddress, std::uint32_t> known;  // addresses in the response, and the names that lead to them, as bits
    for (const dns::LearntAddress& learnt : learning.addresses) {
        known[learnt.address] |= learnt.names;
    }
    const dns::Joined joined = node_.cache().for_each_joined(source.endpoint, learning, [&](const dns::Reached& reached) {
        const auto own = known.find(reached.address);
        const auto& names = learning.chain_names;
        const auto place = std::find(names.begin(), names.end(), reached.names.front()) - names.begin();
        if (own == known.end() || place == std::ssize(names) || (own->second >> place & 1U) == 0) {
            openings.push_back({reached.address, reached.names.front(), reached.expiry_boot_ns, source.server, source.server_port});
        }
    });
    stats_.joins_cut += joined.cut ? 1U : 0U;
    const endpoints::Record& record = node_.records().at(source.endpoint);
    if (openings.empty()) {
        return source.decided ? ok() : await_open_ends(source, record, learning);
    }
    NG_ASSIGN(const node::NodeLock lock, node::NodeLock::acquire(node_.config(), kLockMs));
    NG_ASSIGN(const auto active, datapath::active_config(node_.datapath(), record.slot));
    // The slot may have been reused since the event.
    if (!active || active->endpoint != record.id) {
        return Error(Code::kNotFound, "the endpoint is gone");
    }
    NG_ASSIGN(const std::size_t opened, node_.programmer().open_addresses(lock, record, openings));
    stats_.opened += opened;
    node_.note_learnt(source.endpoint, opened);
    return source.decided ? ok() : await_open_ends(source, record, learning);
}

// For names at the end of a chain that have no address: makes the kernel, which did not follow this response to its end, hold
// their responses, because those addresses belong to the names before them in the chain (D8).
Result<> Learner::await_open_ends(const ResponseSource& source, const endpoints::Record& record, const dns::Learning& learning) {
    const std::uint64_t now = node_.clock().boot_ns();
    for (const dns::ChainLink& link : learning.links) {
        const bool goes_on =
            std::any_of(learning.links.begin(), learning.links.end(), [&](const dns::ChainLink& next) { return next.from == link.to; }) ||
            std::any_of(learning.addresses.begin(), learning.addresses.end(),
                        [&](const dns::LearntAddress& address) { return address.owner == link.to; });
        if (goes_on) {
            continue;
        }
        NG_ASSIGN(const std::vector<std::string> labels, dns::wire_labels(learning.chain_names[link.to]));
        const std::uint64_t until = dns::expiry_boot_ns(source.seen_boot_ns, link.ttl, node_.config().lifetime);
        NG_TRY(
            datapath::await_name(node_.datapath(), {record.slot, record.id, labels, datapath::tick_of(until) + 1}, datapath::tick_of(now)));
    }
    return ok();
}

// Limits the log to one line for each endpoint and reason in kLogEveryNs; the counters have the totals.
bool Learner::may_log(std::uint32_t endpoint, std::uint16_t reason) {
    const std::uint64_t now = node_.clock().boot_ns();
    if (last_logged_.size() > kMaxLogTimes) {
        last_logged_.clear();
    }
    std::uint64_t& last = last_logged_[{endpoint, reason}];
    if (last != 0 && now - last < kLogEveryNs) {
        return false;
    }
    last = now;
    return true;
}

void Learner::log_limit(const ng_event& event, std::span<const std::uint8_t> payload) {
    const auto record = node_.records().find(event.endpoint);
    if (record == node_.records().end() || !may_log(event.endpoint, event.reason)) {
        return;
    }
    const auto message = dns::parse_message(payload);
    const Record& endpoint = record->second;
    log::warning("limit reached", {log::kv("limit", datapath::reason_name(static_cast<ng_reason>(event.reason))),
                                   log::kv("endpoint", display_name(endpoint)), log::kv("interface", endpoint.host_ifname),
                                   log::kv("name", message ? message->question.name : "?")});
}

}  // namespace namegate::daemon
