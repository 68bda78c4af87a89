// SPDX-License-Identifier: Apache-2.0
#include "datapath/events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace namegate::datapath {

namespace {

// A callback returns this to stop reading after its record.
constexpr int kEnough = -EAGAIN;

}  // namespace

Result<> EventReader::add(Datapath& datapath, MapId ring) {
    NG_ASSIGN(const int fd, datapath.map(ring));
    const auto receive = [](void* context, void* data, std::size_t size) {
        return static_cast<EventReader*>(context)->receive(data, size);
    };
    if (rings_ == nullptr) {
        rings_ = ring_buffer__new(fd, receive, this, nullptr);
        return rings_ != nullptr ? ok() : sys_error(std::string("mapping the ring buffer ") + map_name(ring), errno);
    }
    const int error = ring_buffer__add(rings_, fd, receive, this);
    return error == 0 ? ok() : sys_error(std::string("mapping the ring buffer ") + map_name(ring), -error);
}

Result<std::unique_ptr<EventReader>> EventReader::create(Datapath& datapath, Callback callback) {
    std::unique_ptr<EventReader> reader(new EventReader(std::move(callback), kEventsAtOnce));
    // `events` is read first: its rate is limited, so it cannot starve the other ring.
    NG_TRY(reader->add(datapath, MapId::kEvents));
    NG_TRY(reader->add(datapath, MapId::kDnsEvents));
    return reader;
}

Result<std::unique_ptr<EventReader>> EventReader::create_for_flows(Datapath& datapath, Callback callback) {
    std::unique_ptr<EventReader> reader(new EventReader(std::move(callback), kFlowEventsAtOnce));
    NG_TRY(reader->add(datapath, MapId::kFlowEvents));
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
    const int status = ++handed_out_ < at_once_ ? 0 : kEnough;
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
