// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <signal.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/dns/slow_path.h"
#include "daemon/events/address_feed.h"
#include "daemon/events/event_pipeline.h"
#include "daemon/events/flow_feed.h"
#include "daemon/labels/api_server_watch.h"
#include "daemon/labels/label_fetcher.h"
#include "daemon/loop/event_loop.h"
#include "daemon/loop/policy_folder_watch.h"
#include "daemon/loop/server_file_watch.h"
#include "daemon/loop/service_manager.h"
#include "daemon/metrics/metrics_service.h"
#include "daemon/node.h"
#include "daemon/page/page_service.h"
#include "daemon/socket/commands.h"
#include "daemon/socket/reply_children.h"
#include "daemon/socket/socket_server.h"
#include "daemon/socket/stream_sink.h"
#include "policy/documents/policy_folder.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kMs = 1000;
constexpr std::uint64_t kConsumeUs = 50 * kMs;
constexpr std::uint64_t kTickUs = 1000 * kMs;
constexpr std::uint64_t kServersUs = 10'000 * kMs;  // for changes that inotify does not report
constexpr std::uint64_t kRescanUs = 10'000 * kMs;   // likewise
constexpr std::uint64_t kReconcileUs = 60'000 * kMs;
constexpr std::uint64_t kLabelsUs = 5'000 * kMs;
constexpr std::uint64_t kSaveUs = 300'000 * kMs;
constexpr std::uint64_t kAccuracyUs = 5 * kMs;  // sd-event's default of 0.25 s is too coarse for these

// The parts of the daemon, and what the event loop does with them. Members are destroyed from the last to the first, so a part
// is declared after the parts that it uses.
class Daemon {
  public:
    explicit Daemon(const config::Config& config) : config_(config) {}
    ~Daemon() = default;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    Daemon(Daemon&&) = delete;
    Daemon& operator=(Daemon&&) = delete;

    Result<> start();
    Result<> run();
    // The pinned objects no longer belong to this daemon, so it must start again.
    bool wants_restart() const { return wants_restart_; }

  private:
    Result<> add_signals();
    Result<> add_periodic_work();
    void reload();
    void tick();
    void read_folders(const policy::ChangedFiles& changed);
    void read_servers();
    void follow_needs();
    std::optional<Result<SocketServer::Reply>> handle(const api::Request& request, SocketServer::Ticket ticket);
    std::optional<Result<SocketServer::Reply>> program(const api::ProgramRequest& wanted, SocketServer::Ticket ticket);
    void reply_by_child(api::Call call, SocketServer::Ticket ticket);
    void check_pins();

    const config::Config& config_;
    SystemClock clock_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<SlowPath> slow_path_;
    std::unique_ptr<EventPipeline> events_;
    std::unique_ptr<PolicyFolderWatch> folders_;
    std::unique_ptr<ServerFileWatch> server_files_;  // null: no file names trusted servers or the cluster's domain
    std::unique_ptr<ApiServerWatch> api_server_;     // null: the API server is not a source of labels
    std::unique_ptr<LabelFetcher> labels_;           // null: no label provider must be asked
    std::unique_ptr<MetricsService> metrics_;        // null: metricsAddress is not set
    std::unique_ptr<SocketServer> server_;
    std::unique_ptr<StreamSink> streams_;
    std::unique_ptr<FlowFeed> flows_;
    std::unique_ptr<AddressFeed> addresses_;
    std::unique_ptr<PageService> page_;  // null: uiAddress is not set
    std::unique_ptr<ReplyChildren> listings_;
    std::vector<EventSource> sources_;  // signals and periodic work
    bool wants_restart_ = false;
};

