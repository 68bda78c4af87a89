// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <utility>

#include "api/client.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon/dns/held_answers.h"
#include "daemon/dns/learner.h"
#include "daemon/dns/pod_work.h"
#include "daemon/events/event_view.h"
#include "daemon/events/staged_events.h"
#include "daemon/labels/label_fetcher.h"
#include "daemon/loop/directory_watch.h"
#include "daemon/loop/file_watch.h"
#include "daemon/node.h"
#include "daemon/socket/commands.h"
#include "daemon/socket/reply_children.h"
#include "daemon/socket/socket_server.h"

namespace namegate::daemon {

namespace {

constexpr std::uint64_t kMs = 1000;
constexpr std::uint64_t kConsumeUs = 50 * kMs;
constexpr std::uint64_t kTickUs = 1000 * kMs;
constexpr std::uint64_t kServersUs = 10'000 * kMs;  // for what inotify did not tell
constexpr std::uint64_t kRescanUs = 10'000 * kMs;
constexpr std::uint64_t kReconcileUs = 60'000 * kMs;
constexpr std::uint64_t kLabelsUs = 5'000 * kMs;
constexpr std::uint64_t kSaveUs = 300'000 * kMs;
constexpr std::uint64_t kDoneUs = 2 * kMs;         // a folder is read so long after a file in it was closed or renamed,
constexpr std::uint64_t kQuietUs = 10 * kMs;       // or was seen half written,
constexpr std::uint64_t kImpatientUs = 500 * kMs;  // or after this long in any case

struct Timer {
    std::function<void()> work;
    std::uint64_t period_us = 0;
};

// sd-event gives a timer 0.25 s of leeway unless told otherwise.
constexpr std::uint64_t kAccuracyUs = 5 * kMs;
constexpr std::uint64_t kQuietAccuracyUs = kMs / 2;

Result<> checked(int status, const char* what) { return status < 0 ? Result<>(sys_error(what, -status)) : ok(); }

class Loop {
  public:
    explicit Loop(const config::Config& config) : config_(config) {}
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    Loop(Loop&&) = delete;
    Loop& operator=(Loop&&) = delete;

    Result<> start();
    Result<> run();
    // Everything has to be begun anew: what is pinned is not what this loop holds any more.
    bool wants_restart() const { return wants_restart_; }

  private:
    Result<> add_timers();
    Result<> every(std::uint64_t period_us, std::function<void()> work);
    Result<> add_signals();
    Result<> watch_folders();
    Result<> watch_servers();
    void read_servers();
    void folders_changed(std::uint64_t quiet_us);
    void read_folders();
    void rescan();
    std::optional<Result<SocketServer::Answer>> answer(const api::Request& request, SocketServer::Ticket ticket);
    std::optional<Result<SocketServer::Answer>> program(const api::ProgramRequest& wanted, SocketServer::Ticket ticket);
    void answer_by_child(api::Call call, SocketServer::Ticket ticket);
    void publish(const ng_event& event, std::span<const std::uint8_t> payload);
    void check_pins();
    static int on_timer(sd_event_source* source, std::uint64_t due, void* timer);
    static int on_signal(sd_event_source* source, const signalfd_siginfo* info, void* loop);
    static int on_folders(sd_event_source* source, int fd, std::uint32_t events, void* loop);
    static int on_servers(sd_event_source* source, int fd, std::uint32_t events, void* loop);
    static int on_quiet(sd_event_source* source, std::uint64_t due, void* loop);
    void work_for_pods();
    static int on_ring(sd_event_source* source, int fd, std::uint32_t events, void* loop);
    static int on_rest(sd_event_source* source, void* loop);

