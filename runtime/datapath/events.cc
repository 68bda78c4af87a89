// SPDX-License-Identifier: Apache-2.0
#include "datapath/events.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace namegate::datapath {

Result<std::unique_ptr<EventReader>> EventReader::create(Datapath& datapath, Callback callback) {
    std::unique_ptr<EventReader> reader(new EventReader(std::move(callback)));
    NG_ASSIGN(const int answers, datapath.map(MapId::kDnsEvents));
    NG_ASSIGN(const int events, datapath.map(MapId::kEvents));
    reader->rings_ = ring_buffer__new(answers, on_record, reader.get(), nullptr);
    if (reader->rings_ == nullptr) {
        return sys_error("mapping the ring buffer dns_events", errno);
    }
    if (const int error = ring_buffer__add(reader->rings_, events, on_record, reader.get()); error != 0) {
        return sys_error("mapping the ring buffer events", -error);
    }
    return reader;
}

EventReader::~EventReader() { ring_buffer__free(rings_); }

int EventReader::fd() const { return ring_buffer__epoll_fd(rings_); }

Result<std::size_t> EventReader::consume() {
    const int count = ring_buffer__consume(rings_);
    if (count < 0) {
        return sys_error("reading the ring buffers", -count);
    }
    return static_cast<std::size_t>(count);
}

int EventReader::on_record(void* context, void* data, std::size_t size) {
    auto* reader = static_cast<EventReader*>(context);
    ng_event event{};
    if (size < sizeof event) {
        ++reader->malformed_;
        return 0;
    }
    std::memcpy(&event, data, sizeof event);
    if (event.payload > size - sizeof event) {
        ++reader->malformed_;
        return 0;
    }
    reader->callback_(event, {static_cast<const std::uint8_t*>(data) + sizeof event, event.payload});
    return 0;
}

}  // namespace namegate::datapath
