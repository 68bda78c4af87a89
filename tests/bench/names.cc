// SPDX-License-Identifier: Apache-2.0
//
// The longest time for which each operation of the name cache blocks the event loop, with the cache full: 200,000 names. In
// processor time.
// usage: bench_names FOLDER
#include <malloc.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "daemon/upkeep/cache_saver.h"
#include "dns/name_cache.h"
#include "measure.h"
#include "support/manual_clock.h"

using namespace namegate;

namespace {

constexpr std::uint32_t kEndpoints = 20;
constexpr unsigned kNames = 200'000;

dns::Learning answer(unsigned number, unsigned addresses, unsigned turn = 0) {
    dns::Learning out;
    out.chain_names.push_back("name" + std::to_string(number) + ".zone" + std::to_string(number % 100) + ".example.com");
    for (unsigned i = 0; i < addresses; ++i) {
        const unsigned value = number * 4 + i + (turn << 24U);
        const auto octet = [value](unsigned shift) { return static_cast<std::uint8_t>(value >> shift & 0xffU); };
        out.addresses.push_back({IpAddress::v4({octet(24), octet(16), octet(8), octet(0)}), 300, 0, 1});
    }
    return out;
}

// Of this thread: other programs on the machine do not count.
double cpu_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

class Table {
  public:
    void measure(const char* what, unsigned times, const std::function<void(unsigned)>& work) {
        std::vector<double> took;
        for (unsigned i = 0; i < times; ++i) {
            const double begin = cpu_ms();
            work(i);
            took.push_back(cpu_ms() - begin);
        }
        std::printf("  %-58s %8u %10.4f %10.4f\n", what, times, bench::median(took), bench::percentile(took, 100));
    }
};

void run(const std::string& folder) {
    test::ManualClock clock;
    dns::NameCache cache(clock, {});
    std::printf("\nName cache, %u names, 2 addresses each\n  %-58s %8s %10s %10s\n", kNames, "", "times", "median ms", "longest ms");
    Table table;
    const auto endpoint = [](unsigned number) { return number % kEndpoints; };
    table.measure("a response with a new name, until it is full", kNames, [&](unsigned i) { cache.record(endpoint(i), answer(i, 2), {}); });
    table.measure("a response with a new name, the oldest one is evicted", 20'000,
                  [&](unsigned i) { cache.record(endpoint(i), answer(kNames + i, 2), {}); });
    table.measure("a response with a known name", 20'000, [&](unsigned i) { cache.record(endpoint(i), answer(kNames + i, 2, 1), {}); });
    table.measure("a response with 1,024 addresses, 512 names are evicted", 20,
                  [&](unsigned i) { cache.record(endpoint(i), answer(2 * kNames + i, 1024), {}); });
    std::size_t found = 0;
    const auto exact = policy::DomainPattern::parse("name199999.zone99.example.com");
    const auto wild = policy::DomainPattern::parse("*.zone19.example.com");
    table.measure("a policy names one cached name", 1000,
                  [&](unsigned) { cache.for_each_match(19, *exact, [&](const dns::Reached&) { ++found; }); });
    table.measure("a policy names a zone of some 2,000 cached names", 50,
                  [&](unsigned) { cache.for_each_match(19, *wild, [&](const dns::Reached&) { ++found; }); });
    daemon::CacheSaver saver;
    for (int i = 0; i < 3; ++i) {
        table.measure("saving begins", 1, [&](unsigned) { static_cast<void>(saver.start(cache, folder + "/names", "bench")); });
        static_cast<void>(saver.wait());
    }
    table.measure("an endpoint with some 10,000 names is removed", 2, [&](unsigned i) { cache.forget(i); });
    clock.advance_seconds(1000);
    table.measure("names expire", 100, [&](unsigned) { cache.expire(); });
    const dns::NameCacheStats stats = cache.stats();
    std::printf("  %zu names left, %llu evicted, %zu matches\n", stats.names, static_cast<unsigned long long>(stats.evicted), found);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: bench_names FOLDER\n");
        return 2;
    }
    bench::pin_to_one_cpu();
    ::mallopt(M_MXFAST, 0);  // as in the daemon
    run(arguments[1]);
    return 0;
}
