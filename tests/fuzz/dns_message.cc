// SPDX-License-Identifier: Apache-2.0
//
// A DNS message into a learning decision (with ldns), and into the name cache.
#include "dns/message.h"

#include "dns/learning.h"
#include "dns/name_cache.h"
#include "dns/wire_name.h"
#include "fuzz/target.h"
#include "support/manual_clock.h"

using namespace namegate;

namespace {

void check_name(const std::string& name) {
    const auto wire = dns::text_to_wire(name);
    fuzz::require(wire.has_value(), "a name that was read can be written");
    const auto again = dns::wire_to_text(*wire);
    fuzz::require(again && *again == name, "a written name reads the same again");
}

void check_learning(const dns::Message& message, const dns::Learning& learning) {
    fuzz::require(learning.chain_names.size() <= dns::kMaxChainNames, "chains are bounded");
    fuzz::require(learning.empty() || (message.is_response && message.rcode == 0), "only successful responses are learned from");
    for (const dns::LearntAddress& address : learning.addresses) {
        fuzz::require(address.owner < learning.chain_names.size(), "the owner is in the chain");
        fuzz::require((address.names >> address.owner & 1U) != 0 && (address.owner != 0 || (address.names & 1U) != 0),
                      "an address counts for its owner");
        const std::string& owner = learning.chain_names[address.owner];
        bool found = false;
        for (const dns::AnswerRecord& record : message.answers) {
            found = found || (record.owner == owner && record.address == address.address && record.type != dns::RecordType::kCname);
        }
        fuzz::require(found, "an address is in a record of its owner");
    }
    for (const dns::ChainLink& link : learning.links) {
        fuzz::require(link.from < learning.chain_names.size() && link.to < learning.chain_names.size(), "links join names of the chain");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto message = dns::parse_message({data, size});
    if (!message) {
        return 0;
    }
    check_name(message->question.name);
    for (const dns::AnswerRecord& record : message->answers) {
        check_name(record.owner);
        check_name(record.target);
    }
    const dns::Learning learning = dns::learn(*message);
    check_learning(*message, learning);

    const test::ManualClock clock;
    dns::NameCache cache(clock, {});
    cache.record(1, learning, {0, 2, 86400});
    std::size_t reached = 0;
    cache.for_each_joined(1, learning, [&reached](const dns::Reached& one) {
        fuzz::require(!one.names.empty(), "every address was reached by a name");
        ++reached;
    });
    fuzz::require(reached >= (learning.addresses.empty() ? 0U : 1U), "what was learned can be reached by a name");
    cache.forget(1);
    fuzz::require(cache.stats().bytes == 0 && cache.stats().addresses == 0, "nothing is left of what was forgotten");
    return 0;
}