// Opens all parts in order. Each part adds its event sources to the loop when it is created; there are no others.
Result<> Daemon::start() {
    NG_ASSIGN(loop_, EventLoop::create());
    // First: opening the node takes a while, and a signal that arrives during that time stays pending.
    NG_TRY(add_signals());
    NG_ASSIGN(node_, Node::open(config_, clock_));
    events_ = std::make_unique<EventPipeline>(*node_);
    // Sources: events and held frames in the rings, and work that the last round left.
    NG_ASSIGN(slow_path_, SlowPath::create(*loop_, *node_));
    // Sources: changes in the policy folders, and the end of a burst of changes.
    NG_ASSIGN(folders_, PolicyFolderWatch::create(*loop_, node::watched_folders(config_), policy::is_policy_file_name,
                                                  [this](const policy::ChangedFiles& changed) { read_folders(changed); }));
    // Source: changes of the files that name trusted DNS servers and the cluster's domain.
    if (std::vector<std::string> files = node_->runtime().server_files(); !files.empty()) {
        NG_ASSIGN(server_files_, ServerFileWatch::create(*loop_, std::move(files), [this] { read_servers(); }));
        // They may have changed between the first reading and the watch.
        read_servers();
    }
    // Sources: the exit of child processes that make long replies.
    NG_ASSIGN(listings_, ReplyChildren::create(*loop_));
    // Sources: new clients of the socket, and their requests.
    NG_ASSIGN(server_,
              SocketServer::create(*loop_, config_.socket_path(),
                                   [this](const api::Request& request, SocketServer::Ticket ticket) { return handle(request, ticket); }));
    NG_TRY(remove_file(api::failure_path(config_.socket_path())));
    // Sources: the connections to the API server.
    if (node_->runtime().api_server()) {
        NG_ASSIGN(api_server_, ApiServerWatch::create(*loop_, *node_));
    }
    // Sources: replies of the label providers that must be asked.
    if (!node_->runtime().label_providers().to_be_asked().empty()) {
        NG_ASSIGN(labels_, LabelFetcher::create(*loop_, *node_));
        labels_->fetch_missing();
    }
    // Sources: the connections of browsers.
    if (config_.ui_address) {
        page_ = std::make_unique<PageService>(*loop_, *node_, *events_, *config_.ui_address);
    }
    // Sources: the connections of what reads the metrics.
    if (config_.metrics_address) {
        metrics_ = std::make_unique<MetricsService>(*loop_, *node_, slow_path_->learner(), *config_.metrics_address);
        events_->set_latency_observer([this](ResponsePath path, std::uint64_t ns) { metrics_->metrics().timings().observe_dns(path, ns); });
    }
    streams_ = std::make_unique<StreamSink>(*node_, *server_);
    events_->add_sink(*streams_);
    server_->set_stream_observer([this] { events_->wishes_changed(); });
    slow_path_->learner().set_observer(
        [this](const ng_event& event, std::span<const std::uint8_t> payload) { events_->report(event, payload); });
    slow_path_->learner().set_frame_observer([this](const FrameResponse& response) { events_->report(response); });
    // Sources: events of flows, and those that the last round left.
    NG_ASSIGN(flows_, FlowFeed::create(*loop_, *node_, *events_));
    addresses_ = std::make_unique<AddressFeed>(*node_, *events_);
    NG_TRY(add_periodic_work());
    return loop_->feed_watchdog();
}

Result<> Daemon::add_signals() {
    const auto add = [this](int signal, EventLoop::Work work) -> Result<> {
        NG_ASSIGN(EventSource source, loop_->add_signal(signal, std::move(work)));
        sources_.push_back(std::move(source));
        return ok();
    };
    NG_TRY(add(SIGTERM, [this] { loop_->exit(); }));
    NG_TRY(add(SIGINT, [this] { loop_->exit(); }));
    return add(SIGHUP, [this] { reload(); });
}

Result<> Daemon::add_periodic_work() {
    struct Periodic {
        std::uint64_t period_us;
        EventLoop::Work work;
    };
    std::vector<Periodic> table = {
        {kConsumeUs,
         [this] {
             slow_path_->work();
             node_->cache().expire();
             flows_->work();
             events_->work();
         }},
        {kTickUs, [this] { tick(); }},
        {kServersUs, [this] { read_servers(); }},
        {kRescanUs,
         [this] {
             if (!folders_->has_unread_change()) {
                 read_folders(policy::ChangedFiles::any());
             }
         }},
        {kReconcileUs, [this] { node_->reconcile(); }},
        {kSaveUs, [this] { node_->save_cache(); }},
    };
    if (labels_) {
        table.push_back({kLabelsUs, [this] { labels_->fetch_missing(); }});
    }
    for (Periodic& one : table) {
        NG_ASSIGN(EventSource source, loop_->add_periodic(one.period_us, kAccuracyUs, std::move(one.work)));
        sources_.push_back(std::move(source));
    }
    return ok();
}

Result<> Daemon::run() {
    notify_service_manager("READY=1\nSTATUS=" + std::to_string(node_->records().size()) + " endpoints");
    events_->report({EventKind::kDaemonStarted, std::nullopt, {std::to_string(node_->records().size()) + " endpoints", ""}});
    log::info("ready", {log::kv("endpoints", node_->records().size()), log::kv("socket", config_.socket_path())});
    Result<> ended = loop_->run();
    notify_service_manager(wants_restart_ ? "RELOADING=1" : "STOPPING=1");
    events_->report({EventKind::kDaemonStopping, std::nullopt, {"the daemon stops; policies stay enforced", ""}});
    events_->remove_sink(*streams_);
    listings_.reset();
    page_.reset();
    events_->set_latency_observer({});
    metrics_.reset();
    streams_.reset();
    server_.reset();
    slow_path_->finish();
    events_->finish();
    node_->save_cache_now();
    if (api_server_) {
        api_server_->save_now();
    }
    if (!wants_restart_) {
        log::info("stopped; policies stay enforced", {});
    }
    return ended;
}

