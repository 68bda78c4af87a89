// SPDX-License-Identifier: Apache-2.0
#include "containerd/messages.h"

#include <cstdint>
#include <functional>
#include <utility>

#include "base/printable.h"
#include "containerd/wire_reader.h"

namespace namegate::containerd {

namespace {

// Field numbers from containerd's .proto files.
constexpr std::uint32_t kRequestId = 1;
constexpr std::uint32_t kReplyObject = 1;  // the container, or the sandbox
constexpr std::uint32_t kContainerLabels = 2;
constexpr std::uint32_t kContainerExtensions = 10;
constexpr std::uint32_t kSandboxExtensions = 7;
constexpr std::uint32_t kEntryKey = 1;
constexpr std::uint32_t kEntryValue = 2;
constexpr std::uint32_t kAnyValue = 2;

constexpr std::string_view kContainerExtension = "io.cri-containerd.sandbox.metadata";
constexpr std::string_view kSandboxExtension = "metadata";

using FieldVisitor = std::function<Result<>(std::uint32_t number, std::string_view bytes)>;

// Skips fields of other types than bytes: namegate reads none of them.
Result<> for_each_field(std::string_view message, const FieldVisitor& visit) {
    WireReader reader(message);
    for (;;) {
        NG_ASSIGN(const std::optional<WireField> field, reader.next());
        if (!field) {
            return ok();
        }
        if (field->type == WireType::kBytes) {
            NG_TRY(visit(field->number, field->bytes));
        }
    }
}

// Counts one label or extension; `count` covers the whole reply.
Result<> count_entry(std::size_t& count) {
    return ++count <= kMaxMapEntries
               ? ok()
               : Result<>(Error(Code::kExhausted, "more than " + std::to_string(kMaxMapEntries) + " labels and extensions"));
}

Result<> read_label(std::string_view message, std::size_t& count, Labels& labels) {
    NG_TRY(count_entry(count));
    std::string_view key;
    std::string_view value;
    NG_TRY(for_each_field(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
        key = number == kEntryKey ? bytes : key;
        value = number == kEntryValue ? bytes : value;
        return ok();
    }));
    if (!is_utf8(key) || !is_utf8(value)) {
        return Error(Code::kInvalidInput, "a label is not UTF-8");
    }
    labels.insert_or_assign(std::string(key), std::string(value));
    return ok();
}

// The value of an extension is a message of type Any.
Result<> read_extension(std::string_view message, std::string_view wanted, std::size_t& count, std::optional<std::string>& out) {
    NG_TRY(count_entry(count));
    std::string_view key;
    std::string_view value;
    const auto read_value = [&value](std::uint32_t number, std::string_view bytes) -> Result<> {
        value = number == kAnyValue ? bytes : value;
        return ok();
    };
    NG_TRY(for_each_field(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
        key = number == kEntryKey ? bytes : key;
        return number == kEntryValue ? for_each_field(bytes, read_value) : ok();
    }));
    if (key == wanted) {
        out = std::string(value);
    }
    return ok();
}

// The object field may be repeated: protobuf merges the parts of an embedded message.
Result<> for_each_field_of_object(std::string_view reply, const FieldVisitor& visit) {
    return for_each_field(reply, [&visit](std::uint32_t number, std::string_view bytes) -> Result<> {
        return number == kReplyObject ? for_each_field(bytes, visit) : ok();
    });
}

}  // namespace

std::string encode_get(std::string_view id) {
    std::string message;
    append_text_field(message, kRequestId, id);
    return message;
}

Result<ContainerReply> decode_container(std::string_view reply) {
    ContainerReply out;
    std::size_t count = 0;
    NG_TRY(for_each_field_of_object(reply, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
        switch (number) {
            case kContainerLabels: return read_label(bytes, count, out.labels);
            case kContainerExtensions: return read_extension(bytes, kContainerExtension, count, out.pod);
            default: return ok();
        }
    }));
    return out;
}

Result<std::optional<std::string>> decode_sandbox(std::string_view reply) {
    std::optional<std::string> pod;
    std::size_t count = 0;
    NG_TRY(for_each_field_of_object(reply, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
        return number == kSandboxExtensions ? read_extension(bytes, kSandboxExtension, count, pod) : ok();
    }));
    return pod;
}

}  // namespace namegate::containerd
