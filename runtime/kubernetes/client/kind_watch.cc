// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/kind_watch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kubernetes/client/back_off.h"
#include "kubernetes/client/query.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr int kOk = 200;
constexpr int kNotFound = 404;
constexpr int kGone = 410;
// A server that ends watches faster than this and sends nothing is not asked again at once.
constexpr milliseconds kShortWatch{1'000};
constexpr std::size_t kShownBytes = 200;

// What the server says in a reply that is an error: the message of a Status object, or the beginning of the text.
std::string error_text(int status, const std::string& body) {
    const auto json = parse_json_object(body);
    const std::string message = json ? text_at(*json, {"message"}) : body;
    return "HTTP status " + std::to_string(status) + (message.empty() ? "" : ": " + message.substr(0, kShownBytes));
}

bool is_gone(const Json& status) {
    const auto code = status.find("code");
    const std::string reason = text_at(status, {"reason"});
    return (code != status.end() && code->is_number_integer() && *code == kGone) || reason == "Expired" || reason == "Gone";
}

}  // namespace

KindWatch::KindWatch(Resource resource, Transport& transport, ObjectSink& sink, const Clock& clock, Random random,
                     const WatchTiming& timing)
    : resource_(std::move(resource)),
      transport_(transport),
      sink_(sink),
      clock_(clock),
      random_(std::move(random)),
      timing_(timing),
      from_storage_(resource_.newest),
      version_(sink.reached()) {}

KindWatch::~KindWatch() { stop(); }

void KindWatch::work() {
    if (now() < due_ns_) {
        return;
    }
    if (state_ == State::kWaiting) {
        start_request();
        return;
    }
    // Silence.
    const bool was_list = state_ == State::kListing;
    stop();
    if (was_list) {
        fail(Error(Code::kTryAgain, "the server sent nothing for " + std::to_string(timing_.list_silence.count() / 1000) + " s"));
    } else if (http_status_ == 0) {
        fail(Error(Code::kTryAgain, "the server does not answer"));
    } else {
        start_request();  // a connection that was lost without notice shows itself now
    }
}

void KindWatch::start_request() {
    if (must_list_) {
        start_list();
    } else {
        start_watch();
    }
}

void KindWatch::start_list() {
    Query query;
    query.add(resource_.selection);
    query.add("limit", std::to_string(kPageObjects));
    if (!continue_.empty()) {
        query.add("continue", continue_);
    } else {
        pages_ = 0;
        sink_.begin_list();
        if (!from_storage_) {
            // From the server's cache, which costs it little, but nothing older than what is known.
            query.add("resourceVersion", version_.empty() ? "0" : version_);
            query.add(version_.empty() ? "" : "resourceVersionMatch=NotOlderThan");
        }
    }
    page_bytes_ = 0;
    list_.emplace(kMaxObjectBytes, [this](std::string_view text, bool too_large) { take_item(text, too_large); });
    start(State::kListing, query.text(), timing_.list_silence);
}

void KindWatch::start_watch() {
    Query query;
    query.add(resource_.selection);
    query.add("watch", "1");
    query.add("allowWatchBookmarks", "true");
    query.add("resourceVersion", version_);
    // By chance, so that the nodes of a cluster do not ask all at once.
    const auto length = static_cast<std::int64_t>(static_cast<double>(timing_.watch_length.count()) * (1 + random_()));
    query.add("timeoutSeconds", std::to_string(length));
    has_event_ = false;
    lines_.emplace(kMaxLineBytes, [this](std::string_view line, bool too_long) { return take_line(line, too_long); });
    start(State::kWatching, query.text(), timing_.watch_silence);
}

