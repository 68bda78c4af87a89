// SPDX-License-Identifier: Apache-2.0
//
// Map access by file descriptor, typed and in batches; keeps libbpf inside this folder. Owns nothing. Any thread. A
// missing key is an empty optional or `false`, never an error. A full map is kExhausted; other errors are kIo with the
// errno of the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"

namespace namegate::datapath {

enum class Write { kAny, kOnlyNew, kOnlyExisting };

namespace raw {

// The untyped calls behind the templates. The caller guarantees the sizes of key and value.
Result<bool> lookup(int fd, const void* key, void* value);
Result<bool> take(int fd, const void* key, void* value);
Result<> update(int fd, const void* key, const void* value, Write how);
Result<bool> erase(int fd, const void* key);
Result<> update_many(int fd, const void* keys, const void* values, std::size_t count);
Result<> erase_many(int fd, const void* keys, std::size_t count, std::size_t key_size);
// Visits every entry, in batches. An entry that changes meanwhile may be missed or visited twice.
using Batch = std::function<void(const std::uint8_t* keys, const std::uint8_t* values, std::size_t count)>;
Result<> for_each_batch(int fd, const Batch& take);
// The maximum number of entries.
Result<std::size_t> capacity(int fd);
unsigned possible_cpus();

}  // namespace raw

template <typename V, typename K>
Result<std::optional<V>> map_lookup(int fd, const K& key) {
    V value{};
    NG_ASSIGN(const bool found, raw::lookup(fd, &key, &value));
    return found ? std::optional<V>(value) : std::nullopt;
}

// Removes the entry and returns its value.
template <typename V, typename K>
Result<std::optional<V>> map_take(int fd, const K& key) {
    V value{};
    NG_ASSIGN(const bool found, raw::take(fd, &key, &value));
    return found ? std::optional<V>(value) : std::nullopt;
}

template <typename K, typename V>
Result<> map_update(int fd, const K& key, const V& value, Write how = Write::kAny) {
    return raw::update(fd, &key, &value, how);
}

// True when the entry existed.
template <typename K>
Result<bool> map_erase(int fd, const K& key) {
    return raw::erase(fd, &key);
}

template <typename K, typename V>
Result<> map_update_many(int fd, const std::vector<K>& keys, const std::vector<V>& values) {
    return raw::update_many(fd, keys.data(), values.data(), keys.size());
}

// Missing keys are skipped.
template <typename K>
Result<> map_erase_many(int fd, const std::vector<K>& keys) {
    return raw::erase_many(fd, keys.data(), keys.size(), sizeof(K));
}

// Visits every entry without copying all of them.
template <typename K, typename V, typename Visit>
Result<> map_for_each(int fd, const Visit& visit) {
    return raw::for_each_batch(fd, [&visit](const std::uint8_t* keys, const std::uint8_t* values, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            K key{};
            V value{};
            std::memcpy(&key, keys + i * sizeof(K), sizeof(K));
            std::memcpy(&value, values + i * sizeof(V), sizeof(V));
            visit(key, value);
        }
    });
}

template <typename K, typename V>
Result<std::vector<std::pair<K, V>>> map_entries(int fd) {
    std::vector<std::pair<K, V>> entries;
    NG_TRY((map_for_each<K, V>(fd, [&entries](const K& key, const V& value) { entries.emplace_back(key, value); })));
    return entries;
}

}  // namespace namegate::datapath
