// SPDX-License-Identifier: Apache-2.0
#include "datapath/events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace namegate::datapath {

namespace {

// A callback returns this to stop reading after its record.
constexpr int kEnough = -EAGAIN;

}  // namespace

Result<std::unique_ptr<EventReader>> EventReader::create(Datapath& datapath, Callback callback) {
    std::unique_ptr<EventReader> reader(new EventReader(std::move(callback)));
    NG_ASSIGN(const int answers, datapath.map(MapId::kDnsEvents));
    NG_ASSIGN(const int events, datapath.map(MapId::kEvents));
    // `events` is read first: its rate is limited, so it cannot starve the other ring.
    const auto receive = [](void* context, void* data, std::size_t size) {
        return static_cast<EventReader*>(context)->receive(data, size);
    };
    reader->rings_ = ring_buffer__new(events, receive, reader.get(), nullptr);
    if (reader->rings_ == nullptr) {
        return sys_error("mapping the ring buffer events", errno);
    }
    if (const int error = ring_buffer__add(reader->rings_, answers, receive, reader.get()); error != 0) {
        return sys_error("mapping the ring buffer dns_events", -error);
    }
    return reader;
}

EventReader::~EventReader() { ring_buffer__free(rings_); }

int EventReader::fd() const { return ring_buffer__epoll_fd(rings_); }

Result<std::size_t> EventReader::consume() {
    handed_out_ = 0;
    const int status = ring_buffer__consume(rings_);
    if (status < 0 && status != kEnough) {
        return sys_error("reading the ring buffers", -status);
    }
    return handed_out_;
}

int EventReader::receive(const void* data, std::size_t size) {
    const int status = ++handed_out_ < kEventsAtOnce ? 0 : kEnough;
    ng_event event{};
    if (size < sizeof event) {
        ++malformed_;
        return status;
    }
    std::memcpy(&event, data, sizeof event);
    if (event.payload > size - sizeof event) {
        ++malformed_;
        return status;
    }
    callback_(event, {static_cast<const std::uint8_t*>(data) + sizeof event, event.payload});
    return status;
}

}  // namespace namegate::datapath