void KindWatch::start(State state, const std::string& query, milliseconds silence) {
    state_ = state;
    http_status_ = 0;
    retry_after_ = {};
    error_body_.clear();
    given_up_.reset();
    started_ns_ = now();
    silence_ns_ = nanoseconds_of(silence);
    due_ns_ = started_ns_ + silence_ns_;
    const std::string json = kJsonMediaType;
    const std::string metadata =
        json + ";as=" + (state == State::kListing ? "PartialObjectMetadataList" : "PartialObjectMetadata") + ";g=meta.k8s.io;v=v1," + json;
    const auto started = transport_.start({resource_.path + "?" + query, resource_.only_metadata ? metadata : json}, *this);
    if (!started) {
        state_ = State::kWaiting;
        fail(started.error());
        return;
    }
    transfer_ = *started;
}

void KindWatch::stop() {
    if (state_ != State::kWaiting) {
        transport_.cancel(transfer_);
        state_ = State::kWaiting;
    }
}

void KindWatch::on_status(int status, std::chrono::seconds retry_after) {
    http_status_ = status;
    retry_after_ = std::clamp(retry_after, std::chrono::seconds(0), kMaxRetryAfter);
    due_ns_ = now() + silence_ns_;
    if (status == kOk && state_ == State::kWatching) {
        set_connected();
    }
}

bool KindWatch::on_data(std::string_view bytes) {
    due_ns_ = now() + silence_ns_;
    if (http_status_ != kOk) {
        error_body_ += bytes.substr(0, kMaxErrorBytes - error_body_.size());
        return error_body_.size() < kMaxErrorBytes;
    }
    if (state_ == State::kWatching) {
        return lines_->feed(bytes);
    }
    page_bytes_ += bytes.size();
    if (page_bytes_ > kMaxPageBytes) {
        return give_up(Error(Code::kExhausted, "a page of a list of more than " + std::to_string(kMaxPageBytes) + " bytes"), true);
    }
    const Result<> fed = list_->feed(bytes);
    return fed || give_up(fed.error(), true);
}

void KindWatch::on_end(const Result<>& outcome) {
    const State ended = std::exchange(state_, State::kWaiting);
    if (std::exchange(has_expired_, false)) {
        expire();
    } else if (given_up_) {
        fail(*given_up_);
    } else if (http_status_ != 0 && http_status_ != kOk) {
        end_refused_request();
    } else if (!outcome) {
        continue_.clear();  // a list begins again
        fail(outcome.error());
    } else if (ended == State::kListing) {
        end_list();
    } else {
        end_watch();
    }
}

void KindWatch::end_refused_request() {
    if (http_status_ == kGone) {
        expire();
        return;
    }
    status_.not_found = http_status_ == kNotFound;
    // "Too large resource version": the server's storage was restored from a backup, or its cache is behind.
    const auto status = parse_json_object(error_body_);
    from_storage_ = from_storage_ || (must_list_ && status && text_at(*status, {"reason"}) == "Timeout");
    continue_.clear();
    fail(Error(Code::kTryAgain, error_text(http_status_, error_body_)));
}

void KindWatch::end_list() {
    const auto envelope = list_->finish();
    const auto list = envelope ? parse_json_object(*envelope) : Result<Json>(envelope.error());
    if (!list) {
        continue_.clear();
        fail(list.error());
        return;
    }
    const std::string version = text_at(*list, {"metadata", "resourceVersion"});
    continue_ = text_at(*list, {"metadata", "continue"});
    if (!continue_.empty() && (++pages_ == kMaxPages || continue_.size() > kMaxContinueBytes)) {
        continue_.clear();
        fail(Error(Code::kExhausted, "a list of more than " + std::to_string(kMaxPages) + " pages"));
        return;
    }
    if (!continue_.empty()) {
        start_list();
        return;
    }
    if (!reached(version)) {
        fail(Error(Code::kInvalidInput, "a list without metadata.resourceVersion"));
        return;
    }
    sink_.end_list(version_);
    ++status_.lists;
    must_list_ = false;
    from_storage_ = false;
    start_watch();
}

void KindWatch::end_watch() {
    if (!has_event_ && now() - started_ns_ < nanoseconds_of(kShortWatch)) {
        fail(Error(Code::kTryAgain, "the server ended the watch at once"));
        return;
    }
    failures_ = 0;
    start_watch();
}

