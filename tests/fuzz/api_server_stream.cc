// SPDX-License-Identifier: Apache-2.0
//
// What an API server sends: the reply to a list, a zero byte, and the stream of a watch, in pieces, into what is known.
#include <algorithm>
#include <utility>

#include "fuzz/target.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/knowledge_sink.h"
#include "kubernetes/known/decode_object.h"
#include "kubernetes/known/kept_objects.h"

using namespace namegate;
using namespace namegate::kubernetes;

namespace {

constexpr std::size_t kPiece = 7;

class FixedClock final : public Clock {
  public:
    std::uint64_t boot_ns() const override { return 1'000'000'000; }
    std::int64_t wall_seconds() const override { return 1; }
};

// Passes the input on to whoever asked last.
class Feed final : public Transport {
  public:
    Result<Transfer> start(const HttpRequest& /*request*/, HttpReceiver& receiver) override {
        receiver_ = &receiver;
        return Transfer{1};
    }
    void cancel(Transfer /*transfer*/) override { receiver_ = nullptr; }
    void reply(std::string_view bytes) {
        if (receiver_ == nullptr) {
            return;
        }
        receiver_->on_status(200, {});
        for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
            if (!receiver_->on_data(bytes.substr(0, kPiece))) {
                std::exchange(receiver_, nullptr)->on_end(Error(Code::kTryAgain, "stopped"));
                return;
            }
        }
        std::exchange(receiver_, nullptr)->on_end(ok());
    }

  private:
    HttpReceiver* receiver_ = nullptr;
};

void check(const Knowledge& known, Kind kind) {
    for (const auto& [name, object] : known.all(kind)) {
        fuzz::require(name == object->name && !name.name.empty(), "an object has its name");
        fuzz::require(object->labels.size() <= kMaxObjectLabels, "labels are bounded");
        fuzz::require(object->pod.has_value() == (kind == Kind::kPods), "only pods have what pods have");
        fuzz::require(!object->pod || object->pod->ports.size() <= kMaxPodPorts, "ports are bounded");
    }
    const auto read = decode_kept(kind, encode_kept(kind, known.resource_version(kind), known.all(kind)));
    fuzz::require(read && read->objects.size() == known.all(kind).size(), "what is kept can be read");
    for (const Object& object : read->objects) {
        fuzz::require(*known.all(kind).at(object.name) == object, "what is kept is what was known");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const std::size_t end = std::min(input.find('\0'), input.size());
    for (const Kind kind : {Kind::kPods, Kind::kNamespaces}) {
        const FixedClock clock;
        Feed feed;
        Knowledge known("", true);
        KnowledgeSink sink(kind, known);
        KindWatch watch(
            {"/api/v1/x", "", false}, feed, sink, clock, [] { return 0.5; }, WatchTiming{});
        watch.work();
        feed.reply(input.substr(0, end));
        feed.reply(input.substr(std::min(end + 1, input.size())));
        check(known, kind);
    }
    return 0;
}
