// SPDX-License-Identifier: Apache-2.0
#include "daemon/learner.h"

#include <arpa/inet.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "datapath/endpoint_writer.h"
#include "datapath/reader.h"
#include "dns/message.h"

namespace namegate::daemon {

namespace {

constexpr unsigned kLockMs = 200;

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

void Learner::consume() {
    const auto consumed = reader_->consume();
    node_.set_trouble("events", consumed ? ok() : Result<>(consumed.error()));
}

void Learner::on_event(const ng_event& event, std::span<const std::uint8_t> payload) {
    switch (event.kind) {
        case NG_EVENT_ANSWER:
        case NG_EVENT_UNPARSED: on_answer(event, payload); break;
        case NG_EVENT_DENIED: ++stats_.denied; break;
        default: break;
    }
}

void Learner::on_answer(const ng_event& event, std::span<const std::uint8_t> payload) {
    ++stats_.answers;
    stats_.unparsed_by_kernel += event.kind == NG_EVENT_UNPARSED ? 1U : 0U;
    // Endpoint ids are never reused, so an answer for one that is gone finds nobody.
    if (node_.records().count(event.endpoint) == 0) {
        return;
    }
    const auto message = dns::parse_message(payload);
    if (!message) {
        ++stats_.malformed;
        log::debug("answer not parsed", {log::kv("endpoint", event.endpoint), log::kv("error", message.error().message())});
        return;
    }
    const dns::Learning learning = dns::learn(*message);
    if (learning.empty()) {
        return;
    }
    node_.cache().record(event.endpoint, learning, node_.config().lifetime);
    open_joined(event, learning);
}

void Learner::open_joined(const ng_event& event, const dns::Learning& learning) {
    const control::Programmed* programmed = node_.programmer().find(event.endpoint);
    if (programmed == nullptr || !programmed->egress || programmed->egress->patterns.empty()) {
        return;
    }
    // What the kernel has learnt from this answer itself needs no second hand.
    std::set<std::pair<IpAddress, std::string>> known;
    if (event.kind == NG_EVENT_ANSWER) {
        for (const dns::LearntAddress& learnt : learning.addresses) {
            for (std::string& name : learning.names_of(learnt)) {
                known.emplace(learnt.address, std::move(name));
            }
        }
    }
    std::vector<control::Programmer::Opening> openings;
    node_.cache().for_each_joined(event.endpoint, learning, [&](const dns::Reached& reached) {
        if (known.count({reached.address, reached.names.front()}) == 0) {
            openings.push_back({reached.address, reached.names.front(), reached.expiry_boot_ns, datapath::to_address(event.remote),
                                ntohs(event.be_remote_port)});
        }
    });
    if (openings.empty()) {
        return;
    }
    const endpoints::Record& record = node_.records().at(event.endpoint);
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const FileLock lock, FileLock::acquire(node_.config().lock_path(), kLockMs));
        NG_ASSIGN(const auto active, datapath::active_config(node_.datapath(), record.slot));
        // Between the event and now the slot may have gone to another endpoint.
        if (!active || active->endpoint != record.id) {
            return ok();
        }
        for (const control::Programmer::Opening& opening : openings) {
            NG_TRY(node_.programmer().open_address(record, opening));
            ++stats_.opened;
        }
        return ok();
    };
    if (const auto result = work(); !result) {
        log::warning("addresses of an answer were not opened",
                     {log::kv("interface", record.host_ifname), log::kv("error", result.error().message())});
    }
}

}  // namespace namegate::daemon
