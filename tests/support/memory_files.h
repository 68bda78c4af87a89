// SPDX-License-Identifier: Apache-2.0
//
// A file system in memory. It can kill the process that uses it at any step, and a crash of the machine loses what was not synced. What a
// crash leaves of unsynced data is random: the old state, the new state, or a truncated one. The test sets faults of single paths. Only
// reading is thread-safe.
#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace namegate::test {

// Thrown in place of the step at which the process dies.
struct Killed {};

class MemoryFiles final : public FileSystem {
  public:
    explicit MemoryFiles(std::uint64_t seed) : random_(seed) {}

    // Changing steps until the process dies, or until each fails because the disk is full; none: never.
    std::optional<unsigned> dies_after;
    std::optional<unsigned> full_after;
    // By path: the errno with which reading, listing and stat fail. A folder that is missing has ENOENT.
    std::map<std::string, int> faults;
    // Folders where nothing is mounted at the time: empty, and on the device below.
    std::set<std::string> unmounted;
    std::set<std::string> moved;  // to that device, with their content
    unsigned steps = 0;           // that changed something, since the test set it to 0

    // The machine crashes and starts again.
    void lose_power() {
        for (auto& [path, node] : durable_names_) {
            names_.try_emplace(path, nullptr);
        }
        for (auto next = names_.begin(); next != names_.end();) {
            const auto before = durable_names_.find(next->first);
            const std::shared_ptr<Node> old = before == durable_names_.end() ? nullptr : before->second;
            std::shared_ptr<Node> left = chance() ? next->second : old;
            if (left != nullptr && left->content != left->durable) {
                left = std::make_shared<Node>(*left);
                const std::string& from = chance() ? left->content : left->durable;
                left->content = from.substr(0, chance() ? from.size() : random_() % (from.size() + 1));
                left->durable = left->content;
            }
            next->second = left;
            next = left == nullptr ? names_.erase(next) : std::next(next);
        }
        durable_names_ = names_;
    }
    // A change without a crash: all of it is on the disk.
    void put(const std::string& path, std::string content) {
        auto node = std::make_shared<Node>();
        node->content = content;
        node->durable = std::move(content);
        stamp(*node);
        names_[path] = durable_names_[path] = node;
        touch_folder(path);
    }
    void take(const std::string& path) {
        names_.erase(path);
        durable_names_.erase(path);
        touch_folder(path);
    }
    void move(const std::string& from, const std::string& to) {
        names_[to] = durable_names_[to] = names_.at(from);
        take(from);
    }
    std::vector<std::string> paths_in(const std::string& folder) const {
        std::vector<std::string> out;
        for (const auto& [path, node] : names_) {
            if (path.substr(0, path.rfind('/')) == folder) {
                out.push_back(path);
            }
        }
        return out;
    }
    // The content, or nothing.
    std::string content(const std::string& path) const {
        const auto found = names_.find(path);
        return found == names_.end() ? std::string() : found->second->content;
    }

    Result<std::string> read(const std::string& path, std::size_t max_bytes) override {
        NG_TRY(check(path));
        const auto found = names_.find(path);
        if (found == names_.end()) {
            return sys_error("open " + path, ENOENT);
        }
        if (found->second->content.size() > max_bytes) {
            return Error(Code::kExhausted, path + " is larger than " + std::to_string(max_bytes) + " bytes");
        }
        return found->second->content;
    }
    Result<std::vector<std::string>> list(const std::string& folder, std::size_t max_entries) override {
        NG_TRY(check(folder));
        std::vector<std::string> out;
        for (const std::string& path : unmounted.count(folder) != 0 ? std::vector<std::string>() : paths_in(folder)) {
            out.push_back(path.substr(folder.size() + 1));
        }
        return out.size() <= max_entries ? Result<std::vector<std::string>>(out) : Error(Code::kExhausted, folder + " holds too much");
    }
    Result<FileInfo> info(const std::string& path) override {
        NG_TRY(check(path));
        FileInfo out;
        const auto found = names_.find(path);
        out.device = unmounted.count(path) + moved.count(path) != 0 ? 2 : 1;
        if (found != names_.end()) {
            out.inode = found->second->inode;
            out.size = found->second->content.size();
            out.modified_ns = found->second->changed;
            out.changed_ns = found->second->changed;
            return out;
        }
        const auto folder = folders_.find(path);
        out.modified_ns = folder == folders_.end() ? 0 : folder->second;
        return out;
    }
    bool has_name(const std::string& path) override {
        return names_.count(path) != 0 && unmounted.count(path.substr(0, path.rfind('/'))) == 0;
    }

