// SPDX-License-Identifier: Apache-2.0
// The reader of containerd's messages, compared with the library of Protocol Buffers.
#include "containerd/messages.h"

#include <google/protobuf/stubs/logging.h>

#include <catch2/catch.hpp>
#include <random>

#include <containers.pb.h>
#include <sandbox.pb.h>
#include "containerd/wire_reader.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::containerd;

namespace {

namespace containers = ::containerd::services::containers::v1;
namespace sandboxes = ::containerd::services::sandbox::v1;

constexpr const char* kExtension = "io.cri-containerd.sandbox.metadata";

class Random {
  public:
    explicit Random(unsigned long seed) : engine_(seed) {}
    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_); }
    std::string text() {
        std::string out;
        for (std::size_t left = below(4) == 0 ? below(300) : below(6); left > 0; --left) {
            out.push_back(static_cast<char>('a' + below(26)));
        }
        return below(8) == 0 ? out + "\xC3\xA9" : out;
    }

  private:
    std::mt19937 engine_;
};

std::string random_container(Random& random) {
    containers::GetContainerResponse reply;
    containers::Container& container = *reply.mutable_container();
    container.set_id(random.text());
    for (std::size_t left = random.below(6); left > 0; --left) {
        (*container.mutable_labels())[random.text()] = random.text();
    }
    for (std::size_t left = random.below(3); left > 0; --left) {
        auto& extension = (*container.mutable_extensions())[random.below(2) == 0 ? kExtension : random.text()];
        extension.set_type_url(random.text());
        extension.set_value(random.text());
    }
    return reply.SerializeAsString();
}

std::string mutated(std::string message, Random& random) {
    if (!message.empty()) {
        char& byte = message[random.below(message.size())];
        byte = static_cast<char>(random.below(3) == 0 ? random.below(256) : static_cast<unsigned char>(byte) ^ 1U << random.below(8));
    }
    return random.below(4) == 0 ? message.substr(0, random.below(message.size() + 1)) : message;
}

void check_same(const containers::Container& theirs, const ContainerReply& ours) {
    CHECK(ours.labels == Labels(theirs.labels().begin(), theirs.labels().end()));
    const auto extension = theirs.extensions().find(kExtension);
    CHECK(ours.pod == (extension == theirs.extensions().end() ? std::nullopt : std::optional<std::string>(extension->second.value())));
}

std::string field(std::uint32_t number, const std::string& text) {
    std::string out;
    append_text_field(out, number, text);
    return out;
}

}  // namespace

TEST_CASE("requests are equal to those of the library") {
    for (const std::size_t size : {0U, 1U, 64U, 127U, 128U, 300U, 20000U}) {
        containers::GetContainerRequest container;
        container.set_id(std::string(size, 'x'));
        CHECK(encode_get(container.id()) == container.SerializeAsString());
        sandboxes::StoreGetRequest sandbox;
        sandbox.set_sandbox_id(container.id());
        CHECK(encode_get(container.id()) == sandbox.SerializeAsString());
    }
}

TEST_CASE("random containers, whole and damaged, are read as the library reads them") {
    const google::protobuf::LogSilencer silence;
    const test::Rounds rounds = test::rounds("messages of containerd", 20000);
    Random random(rounds.seed);
    std::size_t both = 0;
    for (std::size_t round = 0; round < rounds.count; ++round) {
        const std::string whole = random_container(random);
        const bool damaged = round % 2 == 1;
        const std::string message = damaged ? mutated(whole, random) : whole;
        containers::GetContainerResponse theirs;
        const bool accepted = theirs.ParseFromString(message);
        const auto ours = decode_container(message);
        INFO("round " << round << (ours ? "" : ": " + ours.error().message()));
        CHECK((damaged || ours));
        if (accepted && ours) {
            ++both;
            check_same(theirs.container(), *ours);
        }
    }
    CHECK(both > rounds.count / 2);
}

TEST_CASE("a sandbox has its description under another field") {
    sandboxes::StoreGetResponse reply;
    CHECK(*decode_sandbox(reply.SerializeAsString()) == std::nullopt);
    (*reply.mutable_sandbox()->mutable_labels())["app"] = "web";
    (*reply.mutable_sandbox()->mutable_extensions())["other"].set_value("no");
    CHECK(*decode_sandbox(reply.SerializeAsString()) == std::nullopt);
    (*reply.mutable_sandbox()->mutable_extensions())["metadata"].set_value("yes");
    CHECK(*decode_sandbox(reply.SerializeAsString()) == "yes");
}

TEST_CASE("unknown fields are skipped, whatever their type") {
    const std::string unknown =
        std::string("\x18\xFF\x01", 3) + std::string("\x21", 1) + "12345678" + std::string("\x2D", 1) + "1234" + field(1000, "text");
    const std::string label = field(1, "app") + unknown + field(2, "web");
    const auto reply = decode_container(unknown + field(1, unknown + field(2, label)));
    REQUIRE(reply);
    CHECK(reply->labels == Labels{{"app", "web"}});
    // A known number with another type.
    CHECK(decode_container(field(1, std::string("\x10\x05", 2)))->labels.empty());
}

TEST_CASE("repeated fields add up, and the last value of a key counts") {
    const auto entry = [](const std::string& key, const std::string& value) { return field(1, field(2, field(1, key) + field(2, value))); };
    const auto reply = decode_container(entry("a", "1") + entry("b", "2") + entry("a", "3") + entry("", "4"));
    REQUIRE(reply);
    CHECK(reply->labels == Labels{{"", "4"}, {"a", "3"}, {"b", "2"}});
}

TEST_CASE("input that is not a message, or a label that is not UTF-8, is refused") {
    const std::string too_long = std::string("\x08") + std::string(10, '\xFF') + "\x01";
    for (const std::string& message :
         {std::string("\x0A"), std::string("\x0A\x05xx", 4), too_long, std::string("\x02\x00", 2), std::string("\x0B\x0C", 2),
          std::string("\x0E\x00", 2), std::string("\x09\x01", 2), field(1, "\x12\x7F"), field(1, field(2, "\x0A\x7F")),
          field(1, field(10, field(2, "\x12\x7F"))), std::string("\xFA\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00", 11)}) {
        const auto reply = decode_container(message);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().code() == Code::kInvalidInput);
    }
    CHECK_FALSE(decode_sandbox("\x0A"));
    for (const char* text : {"\xFF", "\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
        CHECK_FALSE(decode_container(field(1, field(2, field(1, text) + field(2, "x")))));
        CHECK_FALSE(decode_container(field(1, field(2, field(1, "x") + field(2, text)))));
    }
}

TEST_CASE("entries are limited, repeated ones too") {
    std::string labels;
    for (std::size_t i = 0; i < kMaxMapEntries; ++i) {
        labels += field(2, field(1, "k"));
    }
    CHECK(decode_container(field(1, labels)));
    CHECK(decode_container(field(1, labels + field(10, field(1, "k")))).error().code() == Code::kExhausted);
    std::string extensions;
    for (std::size_t i = 0; i <= kMaxMapEntries; ++i) {
        extensions += field(7, field(1, "k"));
    }
    CHECK(decode_sandbox(field(1, extensions)).error().code() == Code::kExhausted);
}