    const config::Config& config_;
    SystemClock clock_;
    sd_event* event_ = nullptr;
    std::list<Timer> timers_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<Learner> learner_;
    std::unique_ptr<HeldAnswers> held_;
    std::unique_ptr<PodWork> work_;
    sd_event_source* rest_ = nullptr;  // on while more work for pods waits
    std::unique_ptr<DirectoryWatch> watch_;
    std::unique_ptr<FileWatch> servers_watch_;  // only when files name trusted servers
    std::unique_ptr<SocketServer> server_;
    std::unique_ptr<StagedEvents> staged_;
    std::unique_ptr<ReplyChildren> listings_;
    std::unique_ptr<LabelFetcher> labels_;  // null: containerd is no source of labels
    sd_event_source* quiet_ = nullptr;
    std::uint64_t changed_since_us_ = 0;  // 0: nothing waits to be read
    bool wants_restart_ = false;
};

Loop::~Loop() {
    listings_.reset();
    server_.reset();
    labels_.reset();
    sd_event_source_disable_unref(quiet_);
    sd_event_source_disable_unref(rest_);
    sd_event_unref(event_);
}

Result<> Loop::start() {
    NG_TRY(checked(sd_event_default(&event_), "sd_event_default"));
    NG_TRY(add_signals());
    NG_ASSIGN(node_, Node::open(config_, clock_));
    staged_ = std::make_unique<StagedEvents>(*node_);
    NG_ASSIGN(learner_, Learner::create(*node_));
    NG_TRY(checked(sd_event_add_io(event_, nullptr, learner_->fd(), EPOLLIN, &Loop::on_ring, this), "sd_event_add_io"));
    NG_ASSIGN(held_, HeldAnswers::create(*node_, *learner_));
    NG_TRY(checked(sd_event_add_io(event_, nullptr, held_->fd(), EPOLLIN, &Loop::on_ring, this), "sd_event_add_io"));
    work_ = std::make_unique<PodWork>(*node_, *learner_, *held_);
    NG_TRY(checked(sd_event_add_defer(event_, &rest_, &Loop::on_rest, this), "sd_event_add_defer"));
    // A source of this kind keeps its place in the queue, and would come before all others of its priority again and again.
    NG_TRY(checked(sd_event_source_set_priority(rest_, SD_EVENT_PRIORITY_IDLE), "sd_event_source_set_priority"));
    NG_TRY(checked(sd_event_source_set_enabled(rest_, SD_EVENT_OFF), "sd_event_source_set_enabled"));
    NG_TRY(watch_folders());
    NG_TRY(watch_servers());
    NG_TRY(add_timers());
    const auto handle = [this](const api::Request& request, SocketServer::Ticket ticket) { return answer(request, ticket); };
    listings_ = std::make_unique<ReplyChildren>(event_);
    NG_ASSIGN(server_, SocketServer::create(event_, config_.socket_path(), handle));
    NG_TRY(remove_file(api::failure_path(config_.socket_path())));
    if (!node_->runtime().label_providers().to_be_asked().empty()) {
        NG_ASSIGN(labels_, LabelFetcher::create(event_, *node_));
        labels_->fetch_missing();
        NG_TRY(every(kLabelsUs, [this] { labels_->fetch_missing(); }));
    }
    learner_->set_observer([this](const ng_event& event, std::span<const std::uint8_t> payload) {
        if (server_ && server_->has_streams()) {
            publish(event, payload);
        }
    });
    NG_TRY(checked(sd_event_set_watchdog(event_, 1), "sd_event_set_watchdog"));
    return ok();
}

void Loop::publish(const ng_event& event, std::span<const std::uint8_t> payload) {
    api::Json view = view_event(*node_, event, payload);
    if (!server_->is_wanted(view)) {
        return;
    }
    if (api::Json staged = staged_->verdict(event); !staged.is_null()) {
        view["staged"] = std::move(staged);
    }
    server_->publish(view);
}

std::optional<Result<SocketServer::Answer>> Loop::answer(const api::Request& request, SocketServer::Ticket ticket) {
    auto call = api::decode_call(request);
    if (!call) {
        return Result<SocketServer::Answer>(call.error());
    }
    const api::AnswerBy by = api::answer_by(*call);
    if (by == api::AnswerBy::kChild) {
        answer_by_child(std::move(*call), ticket);
        return std::nullopt;
    }
    if (by == api::AnswerBy::kLater && labels_) {
        return program(std::get<api::ProgramRequest>(*call), ticket);
    }
    return handle_call(*node_, *learner_, *call);
}

// Nothing: its labels are still to come, and the reply follows them.
std::optional<Result<SocketServer::Answer>> Loop::program(const api::ProgramRequest& wanted, SocketServer::Ticket ticket) {
    const auto reply = [](const Result<>& programmed) { return programmed ? Result<api::Json>(api::Json::object()) : programmed.error(); };
    const auto later = [this, ticket, reply](const Result<>& programmed) { server_->reply(ticket, reply(programmed)); };
    const auto programmed = labels_->program(wanted, later);
    if (!programmed) {
        return std::nullopt;
    }
    return *programmed ? Result<SocketServer::Answer>(SocketServer::Answer{api::Json::object(), {}}) : programmed->error();
}

void Loop::answer_by_child(api::Call call, SocketServer::Ticket ticket) {
    listings_->add({[this, ticket] { return server_->descriptor(ticket); },
                    [this, call = std::move(call)] {
                        auto answer = handle_call(*node_, *learner_, call);
                        return SocketServer::encode(answer ? Result<api::Json>(std::move(answer->result)) : answer.error());
                    },
                    [this, ticket](bool whole) { server_->replied(ticket, whole); }});
}

Result<> Loop::add_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        NG_TRY(checked(sd_event_add_signal(event_, nullptr, signal, &Loop::on_signal, this), "sd_event_add_signal"));
    }
    return ok();
}

