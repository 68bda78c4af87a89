// SPDX-License-Identifier: Apache-2.0
// The first bytes of a pod's TLS connection: the programs in the kernel judge them as the strict reader of the tests does, in whatever
// segments they come. The reader's coverage guides the fuzzer. Needs root. Input: two bytes for the size of a segment, then the stream.
#include "bpf/tls_stream.h"
#include "fuzz/target.h"
#include "support/netns.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace namegate;
    if (size < 2) {
        return 0;
    }
    static test::TlsReader& programs = *[] {
        test::require_root();
        return new test::TlsReader;
    }();
    const std::size_t piece = 1 + (static_cast<std::size_t>(data[0]) << 8 | data[1]) % test::kMaxSegment;
    const test::Bytes stream(data + 2, data + size);
    fuzz::require(test::TlsReader::agree(test::judge_tls(stream, test::TlsReader::names()), programs.verdict_of(stream, piece)),
                  "the programs and the strict reader agree on a TLS stream");
    return 0;
}
