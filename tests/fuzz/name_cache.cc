// SPDX-License-Identifier: Apache-2.0
//
// The name cache's file. The first byte says whether the rest is the file, or its content between the version and a checksum that
// matches, so that inputs get past the checksum.
#include "dns/name_cache.h"

#include "fuzz/target.h"
#include "support/manual_clock.h"

using namespace namegate;

namespace {

constexpr std::string_view kScope = "scope";

std::string framed(std::string_view body) {
    std::string file = "NGNC";
    file += std::string("\1\0\0\0", 4);
    file += body;
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char byte : file) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    }
    for (unsigned i = 0; i < 8; ++i) {
        file += static_cast<char>(hash >> (8 * i) & 0xffU);
    }
    return file;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view body = fuzz::text_of(data + 1, size - 1);
    const std::string file = data[0] % 2 == 0 ? framed(body) : std::string(body);
    test::ManualClock clock;
    dns::NameCacheLimits limits;
    limits.names = 100;
    limits.addresses = 200;
    limits.names_per_endpoint = 50;
    dns::NameCache cache(clock, limits);
    const auto loaded = cache.deserialise(file, kScope);
    if (!loaded) {
        fuzz::require(cache.stats().names == 0 && cache.stats().bytes == 0, "a file that is refused leaves nothing");
        return 0;
    }
    const dns::NameCacheStats stats = cache.stats();
    fuzz::require(stats.names <= limits.names && stats.addresses <= limits.addresses, "limits hold for files");
    dns::NameCache other(clock, limits);
    const auto again = other.deserialise(cache.serialise(kScope), kScope);
    fuzz::require(again && *again == stats.names, "saving and loading again gives as many names");
    for (const std::uint32_t endpoint : cache.endpoints()) {
        cache.names_by_address(endpoint);
        cache.forget(endpoint);
    }
    fuzz::require(cache.stats().bytes == 0, "nothing is left of what was forgotten");
    return 0;
}
