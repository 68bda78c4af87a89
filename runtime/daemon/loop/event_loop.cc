// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/event_loop.h"

#include <signal.h>
#include <systemd/sd-event.h>

#include <ctime>
#include <utility>

namespace namegate::daemon {

namespace {

// The user data of every sd_event_source. The sd_event_source owns it and deletes it when sd-event frees the source. sd-event
// frees no source while its callback runs, so a callback survives the destruction of its own source.
struct Registration {
    EventLoop::IoWork work;       // the other kinds ignore the argument
    std::uint64_t period_us = 0;  // of periodic sources
    bool released = false;        // the EventSource is gone: the sd_event_source must not be used
};

Registration& registration(void* data) { return *static_cast<Registration*>(data); }

void delete_registration(void* data) { delete static_cast<Registration*>(data); }

int dispatch_io(sd_event_source* /*source*/, int /*fd*/, std::uint32_t events, void* data) {
    registration(data).work(events);
    return 0;
}

int dispatch_timer(sd_event_source* /*source*/, std::uint64_t /*due*/, void* data) {
    registration(data).work(0);
    return 0;
}

int dispatch_periodic(sd_event_source* source, std::uint64_t /*due*/, void* data) {
    const Registration& periodic = registration(data);
    periodic.work(0);
    if (periodic.released) {
        return 0;
    }
    sd_event_source_set_time_relative(source, periodic.period_us);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int dispatch_deferred(sd_event_source* /*source*/, void* data) {
    registration(data).work(0);
    return 0;
}

int dispatch_signal(sd_event_source* /*source*/, const signalfd_siginfo* /*info*/, void* data) {
    registration(data).work(0);
    return 0;
}

std::unique_ptr<Registration> registration_of(EventLoop::Work work, std::uint64_t period_us = 0) {
    auto made = std::make_unique<Registration>();
    made->work = [work = std::move(work)](std::uint32_t /*events*/) { work(); };
    made->period_us = period_us;
    return made;
}

// `status`: the result of the sd_event_add_*() call that got the registration as user data. If it succeeded, the sd_event_source owns
// the registration from now on.
Result<> hand_over(std::unique_ptr<Registration> made, int status, sd_event_source* source, const char* what) {
    if (status < 0) {
        return sys_error(what, -status);
    }
    sd_event_source_set_destroy_callback(source, &delete_registration);
    static_cast<void>(made.release());
    return ok();
}

Result<> checked(int status, const char* what) { return status < 0 ? Result<>(sys_error(what, -status)) : ok(); }

}  // namespace

EventSource::~EventSource() { reset(); }

EventSource::EventSource(EventSource&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}

EventSource& EventSource::operator=(EventSource&& other) noexcept {
    if (this != &other) {
        reset();
        source_ = std::exchange(other.source_, nullptr);
    }
    return *this;
}

void EventSource::reset() {
    if (sd_event_source* const source = std::exchange(source_, nullptr); source != nullptr) {
        registration(sd_event_source_get_userdata(source)).released = true;
        sd_event_source_disable_unref(source);
    }
}

void IoSource::set_events(std::uint32_t events) { sd_event_source_set_io_events(get(), events); }

void IoSource::set_enabled(bool enabled) { sd_event_source_set_enabled(get(), enabled ? SD_EVENT_ON : SD_EVENT_OFF); }

void TimerSource::start_in(std::uint64_t delay_us) {
    sd_event_source_set_time_relative(get(), delay_us);
    sd_event_source_set_enabled(get(), SD_EVENT_ONESHOT);
}

void TimerSource::start_at(std::uint64_t due_us) {
    sd_event_source_set_time(get(), due_us);
    sd_event_source_set_enabled(get(), SD_EVENT_ONESHOT);
}

void TimerSource::stop() { sd_event_source_set_enabled(get(), SD_EVENT_OFF); }

void DeferredSource::set_enabled(bool enabled) { sd_event_source_set_enabled(get(), enabled ? SD_EVENT_ONESHOT : SD_EVENT_OFF); }

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
    sd_event* event = nullptr;
    NG_TRY(checked(sd_event_new(&event), "sd_event_new"));
    return std::unique_ptr<EventLoop>(new EventLoop(event));
}

EventLoop::~EventLoop() { sd_event_unref(event_); }

Result<IoSource> EventLoop::add_io(int fd, std::uint32_t events, IoWork work) {
    auto made = std::make_unique<Registration>();
    made->work = std::move(work);
    IoSource source;
    const int status = sd_event_add_io(event_, &source.source_, fd, events, &dispatch_io, made.get());
    NG_TRY(hand_over(std::move(made), status, source.source_, "sd_event_add_io"));
    return source;
}

Result<TimerSource> EventLoop::add_timer(std::uint64_t accuracy_us, Work work) {
    auto made = registration_of(std::move(work));
    TimerSource source;
    const int status = sd_event_add_time(event_, &source.source_, CLOCK_MONOTONIC, UINT64_MAX, accuracy_us, &dispatch_timer, made.get());
    NG_TRY(hand_over(std::move(made), status, source.source_, "sd_event_add_time"));
    source.stop();
    return source;
}

Result<EventSource> EventLoop::add_periodic(std::uint64_t period_us, std::uint64_t accuracy_us, Work work) {
    auto made = registration_of(std::move(work), period_us);
    EventSource source;
    const int status =
        sd_event_add_time_relative(event_, &source.source_, CLOCK_MONOTONIC, period_us, accuracy_us, &dispatch_periodic, made.get());
    NG_TRY(hand_over(std::move(made), status, source.source_, "sd_event_add_time_relative"));
    return source;
}

Result<DeferredSource> EventLoop::add_deferred(Priority priority, Work work) {
    auto made = registration_of(std::move(work));
    DeferredSource source;
    const int status = sd_event_add_defer(event_, &source.source_, &dispatch_deferred, made.get());
    NG_TRY(hand_over(std::move(made), status, source.source_, "sd_event_add_defer"));
    source.set_enabled(false);
    const int order = priority == Priority::kIdle ? SD_EVENT_PRIORITY_IDLE : SD_EVENT_PRIORITY_NORMAL;
    NG_TRY(checked(sd_event_source_set_priority(source.source_, order), "sd_event_source_set_priority"));
    return source;
}

Result<EventSource> EventLoop::add_signal(int signal, Work work) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    auto made = registration_of(std::move(work));
    EventSource source;
    const int status = sd_event_add_signal(event_, &source.source_, signal, &dispatch_signal, made.get());
    NG_TRY(hand_over(std::move(made), status, source.source_, "sd_event_add_signal"));
    return source;
}

Result<> EventLoop::feed_watchdog() { return checked(sd_event_set_watchdog(event_, 1), "sd_event_set_watchdog"); }

Result<> EventLoop::run() { return checked(sd_event_loop(event_), "sd_event_loop"); }

Result<> EventLoop::run_once(std::uint64_t timeout_us) { return checked(sd_event_run(event_, timeout_us), "sd_event_run"); }

void EventLoop::exit() { sd_event_exit(event_, 0); }

std::uint64_t EventLoop::now_us() const {
    std::uint64_t now = 0;
    sd_event_now(event_, CLOCK_MONOTONIC, &now);
    return now;
}

}  // namespace namegate::daemon
