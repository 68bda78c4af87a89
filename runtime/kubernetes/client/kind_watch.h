// SPDX-License-Identifier: Apache-2.0
//
// Keeps a sink up to date with the objects of one kind at the API server: reads the whole list, in pages, and then the stream of
// changes, for as long as it lives. Repeats what fails, with growing and random delays. What is too large or cannot be read costs one
// object, not the watch. Owns the request in progress. One thread; nothing blocks: the owner calls work() at due_ns().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "kubernetes/client/json_text.h"
#include "kubernetes/client/line_reader.h"
#include "kubernetes/client/list_reader.h"
#include "kubernetes/client/object_sink.h"
#include "kubernetes/client/transport.h"

namespace namegate::kubernetes {

// What is watched.
struct Resource {
    std::string path;       // "/api/v1/pods"
    std::string selection;  // a query parameter such as "fieldSelector=..."; empty: all objects
    bool only_metadata = false;
    bool newest = false;  // the first list has the newest state too, not what the server has in its cache
};

struct WatchTiming {
    std::chrono::milliseconds first_delay{800};  // after the first failure; doubled by each further one
    std::chrono::milliseconds max_delay{30'000};
    std::chrono::milliseconds list_silence{30'000};   // without a byte, a list has failed
    std::chrono::milliseconds watch_silence{90'000};  // without a byte, a watch is asked for again; a server sends bookmarks each minute
    std::chrono::seconds watch_length{300};           // asked of the server; up to twice as long, by chance
};

inline constexpr std::size_t kPageObjects = 500;
inline constexpr std::size_t kMaxPages = 1'000;                      // of one list
inline constexpr std::uint64_t kMaxPageBytes = 256UL * 1024 * 1024;  // of one reply to a list; only an item at a time is in memory
inline constexpr std::size_t kMaxErrorBytes = 16 * 1024;             // of a reply that is an error
inline constexpr std::size_t kMaxVersionBytes = 256;                 // of a resource version
inline constexpr std::size_t kMaxContinueBytes = 16 * 1024;          // of what the server wants back for the next page
inline constexpr std::chrono::seconds kMaxRetryAfter{60};
// What surrounds the object in a line of a watch: {"type":"MODIFIED","object":...}
inline constexpr std::size_t kMaxLineBytes = kMaxObjectBytes + 256;

struct WatchStatus {
    bool connected = false;          // changes arrive
    bool away = false;               // the last attempt failed; not set between attempts that succeed
    std::int64_t since_seconds = 0;  // when that changed last, since the epoch; 0: not yet
    std::string error;               // why it is away, or was last; empty: it never was
    std::uint64_t lists = 0;         // that were complete
    std::uint64_t refused = 0;       // objects
    std::string last_refused;        // why
    bool not_found = false;          // the server does not have the resource, as the last attempt found
};

class KindWatch final : private HttpReceiver {
  public:
    using Random = std::function<double()>;  // in [0, 1)

    // All must outlive this object. Nothing is requested before work().
    KindWatch(Resource resource, Transport& transport, ObjectSink& sink, const Clock& clock, Random random, const WatchTiming& timing);
    ~KindWatch() override;
    KindWatch(const KindWatch&) = delete;
    KindWatch& operator=(const KindWatch&) = delete;
    KindWatch(KindWatch&&) = delete;
    KindWatch& operator=(KindWatch&&) = delete;

    // Does what is due.
    void work();
    // When work() has something to do, as Clock::boot_ns().
    std::uint64_t due_ns() const { return due_ns_; }
    const WatchStatus& status() const { return status_; }
    const Resource& resource() const { return resource_; }

  private:
    enum class State : std::uint8_t { kWaiting, kListing, kWatching };

    void on_status(int status, std::chrono::seconds retry_after) override;
    bool on_data(std::string_view bytes) override;
    void on_end(const Result<>& outcome) override;

    void start_request();
    void start_list();
    void start_watch();
    void start(State state, const std::string& query, std::chrono::milliseconds silence);
    void stop();
    void end_list();
    void end_watch();
    void end_refused_request();
    bool take_line(std::string_view line, bool too_long);
    bool take_event(const nlohmann::json& event);
    void take_item(std::string_view text, bool too_large);
    bool take_error_event(const nlohmann::json& status);
    void refuse(const Error& why);
    // Returns false, for callers that end the stream.
    bool give_up(const Error& why, bool list_again);
    void expire();
    void set_connected();
    void fail(const Error& why);
    void wait(std::chrono::milliseconds delay);
    std::chrono::milliseconds next_delay();
    std::uint64_t now() const { return clock_.boot_ns(); }
    bool reached(const std::string& version);

    const Resource resource_;
    Transport& transport_;
    ObjectSink& sink_;
    const Clock& clock_;
    const Random random_;
    const WatchTiming timing_;

    State state_ = State::kWaiting;
    std::uint64_t due_ns_ = 0;
    Transport::Transfer transfer_ = 0;
    std::uint64_t silence_ns_ = 0;  // allowed in the request in progress
    std::uint64_t started_ns_ = 0;
    int http_status_ = 0;  // 0: not known yet
    std::chrono::seconds retry_after_{0};
    std::string error_body_;
    std::optional<Error> given_up_;  // why this object ended the request
    bool has_expired_ = false;       // the server said so in an event of the watch

    bool must_list_ = true;
    bool from_storage_ = false;  // list the newest state, not what the server has in its cache
    std::string version_;        // the next watch begins here
    std::string continue_;       // of the next page
    std::size_t pages_ = 0;
    std::uint64_t page_bytes_ = 0;
    bool has_event_ = false;  // in this watch
    unsigned failures_ = 0;   // in a row
    std::optional<ListReader> list_;
    std::optional<LineReader> lines_;
    WatchStatus status_;
};

}  // namespace namegate::kubernetes