int Loop::on_signal(sd_event_source* /*source*/, const signalfd_siginfo* info, void* loop) {
    auto* self = static_cast<Loop*>(loop);
    if (info->ssi_signo == SIGHUP) {
        sd_notify(0, "RELOADING=1");
        self->read_folders();
        self->read_servers();
        self->node_->reconcile();
        sd_notify(0, "READY=1");
        return 0;
    }
    return sd_event_exit(self->event_, 0);
}

int Loop::on_timer(sd_event_source* source, std::uint64_t /*due*/, void* timer) {
    const auto* self = static_cast<Timer*>(timer);
    self->work();
    sd_event_source_set_time_relative(source, self->period_us);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

Result<> Loop::every(std::uint64_t period_us, std::function<void()> work) {
    timers_.push_back({std::move(work), period_us});
    return checked(sd_event_add_time_relative(event_, nullptr, CLOCK_MONOTONIC, period_us, kAccuracyUs, &Loop::on_timer, &timers_.back()),
                   "sd_event_add_time");
}

Result<> Loop::add_timers() {
    NG_TRY(every(kConsumeUs, [this] {
        work_for_pods();
        node_->cache().expire();
    }));
    NG_TRY(every(kTickUs, [this] {
        if (server_->take_had_to_wait()) {
            node_->reconcile_soon();
        }
        node_->tick();
        held_->tick();
        server_->drop_idle();
        if (!server_->has_streams()) {
            staged_->clear();
        }
        check_pins();
    }));
    NG_TRY(every(kServersUs, [this] { read_servers(); }));
    NG_TRY(every(kRescanUs, [this] { rescan(); }));
    NG_TRY(every(kReconcileUs, [this] { node_->reconcile(); }));
    return every(kSaveUs, [this] { node_->save_cache(); });
}

Result<> Loop::watch_folders() {
    NG_ASSIGN(DirectoryWatch watch, DirectoryWatch::create(node::watched_folders(config_)));
    watch_ = std::make_unique<DirectoryWatch>(std::move(watch));
    NG_TRY(checked(sd_event_add_io(event_, nullptr, watch_->fd(), EPOLLIN, &Loop::on_folders, this), "sd_event_add_io"));
    NG_TRY(checked(sd_event_add_time_relative(event_, &quiet_, CLOCK_MONOTONIC, 0, kQuietAccuracyUs, &Loop::on_quiet, this),
                   "sd_event_add_time"));
    // What changed between the first reading and the watch.
    changed_since_us_ = 1;
    return ok();
}

int Loop::on_folders(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* loop) {
    auto* self = static_cast<Loop*>(loop);
    if (const auto seen = self->watch_->drain(); seen != DirectoryWatch::Seen::kNothing) {
        self->folders_changed(seen == DirectoryWatch::Seen::kDone ? kDoneUs : kQuietUs);
    }
    return 0;
}

Result<> Loop::watch_servers() {
    std::vector<std::string> files = node_->runtime().server_files();
    if (files.empty()) {
        return ok();
    }
    NG_ASSIGN(FileWatch watch, FileWatch::create(std::move(files)));
    servers_watch_ = std::make_unique<FileWatch>(std::move(watch));
    NG_TRY(checked(sd_event_add_io(event_, nullptr, servers_watch_->fd(), EPOLLIN, &Loop::on_servers, this), "sd_event_add_io"));
    // What changed between the first reading and the watch.
    read_servers();
    return ok();
}

int Loop::on_servers(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* loop) {
    auto* self = static_cast<Loop*>(loop);
    if (self->servers_watch_->drain()) {
        self->read_servers();
    }
    return 0;
}

void Loop::read_servers() {
    if (servers_watch_) {
        node_->health().report("watch of files with DNS servers", servers_watch_->arm());
    }
    node_->refresh_servers();
}

void Loop::folders_changed(std::uint64_t quiet_us) {
    std::uint64_t now = 0;
    sd_event_now(event_, CLOCK_MONOTONIC, &now);
    if (changed_since_us_ == 0) {
        changed_since_us_ = now;
    }
    sd_event_source_set_time(quiet_, std::min(now + quiet_us, changed_since_us_ + kImpatientUs));
    sd_event_source_set_enabled(quiet_, SD_EVENT_ONESHOT);
}

int Loop::on_quiet(sd_event_source* /*source*/, std::uint64_t /*due*/, void* loop) {
    static_cast<Loop*>(loop)->read_folders();
    return 0;
}

void Loop::read_folders() {
    changed_since_us_ = 0;
    node_->health().report("folder watch", watch_->arm());
    node_->reload_policies();
}

// For what inotify did not tell.
void Loop::rescan() {
    if (changed_since_us_ == 0) {
        read_folders();
    }
}

// Who cleared the BPF file system, or made the pins anew, left us with maps that no packet meets.
void Loop::check_pins() {
    if (!wants_restart_ && !node_->datapath().is_pinned()) {
        log::warning("the pinned objects are gone: starting anew", {log::kv("folder", node_->datapath().folder())});
        wants_restart_ = true;
        sd_event_exit(event_, 0);
    }
}

// What a round leaves has its turn when nothing else is due, or with the next round that a ring or the timer asks for.
void Loop::work_for_pods() { sd_event_source_set_enabled(rest_, work_->round() ? SD_EVENT_ONESHOT : SD_EVENT_OFF); }

int Loop::on_ring(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* loop) {
    static_cast<Loop*>(loop)->work_for_pods();
    return 0;
}

int Loop::on_rest(sd_event_source* /*source*/, void* loop) {
    static_cast<Loop*>(loop)->work_for_pods();
    return 0;
}

Result<> Loop::run() {
    sd_notifyf(0, "READY=1\nSTATUS=%zu endpoints", node_->records().size());
    log::info("ready", {log::kv("endpoints", node_->records().size()), log::kv("socket", config_.socket_path())});
    const int status = sd_event_loop(event_);
    sd_notify(0, wants_restart_ ? "RELOADING=1" : "STOPPING=1");
    listings_.reset();
    server_.reset();
    work_->finish();
    node_->save_cache_now();
    if (!wants_restart_) {
        log::info("stopped; policies stay enforced", {});
    }
    return checked(status, "sd_event_loop");
}

}  // namespace

Result<> run_daemon(const config::Config& config) {
    for (;;) {
        Loop loop(config);
        NG_TRY(loop.start());
        NG_TRY(loop.run());
        if (!loop.wants_restart()) {
            return ok();
        }
    }
}

}  // namespace namegate::daemon
