// SPDX-License-Identifier: Apache-2.0
#include "daemon/events/flow_feed.h"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include "datapath/address.h"
#include "datapath/flows.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kFeedRoundNs = 4'000'000;
constexpr std::size_t kTicksToAll = 5;  // every endpoint is searched for idle flows once in so many ticks

}  // namespace

Result<std::unique_ptr<FlowFeed>> FlowFeed::create(EventLoop& loop, Node& node, EventPipeline& pipeline) {
    std::unique_ptr<FlowFeed> feed(new FlowFeed(node, pipeline));
    FlowFeed* const self = feed.get();
    NG_ASSIGN(feed->reader_,
              datapath::EventReader::create_for_flows(
                  node.datapath(), [self](const ng_event& event, std::span<const std::uint8_t> payload) { self->report(event, payload); }));
    NG_ASSIGN(feed->ring_, loop.add_io(feed->reader_->fd(), EPOLLIN, [self](std::uint32_t /*events*/) { self->work(); }));
    NG_ASSIGN(feed->rest_, loop.add_deferred(EventLoop::Priority::kIdle, [self] { self->work(); }));
    pipeline.set_interest_observer([self](EventInterest interest) { self->set_interest(interest); });
    return feed;
}

FlowFeed::~FlowFeed() {
    pipeline_.set_interest_observer({});
    static_cast<void>(datapath::set_wanted(node_.datapath(), 0));
}

// Names are kept for what asks for them later: `ips`, and the end of the flow.
void FlowFeed::report(const ng_event& event, std::span<const std::uint8_t> payload) {
    const ShownFlow flow{datapath::to_address(event.remote), ntohs(event.be_remote_port), ntohs(event.be_local_port)};
    if (event.kind == NG_EVENT_NAMED) {
        node_.shown_names().note(event.endpoint, flow, shown_name(payload));
    }
    pipeline_.report(event, payload);
    if (event.kind == NG_EVENT_ENDED) {
        node_.shown_names().flow_ended(event.endpoint, flow);
    }
}

void FlowFeed::set_interest(EventInterest interest) {
    interest_ = interest;
    const std::uint32_t wanted = (interest.begun ? NG_WANT_BEGUN : 0U) | (interest.ended ? NG_WANT_ENDED : 0U) |
                                 (interest.latency ? NG_WANT_WAITS : 0U) | NG_WANT_NAMES;
    node_.health().report("choice of events", datapath::set_wanted(node_.datapath(), wanted));
}

void FlowFeed::work() {
    const std::uint64_t end = node_.clock().boot_ns() + kFeedRoundNs;
    bool rest = true;
    while (rest && node_.clock().boot_ns() < end) {
        const auto consumed = reader_->consume();
        node_.health().report("flow events", consumed ? ok() : Result<>(consumed.error()));
        rest = consumed && *consumed == datapath::kFlowEventsAtOnce;
    }
    rest_.set_enabled(rest);
}

void FlowFeed::tick() {
    if (!interest_.ended) {
        return;
    }
    const RecordMap& records = node_.records();
    for (std::size_t left = (records.size() + kTicksToAll - 1) / kTicksToAll; left > 0; --left) {
        auto next = records.lower_bound(next_);
        next = next == records.end() ? records.begin() : next;
        next_ = next->first + 1;
        node_.health().report("search for idle flows", datapath::report_idle_flows(node_.datapath(), next->second.slot));
    }
}

}  // namespace namegate::daemon
