// SPDX-License-Identifier: Apache-2.0
//
// What a server sends on one HTTP/2 connection, after one request, into a gRPC reply. The session reads it in one piece and in two,
// with the same result.
#include "containerd/grpc_reply.h"

#include <map>
#include <optional>
#include <vector>

#include "containerd/http2_session.h"
#include "fuzz/target.h"

using namespace namegate;
using containerd::GrpcReply;
using containerd::GrpcReplyReader;
using containerd::Http2Session;

namespace {

class Reader final : public Http2Session::Listener {
  public:
    void on_header(Http2Session::Stream stream, std::string_view name, std::string_view value) override {
        note(stream, reader_.add_header(name, value));
    }
    void on_data(Http2Session::Stream stream, std::span<const std::uint8_t> bytes) override { note(stream, reader_.add_data(bytes)); }
    void on_end(Http2Session::Stream stream) override {
        fuzz::require(stream == asked_, "only the stream of the request gets a reply");
        if (!over_) {
            over_ = true;
            reply_ = reader_.finish();
        }
    }
    void on_closed(Http2Session::Stream stream, bool /*refused*/, const std::string& why) override {
        fuzz::require(stream == asked_, "only the stream of the request is closed");
        fuzz::require(!why.empty(), "a closed stream has a reason");
        over_ = true;
    }

    // The result as text.
    std::string read(std::span<const std::uint8_t> bytes, std::size_t cut) {
        const auto session = Http2Session::create(*this);
        fuzz::require(session.has_value(), "a session");
        session_ = session->get();
        asked_ = session_->submit({{":method", "POST"}, {":path", "/a.B/C"}, {":scheme", "http"}}, "body").value_or(0);
        drain();
        bool goes_on = session_->receive(bytes.first(cut)).has_value();
        drain();
        goes_on = goes_on && session_->check() && session_->receive(bytes.subspan(cut));
        drain();
        if (!reply_) {
            return "none";
        }
        return *reply_ ? to_string((*reply_)->status) + (*reply_)->text + (*reply_)->message : (*reply_).error().message();
    }

  private:
    void note(Http2Session::Stream stream, const Result<>& result) {
        if (!result && !over_) {
            over_ = true;
            reply_ = result.error();
            session_->cancel(stream);
        }
    }
    void drain() {
        for (auto output = session_->next_output(); output && !output->empty(); output = session_->next_output()) {
        }
    }

    Http2Session* session_ = nullptr;
    Http2Session::Stream asked_ = 0;
    GrpcReplyReader reader_;
    bool over_ = false;
    std::optional<Result<GrpcReply>> reply_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    const std::string whole = Reader().read(bytes, size);
    const std::string cut = Reader().read(bytes, size / 2);
    fuzz::require(whole == cut || whole == "none" || cut == "none", "where the bytes are cut does not matter");
    return 0;
}
