// SPDX-License-Identifier: Apache-2.0
//
// A reply of containerd, as a container and as a sandbox, into labels.
#include "containerd/messages.h"
#include "containerd/wire_reader.h"
#include "fuzz/target.h"

using namespace namegate;

namespace {

void check_error(const Error& error) {
    fuzz::require(error.code() == Code::kInvalidInput || error.code() == Code::kExhausted, "an error has one of two codes");
    fuzz::require(!error.message().empty(), "an error has a message");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view message = fuzz::text_of(data, size);
    const auto container = containerd::decode_container(message);
    if (!container) {
        check_error(container.error());
    } else {
        fuzz::require(container->labels.size() <= containerd::kMaxMapEntries, "labels of a reply are bounded");
        // Written again, they are the same.
        std::string labels;
        for (const auto& [key, value] : container->labels) {
            std::string entry;
            containerd::append_text_field(entry, 1, key);
            containerd::append_text_field(entry, 2, value);
            // A completely empty one would be left out.
            entry += std::string("\x18\x01", 2);
            containerd::append_text_field(labels, 2, entry);
        }
        std::string again;
        containerd::append_text_field(again, 1, labels);
        const auto read = containerd::decode_container(again);
        fuzz::require(read && read->labels == container->labels, "labels are what was written");
    }
    const auto pod = containerd::decode_sandbox(message);
    if (!pod) {
        check_error(pod.error());
    }
    const auto description = containerd::parse_pod_metadata(message);
    if (!description) {
        check_error(description.error());
    }
    return 0;
}