void Daemon::reload() {
    notify_service_manager("RELOADING=1");
    read_folders(policy::ChangedFiles::any());
    read_servers();
    node_->reconcile();
    events_->tick();
    notify_service_manager("READY=1");
}

void Daemon::tick() {
    if (server_->take_had_to_wait()) {
        node_->reconcile_soon();
    }
    node_->tick();
    if (api_server_) {
        api_server_->tick();
    }
    slow_path_->tick();
    flows_->tick();
    addresses_->tick();
    server_->drop_idle();
    streams_->tick();
    if (page_) {
        page_->tick();
    }
    if (metrics_) {
        metrics_->tick();
    }
    events_->tick();
    check_pins();
}

// When the BPF file system was cleared, or the pins were created again, the programs no longer use the maps of this daemon.
void Daemon::check_pins() {
    if (!wants_restart_ && !node_->datapath().is_pinned()) {
        log::warning("the pinned objects are gone: starting again", {log::kv("folder", node_->datapath().folder())});
        wants_restart_ = true;
        loop_->exit();
    }
}

void Daemon::read_folders(const policy::ChangedFiles& changed) {
    const Result<> watched = folders_->begin_reading();
    node_->health().report("folder watch", watched);
    node_->reload_policies(watched ? changed : policy::ChangedFiles::any());
    follow_needs();
}

// The endpoints or the policies changed, and so perhaps what has to be known of the cluster.
void Daemon::follow_needs() {
    if (api_server_) {
        api_server_->follow_needs();
    }
}

void Daemon::read_servers() {
    if (server_files_) {
        node_->health().report("watch of files with DNS servers", server_files_->begin_reading());
    }
    node_->refresh_servers();
}

std::optional<Result<SocketServer::Reply>> Daemon::handle(const api::Request& request, SocketServer::Ticket ticket) {
    auto call = api::decode_call(request);
    if (!call) {
        return Result<SocketServer::Reply>(call.error());
    }
    const api::AnswerBy by = api::answer_by(*call);
    if (by == api::AnswerBy::kChild) {
        reply_by_child(std::move(*call), ticket);
        return std::nullopt;
    }
    if (by == api::AnswerBy::kLater && labels_) {
        return program(std::get<api::ProgramRequest>(*call), ticket);
    }
    const std::uint64_t begin = clock_.boot_ns();
    auto reply = handle_call({*node_, slow_path_->learner(), *events_}, *call);
    if (std::holds_alternative<api::PrepareRequest>(*call)) {
        node_->note_end(Timing::kPrepare, begin);
    } else if (std::holds_alternative<api::ProgramRequest>(*call)) {
        node_->note_end(Timing::kProgram, begin);
    }
    return reply;
}

// Empty: the reply is sent when the endpoint's labels have arrived.
std::optional<Result<SocketServer::Reply>> Daemon::program(const api::ProgramRequest& wanted, SocketServer::Ticket ticket) {
    const std::uint64_t begin = clock_.boot_ns();
    const auto later = [this, ticket, begin](const Result<>& programmed) {
        node_->note_end(Timing::kProgram, begin);
        server_->reply(ticket, program_reply(programmed));
        follow_needs();
    };
    const auto programmed = labels_->program(wanted, later);
    if (!programmed) {
        return std::nullopt;
    }
    follow_needs();
    node_->note_end(Timing::kProgram, begin);
    NG_ASSIGN(api::Json reply, program_reply(*programmed));
    return Result<SocketServer::Reply>(SocketServer::Reply{std::move(reply), {}});
}

void Daemon::reply_by_child(api::Call call, SocketServer::Ticket ticket) {
    listings_->add({[this, ticket] { return server_->descriptor(ticket); },
                    [this, call = std::move(call)] {
                        auto reply = handle_call({*node_, slow_path_->learner(), *events_}, call);
                        return SocketServer::encode(reply ? Result<api::Json>(std::move(reply->result)) : reply.error());
                    },
                    [this, ticket](bool whole) { server_->replied(ticket, whole); }});
}

}  // namespace

Result<> run_daemon(const config::Config& config) {
    for (;;) {
        Daemon daemon(config);
        NG_TRY(daemon.start());
        NG_TRY(daemon.run());
        if (!daemon.wants_restart()) {
            return ok();
        }
    }
}

}  // namespace namegate::daemon
