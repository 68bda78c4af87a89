// SPDX-License-Identifier: Apache-2.0
//
// What an API server sends of policies: the reply to a list, a zero byte, and the stream of a watch, in pieces, into documents of a
// ledger.
#include "fuzz/api_server_feed.h"
#include "fuzz/target.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/policy_sink.h"
#include "kubernetes/client/resource_list.h"
#include "policy/documents/object_source.h"

using namespace namegate;
using namespace namegate::kubernetes;

namespace {

void check(const policy::DocumentLedger& ledger, const PolicySink& sink) {
    for (const policy::FileStatus& one : ledger.files()) {
        fuzz::require(one.path.starts_with(sink.folder()), "a document is in the folder of its kind");
        fuzz::require(one.path.find_first_of(" \n\t\"\\") == std::string::npos, "a path has no special characters");
        fuzz::require(one.resources <= 1, "an object is one resource");
        for (const policy::Problem& problem : one.problems) {
            fuzz::require(problem.place.line == 0 && problem.place.file == one.path, "a problem names the object");
        }
    }
    for (const auto& [path, state] : sink.states()) {
        fuzz::require(path.starts_with(sink.folder()) && !state.name.name.empty(), "a state is of an object with a name");
    }
}

void run(const PolicyGroup& group, const PolicyKind& kind, std::string_view list, std::string_view stream) {
    const FixedClock clock;
    Feed feed;
    policy::ObjectSource source("api:x");
    PolicySink sink(group, kind, source);
    KindWatch watch(
        {"/apis/x", "", false, true}, feed, sink, clock, [] { return 0.5; }, WatchTiming{});
    policy::DocumentLedger ledger(clock);
    const auto read = [&] {
        ledger.begin();
        source.report(ledger);
        fuzz::require(ledger.finish().has_value(), "a round ends");
        check(ledger, sink);
    };
    watch.work();
    feed.reply(list);
    read();
    fuzz::require(!ledger.gaps().empty(), "nothing may be opened before the lists are complete");
    if (sink.is_complete()) {
        source.set_complete({sink.folder()});
    }
    read();
    feed.reply(stream);
    read();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    const std::size_t end = std::min(input.find('\0'), input.size());
    static_cast<void>(decode_resource_list(input));
    for (const PolicySourceSpec& spec : all_policy_sources()) {
        for (const PolicyGroup& group : spec.groups) {
            run(group, group.kinds.front(), input.substr(0, end), input.substr(std::min(end + 1, input.size())));
        }
    }
    return 0;
}
