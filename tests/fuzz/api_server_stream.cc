// SPDX-License-Identifier: Apache-2.0
//
// What an API server sends: the reply to a list, a zero byte, and the stream of a watch, in pieces, into what is known.
#include "fuzz/api_server_feed.h"
#include "fuzz/target.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/knowledge_sink.h"
#include "kubernetes/known/decode_object.h"
#include "kubernetes/known/kept_objects.h"

using namespace namegate;
using namespace namegate::kubernetes;

namespace {

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