    Result<> make_folder(const std::string& folder) override {
        folders_.try_emplace(folder, ++clock_);
        return ok();
    }
    Result<> write(const std::string& path, std::string_view content) override {
        auto& node = names_[path];
        if (node == nullptr) {
            node = std::make_shared<Node>();
            touch_folder(path);
        }
        stamp(*node);
        node->content.clear();
        // A part of it may still be written.
        const Result<> stepped = step([&] { node->content = content.substr(0, random_() % (content.size() + 1)); });
        if (stepped) {
            node->content = content;
        }
        return stepped;
    }
    Result<> sync(const std::string& path) override {
        NG_TRY(step());
        names_.at(path)->durable = names_.at(path)->content;
        return ok();
    }
    Result<> sync_all(const std::string& folder) override {
        NG_TRY(step());
        for (const std::string& path : paths_in(folder)) {
            names_.at(path)->durable = names_.at(path)->content;
        }
        return ok();
    }
    // Needs no space, like remove().
    Result<> sync_folder(const std::string& folder) override {
        NG_TRY(step_without_room());
        std::erase_if(durable_names_, [&folder](const auto& entry) { return entry.first.substr(0, entry.first.rfind('/')) == folder; });
        for (const std::string& path : paths_in(folder)) {
            durable_names_[path] = names_.at(path);
        }
        return ok();
    }
    Result<> rename(const std::string& from, const std::string& to) override {
        NG_TRY(step());
        names_[to] = names_.at(from);
        names_.erase(from);
        touch_folder(to);
        return ok();
    }
    Result<> remove(const std::string& path) override {
        NG_TRY(step_without_room());
        names_.erase(path);
        touch_folder(path);
        return ok();
    }

  private:
    struct Node {
        std::string content;
        std::string durable;  // the synced part of it
        std::uint64_t inode = 0;
        std::int64_t changed = 0;
    };

    bool chance() { return random_() % 2 == 0; }
    void stamp(Node& node) {
        node.changed = ++clock_;
        node.inode = node.inode == 0 ? static_cast<std::uint64_t>(clock_) : node.inode;
    }
    void touch_folder(const std::string& path) { folders_[path.substr(0, path.rfind('/'))] = ++clock_; }
    Result<> check(const std::string& path) const {
        for (const auto& [faulty, number] : faults) {
            if (path == faulty || path.substr(0, path.rfind('/')) == faulty) {
                return sys_error("open " + path, number);
            }
        }
        if (unmounted.count(path.substr(0, path.rfind('/'))) != 0) {
            return sys_error("open " + path, ENOENT);
        }
        return ok();
    }
    Result<> step_without_room() {
        const auto full = std::exchange(full_after, std::nullopt);
        Result<> stepped = step();
        full_after = full;
        return stepped;
    }
    Result<> step() {
        return step([] {});
    }
    template <typename Partly>
    Result<> step(const Partly& partly) {
        ++steps;
        if (dies_after && (*dies_after)-- == 0) {
            partly();
            dies_after.reset();
            throw Killed();
        }
        if (full_after && *full_after == 0) {
            partly();
            return sys_error("write", ENOSPC);
        }
        if (full_after) {
            --*full_after;
        }
        return ok();
    }

    std::mt19937_64 random_;
    std::int64_t clock_ = 0;
    std::map<std::string, std::shared_ptr<Node>> names_;
    std::map<std::string, std::shared_ptr<Node>> durable_names_;
    std::map<std::string, std::int64_t> folders_;
};

}  // namespace namegate::test
