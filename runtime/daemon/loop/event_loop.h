// SPDX-License-Identifier: Apache-2.0
//
// The event loop: sd-event behind RAII types. The loop waits for file descriptors, timers and signals and runs one callback
// at a time. Each add_*() returns a move-only source. The source owns the registration and the callback: the callback runs
// only while the source exists. A callback may destroy any source, its own too; its captures then live until it returns.
// Callbacks must not throw. A source that watches a file descriptor must be destroyed before the descriptor is closed.
// A source may outlive its loop, but its callback is not called any more. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"

struct sd_event;
struct sd_event_source;

namespace namegate::daemon {

// How much later than requested sd-event may call a timer back, to wake up less often. 0 means sd-event's default.
inline constexpr std::uint64_t kDefaultAccuracyUs = 0;  // 0.25 s

// What all kinds of sources have in common. A default-constructed source is empty.
class EventSource {
  public:
    EventSource() = default;
    ~EventSource();
    EventSource(EventSource&& other) noexcept;
    EventSource& operator=(EventSource&& other) noexcept;
    EventSource(const EventSource&) = delete;
    EventSource& operator=(const EventSource&) = delete;

    explicit operator bool() const { return source_ != nullptr; }
    // Removes the registration.
    void reset();

  protected:
    sd_event_source* get() const { return source_; }

  private:
    friend class EventLoop;

    sd_event_source* source_ = nullptr;
};

// A file descriptor. Level-triggered: the callback is repeated as long as one of the events holds.
class IoSource : public EventSource {
  public:
    // `events`: EPOLL* (epoll_ctl(2)). With 0 only EPOLLERR and EPOLLHUP are reported.
    void set_events(std::uint32_t events);
    void set_enabled(bool enabled);
};

// A timer that fires once for each start. It is created stopped.
class TimerSource : public EventSource {
  public:
    // Replaces an earlier start that has not fired yet. `delay_us` counts from EventLoop::now_us().
    void start_in(std::uint64_t delay_us);
    // `due_us`: on the clock of EventLoop::now_us(). A time in the past fires in the next round.
    void start_at(std::uint64_t due_us);
    void stop();
};

// Work for the next round of the loop. It is created switched off and runs once each time it is switched on.
class DeferredSource : public EventSource {
  public:
    void set_enabled(bool enabled);
};

class EventLoop {
  public:
    using Work = std::function<void()>;
    using IoWork = std::function<void(std::uint32_t events)>;
    enum class Priority {
        kNormal,
        kIdle,  // only when no other source is ready
    };

    static Result<std::unique_ptr<EventLoop>> create();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    EventLoop(EventLoop&&) = delete;
    EventLoop& operator=(EventLoop&&) = delete;

    // The callback gets the events that hold.
    Result<IoSource> add_io(int fd, std::uint32_t events, IoWork work);
    Result<TimerSource> add_timer(std::uint64_t accuracy_us, Work work);
    // The first call comes after one period, each further call one period after the round of the last call began.
    Result<EventSource> add_periodic(std::uint64_t period_us, std::uint64_t accuracy_us, Work work);
    Result<DeferredSource> add_deferred(Priority priority, Work work);
    // Blocks the signal in this thread until the thread ends, so that it stays pending for the loop. One source for each signal.
    Result<EventSource> add_signal(int signal, Work work);
    // Reports regularly to the service manager that the loop runs, if it has set a watchdog for this process.
    Result<> feed_watchdog();

    // Runs until exit().
    Result<> run();
    // Waits up to `timeout_us` for one event and runs its callback; for tests.
    Result<> run_once(std::uint64_t timeout_us);
    // Ends run() after the current callback.
    void exit();
    // CLOCK_MONOTONIC when the current or last round woke up; before the first round, the present time.
    std::uint64_t now_us() const;

  private:
    explicit EventLoop(sd_event* event) : event_(event) {}

    sd_event* event_;
};

}  // namespace namegate::daemon
