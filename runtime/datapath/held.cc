// SPDX-License-Identifier: Apache-2.0
#include "datapath/held.h"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "datapath/map.h"

namespace namegate::datapath {

namespace {

constexpr std::uint32_t kZero = 0;
// A callback returns this to stop reading after its frame.
constexpr int kEnough = -EAGAIN;

// An event that never fires: the programs only check whether it exists.
Result<Fd> open_life() {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_DUMMY;
    const long fd = ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) {
        return sys_error("opening a perf event as a sign of life", errno);
    }
    return Fd(static_cast<int>(fd));
}

}  // namespace

Result<std::unique_ptr<HeldReader>> HeldReader::create(Datapath& datapath, Callback callback) {
    std::unique_ptr<HeldReader> reader(new HeldReader(datapath, std::move(callback)));
    NG_ASSIGN(const int ring, datapath.map(MapId::kHeld));
    const auto receive = [](void* context, void* data, std::size_t size) { return static_cast<HeldReader*>(context)->receive(data, size); };
    reader->ring_ = ring_buffer__new(ring, receive, reader.get(), nullptr);
    if (reader->ring_ == nullptr) {
        return sys_error("mapping the ring buffer held", errno);
    }
    NG_TRY(reader->drain());
    NG_TRY(reader->reset_done());
    NG_TRY(reader->put_sign_of_life());
    return reader;
}

HeldReader::~HeldReader() {
    // Erased explicitly: the map descriptor through which the entry was put may stay open, and the entry with it.
    if (const auto map = datapath_.map(MapId::kHeldLife); map && life_.valid()) {
        static_cast<void>(map_erase(*map, kZero));
    }
    ring_buffer__free(ring_);
}

int HeldReader::fd() const { return ring_buffer__epoll_fd(ring_); }

Result<std::size_t> HeldReader::consume() {
    handed_out_ = 0;
    const int status = ring_buffer__consume(ring_);
    NG_TRY(write_done());
    if (status < 0 && status != kEnough) {
        return sys_error("reading the ring buffer held", -status);
    }
    return handed_out_;
}

Result<> HeldReader::drain() {
    for (std::size_t got = kHeldFramesAtOnce; got >= kHeldFramesAtOnce;) {
        NG_ASSIGN(got, consume());
    }
    return ok();
}

int HeldReader::receive(const void* data, std::size_t size) {
    const int status = ++handed_out_ < kHeldFramesAtOnce ? 0 : kEnough;
    ng_held header{};
    if (size < sizeof header) {
        ++malformed_;
        return status;
    }
    std::memcpy(&header, data, sizeof header);
    if (header.length > size - sizeof header) {
        ++malformed_;
        return status;
    }
    if (callback_(header, {static_cast<const std::uint8_t*>(data) + sizeof header, header.length}) == FrameIs::kDone) {
        done(header);
    }
    return status;
}

void HeldReader::done(const ng_held& header) {
    ng_held_sum& sum = done_[header.slot];
    sum.frames += 1;
    sum.bytes += header.reserved;
}

// Only the daemon writes `held_done`, so reading and writing back is safe.
Result<> HeldReader::write_done() {
    NG_ASSIGN(const int map, datapath_.map(MapId::kHeldDone));
    for (const auto& [slot, sum] : done_) {
        NG_ASSIGN(const auto before, map_lookup<ng_held_sum>(map, slot));
        ng_held_sum after = before.value_or(ng_held_sum{});
        after.frames += sum.frames;
        after.bytes += sum.bytes;
        NG_TRY(map_update(map, slot, after));
    }
    done_.clear();
    return ok();
}

// A dead reader may have taken frames from the ring without counting them as done. The ring is empty now, so all taken
// frames count as done.
Result<> HeldReader::reset_done() {
    NG_ASSIGN(const int taken_map, datapath_.map(MapId::kHeldTaken));
    NG_ASSIGN(const int done_map, datapath_.map(MapId::kHeldDone));
    NG_ASSIGN(const auto entries, (map_entries<std::uint32_t, ng_held_sum>(taken_map)));
    std::vector<std::uint32_t> slots;
    std::vector<ng_held_sum> sums;
    for (const auto& entry : entries) {
        slots.push_back(entry.first);
        sums.push_back(entry.second);
    }
    return map_update_many(done_map, slots, sums);
}

// The kernel removes the entry when the map descriptor through which it was put is closed.
Result<> HeldReader::put_sign_of_life() {
    NG_ASSIGN(life_, open_life());
    NG_ASSIGN(const int map, datapath_.map(MapId::kHeldLife));
    return map_update(map, kZero, static_cast<std::uint32_t>(life_.get()));
}

Result<> HeldReader::beat(std::uint32_t now_tick) {
    NG_ASSIGN(const int map, datapath_.map(MapId::kHeldReader));
    return map_update(map, kZero, ng_reader{now_tick == 0 ? 1 : now_tick});
}

Result<> HeldReader::leave() {
    NG_ASSIGN(const int map, datapath_.map(MapId::kHeldReader));
    return map_update(map, kZero, ng_reader{});
}

}  // namespace namegate::datapath
