// SPDX-License-Identifier: Apache-2.0
//
// Random hellos, modelled on real ones, mutated and split at random: the programs and an independent reader must agree.
// NAMEGATE_HELLOS sets the number, NAMEGATE_SEED repeats a run.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <random>

#include "tls_stream.h"

using namespace namegate;
using namespace namegate::test;

namespace {

unsigned long number_from(const char* name, unsigned long otherwise) {
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

class Hellos {
  public:
    explicit Hellos(unsigned long seed) : random_(seed) {}

    std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }
    bool one_in(std::size_t n) { return up_to(n - 1) == 0; }

    Bytes next() {
        ClientHello hello;
        hello.session(one_in(4) ? 0 : 32).ciphers(1 + up_to(30));
        const std::size_t place = up_to(12);
        for (std::size_t i = 0; i <= 12; ++i) {
            if (i == place && !one_in(20)) {
                hello.extension(0, server_name_body(name()));
            }
            hello.extension(static_cast<std::uint16_t>(one_in(3) ? 0x0a0a : 5 + up_to(60)), Bytes(up_to(one_in(6) ? 600 : 30), 1));
        }
        Bytes out = hello.record(one_in(3) ? 20 + up_to(400) : 16384);
        if (one_in(4)) {
            const Bytes early = tls_record(one_in(2) ? kChangeCipher : kApplicationData, Bytes(1 + up_to(50), 3));
            out.insert(out.end(), early.begin(), early.end());
        }
        mutate(out);
        return out;
    }

  private:
    std::string name() {
        static const char* const kNames[] = {"api.example.com", "API.Example.com",  "www.example.org",  "evil.example.net",
                                             "example.com",     "api.example.com.", "api..example.com", ""};
        return kNames[one_in(2) ? up_to(2) : up_to(7)];
    }
    void mutate(Bytes& bytes) {
        if (one_in(2)) {
            return;
        }
        for (std::size_t times = 1 + up_to(2); times > 0 && !bytes.empty(); --times) {
            // Half of the changes are near the begin, where the lengths are.
            const std::size_t at = up_to(std::min<std::size_t>(bytes.size() - 1, one_in(2) ? 160 : bytes.size()));
            switch (up_to(5)) {
                case 0: bytes[at] = static_cast<std::uint8_t>(up_to(255)); break;
                case 1: bytes[at] = static_cast<std::uint8_t>(bytes[at] + (one_in(2) ? 1 : 255)); break;
                case 2: bytes.resize(at); break;
                case 3: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(up_to(255))); break;
                case 4: bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at)); break;
                default: bytes[at] ^= static_cast<std::uint8_t>(1U << up_to(7)); break;
            }
        }
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("T8: random hellos are judged as an independent reader judges them") {
    const unsigned long seed = number_from("NAMEGATE_SEED", std::random_device{}());
    const unsigned long count = number_from("NAMEGATE_HELLOS", 4000);
    std::cout << "hellos: " << count << ", seed " << seed << "\n";
    TlsReader programs;
    Hellos random(seed);
    unsigned long verdicts[3] = {};
    unsigned long different = 0;
    for (unsigned long i = 0; i < count; ++i) {
        const Bytes stream = random.next();
        const TlsVerdict expected = judge_tls(stream, TlsReader::names());
        const TlsVerdict actual = programs.verdict_of(stream, 1 + random.up_to(random.one_in(3) ? 40 : kMaxSegment - 1));
        ++verdicts[static_cast<std::size_t>(expected)];
        if (!TlsReader::agree(expected, actual) && ++different < 5) {
            std::cout << "hello " << i << ": expected " << static_cast<int>(expected) << ", got " << static_cast<int>(actual) << "\n";
            for (const std::uint8_t byte : stream) {
                std::printf("%02x", byte);
            }
            std::printf("\n");
        }
    }
    std::cout << "hellos: waiting " << verdicts[0] << ", accepted " << verdicts[1] << ", denied " << verdicts[2] << "; different "
              << different << "\n";
    CHECK(different == 0);
    CHECK(verdicts[1] > count / 10);
    CHECK(verdicts[2] > count / 10);
}
