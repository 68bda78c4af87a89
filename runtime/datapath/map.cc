// SPDX-License-Identifier: Apache-2.0
#include "datapath/map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "datapath/libbpf_options.h"

namespace namegate::datapath::raw {

namespace {

constexpr std::size_t kReadBatchBytes = 64UL * 1024;  // larger buffers cost more in page faults than they save in calls
constexpr std::uint32_t kMinReadBatch = 64;           // a hash returns whole buckets, so the batch needs room for several entries

Error map_error(std::string_view what, int error) {
    if (error == E2BIG || error == ENOSPC || error == ENOMEM) {
        return Error(Code::kExhausted, std::string(what) + ": the map is full", error);
    }
    return sys_error(what, error);
}

__u64 flags_of(Write how) {
    switch (how) {
        case Write::kOnlyNew: return BPF_NOEXIST;
        case Write::kOnlyExisting: return BPF_EXIST;
        case Write::kAny: break;
    }
    return BPF_ANY;
}

struct Sizes {
    std::size_t key = 0;
    std::size_t value = 0;
    std::uint32_t entries = 0;
};

Result<Sizes> sizes_of(int fd) {
    bpf_map_info info{};
    __u32 size = sizeof info;
    if (const int error = bpf_obj_get_info_by_fd(fd, &info, &size); error != 0) {
        return sys_error("reading the information of a map", -error);
    }
    const bool per_cpu = info.type == BPF_MAP_TYPE_PERCPU_ARRAY || info.type == BPF_MAP_TYPE_PERCPU_HASH;
    const std::size_t value = per_cpu ? ((info.value_size + 7U) & ~7U) * static_cast<std::size_t>(possible_cpus()) : info.value_size;
    return Sizes{info.key_size, value, info.max_entries};
}

}  // namespace

Result<std::size_t> capacity(int fd) {
    NG_ASSIGN(const Sizes sizes, sizes_of(fd));
    return std::size_t{sizes.entries};
}

Result<bool> lookup(int fd, const void* key, void* value) {
    const int error = bpf_map_lookup_elem(fd, key, value);
    if (error == -ENOENT) {
        return false;
    }
    if (error != 0) {
        return map_error("reading a map entry", -error);
    }
    return true;
}

Result<bool> take(int fd, const void* key, void* value) {
    const int error = bpf_map_lookup_and_delete_elem(fd, key, value);
    if (error == -ENOENT) {
        return false;
    }
    if (error != 0) {
        return map_error("removing a map entry", -error);
    }
    return true;
}

Result<> update(int fd, const void* key, const void* value, Write how) {
    const int error = bpf_map_update_elem(fd, key, value, flags_of(how));
    if (error == -EEXIST) {
        return Error(Code::kExists, "the map entry exists already", EEXIST);
    }
    if (error == -ENOENT && how == Write::kOnlyExisting) {
        return Error(Code::kNotFound, "the map entry does not exist", ENOENT);
    }
    if (error != 0) {
        return map_error("writing a map entry", -error);
    }
    return ok();
}

Result<bool> erase(int fd, const void* key) {
    const int error = bpf_map_delete_elem(fd, key);
    if (error == -ENOENT) {
        return false;
    }
    if (error != 0) {
        return map_error("erasing a map entry", -error);
    }
    return true;
}

Result<> update_many(int fd, const void* keys, const void* values, std::size_t count) {
    if (count == 0) {
        return ok();
    }
    auto done = static_cast<__u32>(count);
    auto options = libbpf_options<bpf_map_batch_opts>();
    options.elem_flags = BPF_ANY;
    if (const int error = bpf_map_update_batch(fd, keys, values, &done, &options); error != 0) {
        return map_error("writing " + std::to_string(count) + " map entries", -error);
    }
    return ok();
}

Result<> erase_many(int fd, const void* keys, std::size_t count, std::size_t key_size) {
    const char* at = static_cast<const char*>(keys);
    auto options = libbpf_options<bpf_map_batch_opts>();
    while (count > 0) {
        auto done = static_cast<__u32>(count);
        const int error = bpf_map_delete_batch(fd, at, &done, &options);
        if (error == 0) {
            return ok();
        }
        if (error != -ENOENT) {
            return map_error("erasing " + std::to_string(count) + " map entries", -error);
        }
        // The batch stops at a missing key: continue after it.
        const std::size_t skip = std::min<std::size_t>(std::size_t{done} + 1, count);
        at += skip * key_size;
        count -= skip;
    }
    return ok();
}

Result<> for_each_batch(int fd, const Batch& take) {
    NG_ASSIGN(const Sizes sizes, sizes_of(fd));
    const auto fitting = static_cast<std::uint32_t>(kReadBatchBytes / (sizes.key + sizes.value));
    std::uint32_t batch = std::max(std::min(sizes.entries, fitting), kMinReadBatch);
    std::vector<std::uint8_t> position(std::max<std::size_t>(sizes.key, sizeof(__u64)));
    std::vector<std::uint8_t> next(position.size());
    std::vector<std::uint8_t> some_keys;
    std::vector<std::uint8_t> some_values;
    bool first = true;
    auto options = libbpf_options<bpf_map_batch_opts>();
    for (;;) {
        some_keys.resize(batch * sizes.key);
        some_values.resize(batch * sizes.value);
        __u32 got = batch;
        const int error =
            bpf_map_lookup_batch(fd, first ? nullptr : position.data(), next.data(), some_keys.data(), some_values.data(), &got, &options);
        if (error == -ENOSPC && batch < (1U << 20)) {
            batch *= 2;
            continue;
        }
        if (error != 0 && error != -ENOENT) {
            return map_error("reading a map", -error);
        }
        take(some_keys.data(), some_values.data(), got);
        if (error == -ENOENT || got == 0) {
            return ok();
        }
        position = next;
        first = false;
    }
}

unsigned possible_cpus() {
    static const int count = libbpf_num_possible_cpus();
    return count > 0 ? static_cast<unsigned>(count) : 1;
}

}  // namespace namegate::datapath::raw
