// SPDX-License-Identifier: Apache-2.0
//
// Frames as the programs hold them, one after the other, each with its length in two bytes: parsed, and datagrams reassembled from
// their fragments.
#include "daemon/dns/fragments.h"
#include "daemon/dns/frame.h"
#include "fuzz/target.h"
#include "support/manual_clock.h"

using namespace namegate;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::ManualClock clock;
    daemon::Fragments fragments(clock);
    for (std::span<const std::uint8_t> rest(data, size); rest.size() >= 2;) {
        const std::size_t length = std::min<std::size_t>(static_cast<std::size_t>(rest[0] << 8U | rest[1]), rest.size() - 2);
        const auto frame = daemon::parse_frame(rest.subspan(2, length));
        rest = rest.subspan(2 + length);
        if (!frame) {
            continue;
        }
        if (const auto datagram = fragments.add(1, *frame)) {
            fuzz::require(datagram->bytes.size() <= daemon::kMaxDatagramBytes, "datagrams are bounded");
        }
        fuzz::require(fragments.size() <= daemon::kMaxDatagramsPerEndpoint, "incomplete datagrams of an endpoint are bounded");
    }
    fragments.expire([](std::uint32_t) { return false; });
    fuzz::require(fragments.size() == 0, "nothing is left of an endpoint that is gone");
    return 0;
}