bool KindWatch::take_line(std::string_view line, bool too_long) {
    if (!too_long && line.empty()) {
        return true;
    }
    if (too_long) {
        const Error why(Code::kExhausted, "an object of more than " + std::to_string(kMaxObjectBytes) + " bytes");
        const ObjectName name = find_name(line, "object");
        if (name.name.empty()) {
            return give_up(why, true);
        }
        sink_.forget(name);
        refuse(why.with_context(to_string(name)));
        return true;
    }
    const auto event = parse_json_object(line);
    if (event) {
        return take_event(*event);
    }
    const ObjectName name = find_name(line, "object");
    if (event.error().code() == Code::kExhausted && !name.name.empty()) {
        sink_.forget(name);
        refuse(event.error().with_context(to_string(name)));
        return true;
    }
    return give_up(event.error().with_context("a line of the watch"), true);
}

bool KindWatch::take_event(const Json& event) {
    const std::string type = text_at(event, {"type"});
    const auto object = event.find("object");
    if (object == event.end() || !object->is_object()) {
        return give_up(Error(Code::kInvalidInput, "an event of the watch without an object"), true);
    }
    if (type == "ERROR") {
        return take_error_event(*object);
    }
    has_event_ = true;
    failures_ = 0;
    Result<> taken = ok();
    if (type == "ADDED" || type == "MODIFIED") {
        taken = sink_.change(*object);
    } else if (type == "DELETED") {
        taken = sink_.remove(*object);
    }  // a bookmark has only a version; further types may come with later servers
    if (!taken) {
        refuse(taken.error());
    }
    if (!reached(text_at(*object, {"metadata", "resourceVersion"}))) {
        return true;  // the watch goes on from the last version
    }
    sink_.reach(version_);
    return true;
}

bool KindWatch::take_error_event(const Json& status) {
    has_expired_ = is_gone(status);
    return give_up(Error(Code::kTryAgain, "the server ended the watch: " + text_at(status, {"message"}).substr(0, kShownBytes)), false);
}

void KindWatch::take_item(std::string_view text, bool too_large) {
    const auto object = too_large
                            ? Result<Json>(Error(Code::kExhausted, "an object of more than " + std::to_string(kMaxObjectBytes) + " bytes"))
                            : parse_json_object(text);
    if (!object) {
        const ObjectName name = find_name(text, "");
        sink_.forget_listed(name, object.error());
        refuse(name.name.empty() ? object.error() : object.error().with_context(to_string(name)));
    } else if (const auto taken = sink_.list(*object); !taken) {
        refuse(taken.error());
    }
}

bool KindWatch::reached(const std::string& version) {
    if (version.empty() || version.size() > kMaxVersionBytes) {
        return false;
    }
    version_ = version;
    return true;
}

void KindWatch::refuse(const Error& why) {
    ++status_.refused;
    status_.last_refused = why.message();
}

bool KindWatch::give_up(const Error& why, bool list_again) {
    given_up_ = why;
    must_list_ = must_list_ || list_again;
    continue_.clear();
    return false;
}

// The server no longer has the changes since the version, or the rest of the list.
void KindWatch::expire() {
    must_list_ = true;
    from_storage_ = true;
    continue_.clear();
    wait(next_delay());
}

void KindWatch::set_connected() {
    if (!status_.connected) {
        status_.since_seconds = clock_.wall_seconds();
    }
    status_.connected = true;
    status_.away = false;
    status_.not_found = false;
}

void KindWatch::fail(const Error& why) {
    if (!status_.away) {
        status_.since_seconds = clock_.wall_seconds();
    }
    status_.connected = false;
    status_.away = true;
    status_.error = why.message();
    wait(std::max(next_delay(), milliseconds(retry_after_)));
}

void KindWatch::wait(milliseconds delay) { due_ns_ = now() + nanoseconds_of(delay); }

milliseconds KindWatch::next_delay() { return back_off(timing_.first_delay, timing_.max_delay, failures_++, random_()); }

}  // namespace namegate::kubernetes
