// SPDX-License-Identifier: Apache-2.0
#include "containerd/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "containerd/grpc_reply.h"

namespace namegate::containerd {

namespace {

Error failed(const char* what, int error) { return {Code::kInternal, std::string(what) + ": " + nghttp2_strerror(error)}; }

// Not const, because the library's types are not; it only reads the bytes.
std::uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); }

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
    return size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

// The callbacks of the library; `self` is the session.
// NOLINTBEGIN(readability-function-size): the library defines the parameters
struct Http2Session::Callbacks {
    static Http2Session& session(void* self) { return *static_cast<Http2Session*>(self); }

    static int handle_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                             const std::uint8_t* value, std::size_t value_size, std::uint8_t /*flags*/, void* self) {
        session(self).listener_.on_header(frame->hd.stream_id, text_of(name, name_size), text_of(value, value_size));
        return 0;
    }
    static int handle_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream, const std::uint8_t* bytes,
                           std::size_t size, void* self) {
        session(self).listener_.on_data(stream, {bytes, size});
        return 0;
    }
    static int handle_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
        const bool has_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (has_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            session(self).listener_.on_end(frame->hd.stream_id);
        }
        if (frame->hd.type == NGHTTP2_GOAWAY) {
            const nghttp2_goaway& goaway = frame->goaway;
            session(self).goaway_ = std::string("the server sent GOAWAY, ") + nghttp2_http2_strerror(goaway.error_code) + " " +
                                    std::string(text_of(goaway.opaque_data, std::min(goaway.opaque_data_len, kMaxStatusText)));
        }
        return 0;
    }
    static int handle_not_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, int error, void* self) {
        if (frame->hd.type == NGHTTP2_HEADERS) {
            closed(self, frame->hd.stream_id, true, nghttp2_strerror(error));
        }
        return 0;
    }
    static int handle_closed(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t error, void* self) {
        const std::string& detail = session(self).library_error_;
        closed(self, stream, error == NGHTTP2_REFUSED_STREAM,
               std::string("the stream was closed, ") + nghttp2_http2_strerror(error) + (detail.empty() ? "" : ": " + detail));
        return 0;
    }
    static void closed(void* self, std::int32_t stream, bool refused, const std::string& why) {
        session(self).bodies_.erase(stream);
        session(self).listener_.on_closed(stream, refused, why);
    }
    static int handle_library_error(nghttp2_session* /*session*/, int error, const char* /*message*/, std::size_t /*size*/, void* self) {
        session(self).library_error_ = nghttp2_strerror(error);
        return 0;
    }
    static ssize_t read_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* buffer, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source* /*source*/, void* self) {
        const auto body = session(self).bodies_.find(stream);
        if (body == session(self).bodies_.end()) {
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        auto& [text, sent] = body->second;
        const std::size_t part = std::min(size, text.size() - sent);
        text.copy(reinterpret_cast<char*>(buffer), part, sent);
        sent += part;
        if (sent == text.size()) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        }
        return static_cast<ssize_t>(part);
    }
};

// NOLINTEND(readability-function-size)

Http2Session::~Http2Session() = default;

Result<std::unique_ptr<Http2Session>> Http2Session::create(Listener& listener) {
    nghttp2_session_callbacks* made = nullptr;
    if (const int error = nghttp2_session_callbacks_new(&made); error != 0) {
        return failed("nghttp2_session_callbacks_new", error);
    }
    const UniqueC<nghttp2_session_callbacks, nghttp2_session_callbacks_del> callbacks(made);
    nghttp2_session_callbacks_set_on_header_callback(made, &Callbacks::handle_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &Callbacks::handle_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, &Callbacks::handle_frame);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, &Callbacks::handle_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, &Callbacks::handle_closed);
    nghttp2_session_callbacks_set_error_callback2(made, &Callbacks::handle_library_error);

    std::unique_ptr<Http2Session> session(new Http2Session(listener));
    nghttp2_session* raw = nullptr;
    if (const int error = nghttp2_session_client_new(&raw, made, session.get()); error != 0) {
        return failed("nghttp2_session_client_new", error);
    }
    session->session_.reset(raw);
    const std::array settings = {
        nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(kMaxHeaderBytes)}};
    if (const int error = nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings.data(), settings.size()); error != 0) {
        return failed("nghttp2_submit_settings", error);
    }
    return session;
}

bool Http2Session::takes_requests() const { return nghttp2_session_check_request_allowed(session_.get()) != 0; }

Result<Http2Session::Stream> Http2Session::submit(const Http2Headers& headers, std::string body) {
    std::vector<nghttp2_nv> fields;
    fields.reserve(headers.size());
    for (const auto& [name, value] : headers) {
        fields.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{};
    provider.read_callback = &Callbacks::read_body;
    const Stream stream = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &provider, nullptr);
    if (stream < 0) {
        return Error(Code::kTryAgain, std::string("nghttp2_submit_request: ") + nghttp2_strerror(stream));
    }
    bodies_[stream] = {std::move(body), 0};
    return stream;
}

void Http2Session::cancel(Stream stream) {
    // Fails only when memory runs out; the rest of the stream is then ignored.
    static_cast<void>(nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL));
}

Result<> Http2Session::receive(std::span<const std::uint8_t> bytes) {
    const ssize_t consumed = nghttp2_session_mem_recv(session_.get(), bytes.data(), bytes.size());
    if (consumed < 0) {
        return Error(Code::kInvalidInput, std::string("invalid HTTP/2: ") + nghttp2_strerror(static_cast<int>(consumed)));
    }
    return ok();
}

Result<> Http2Session::check() const {
    if (nghttp2_session_want_read(session_.get()) != 0 || nghttp2_session_want_write(session_.get()) != 0) {
        return ok();
    }
    if (!goaway_.empty()) {
        return Error(Code::kTryAgain, goaway_);
    }
    // The library itself sent GOAWAY because of a protocol error.
    return Error(Code::kInvalidInput, "invalid HTTP/2: " + (library_error_.empty() ? std::string("an invalid frame") : library_error_));
}

Result<std::string_view> Http2Session::next_output() {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) {
        return failed("nghttp2_session_mem_send", static_cast<int>(size));
    }
    return text_of(bytes, static_cast<std::size_t>(size));
}

}  // namespace namegate::containerd
