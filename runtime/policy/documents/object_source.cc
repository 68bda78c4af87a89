// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/object_source.h"

#include <algorithm>

namespace namegate::policy {

namespace {

bool is_in(std::string_view path, std::string_view folder) { return path.starts_with(folder); }

// The name of the resource: "tiers".
std::string_view resource_of(std::string_view folder) {
    folder.remove_suffix(folder.empty() ? 0 : 1);
    return folder.substr(folder.rfind('/') + 1);
}

// "api:GROUP/VERSION/RESOURCE/..." -> "RESOURCE"
std::string_view resource_of_document(std::string_view path) {
    for (int i = 0; i < 2; ++i) {
        path.remove_prefix(std::min(path.find('/'), path.size() - 1) + 1);
    }
    return path.substr(0, path.find('/'));
}

}  // namespace

void ObjectSource::set_waiting(std::string why, bool problem) {
    if (waiting_ == why && is_problem_ == problem) {
        return;
    }
    waiting_ = std::move(why);
    is_problem_ = problem;
    changed_ = true;
}

void ObjectSource::set_complete(std::set<std::string> folders) {
    if (waiting_.empty() && folders == folders_) {
        return;
    }
    folders_ = std::move(folders);
    waiting_.clear();
    is_problem_ = false;
    all_unreported_ = true;
    changed_ = true;
}

void ObjectSource::insert(const std::string& path, PolicyObject object) {
    const std::size_t size = object.text.size();
    const auto known = objects_.find(path);
    const std::size_t before = known == objects_.end() ? 0 : known->second.text.size();
    if ((known == objects_.end() && objects_.size() >= kMaxSourceObjects) || bytes_ - before + size > kMaxSourceBytes) {
        left_out_.insert(folder_of(path));
        return;
    }
    bytes_ = bytes_ - before + size;
    objects_[path] = std::move(object);
}

void ObjectSource::erase(const std::string& path) {
    if (const auto known = objects_.find(path); known != objects_.end()) {
        bytes_ -= known->second.text.size();
        objects_.erase(known);
    }
}

void ObjectSource::put(const std::string& path, PolicyObject object) {
    if (const auto known = objects_.find(path); known != objects_.end() && known->second == object) {
        return;
    }
    insert(path, std::move(object));
    unreported_.insert(path);
    changed_ = true;
}

void ObjectSource::remove(const std::string& path) {
    erase(path);
    unreported_.insert(path);
    changed_ = true;
}

std::vector<std::string> ObjectSource::paths_in(const std::string& folder) const {
    std::vector<std::string> out;
    for (auto known = objects_.lower_bound(folder); known != objects_.end() && is_in(known->first, folder); ++known) {
        out.push_back(known->first);
    }
    return out;
}

bool ObjectSource::has_left_out(const std::string& folder) const {
    return std::any_of(left_out_.begin(), left_out_.end(), [&](const std::string& one) { return is_in(one, folder); });
}

void ObjectSource::drop(const std::string& folder) {
    std::erase_if(left_out_, [&](const std::string& one) { return is_in(one, folder); });
    for (const std::string& path : paths_in(folder)) {
        erase(path);
    }
    all_unreported_ = true;
    changed_ = true;
}

void ObjectSource::replace(const std::string& folder, std::map<std::string, PolicyObject> objects) {
    changed_ = std::erase_if(left_out_, [&](const std::string& one) { return is_in(one, folder); }) != 0 || changed_;
    for (const std::string& path : paths_in(folder)) {
        if (objects.count(path) == 0) {
            remove(path);
        }
    }
    while (!objects.empty()) {
        auto one = objects.extract(objects.begin());
        put(one.key(), std::move(one.mapped()));
    }
}

std::string ObjectSource::waiting() const {
    if (waiting_.empty() && !left_out_.empty()) {
        return "the API server has more objects of it than " + std::to_string(kMaxSourceObjects) + ", or than " +
               std::to_string(kMaxSourceBytes) + " bytes of them";
    }
    return waiting_;
}

std::string ObjectSource::problem() const { return is_problem_ || waiting_.empty() ? waiting() : std::string(); }

bool ObjectSource::is_served(const std::string& path) const {
    const std::string_view resource = resource_of_document(path);
    return std::any_of(folders_.begin(), folders_.end(), [&](const std::string& folder) { return resource_of(folder) == resource; });
}

void ObjectSource::report_one(DocumentLedger& ledger, const std::string& path) const {
    const auto object = objects_.find(path);
    if (object == objects_.end()) {
        ledger.report_removed(path);
    } else if (!object->second.problem.empty()) {
        ledger.report_unreadable(name_, path, object->second.problem);
    } else if (const ContentId id = id_of(object->second.text); !ledger.is_new_content(path, id)) {
        ledger.report_unchanged(path, object->second.text);
    } else {
        ledger.report_content(name_, {path, id, object->second.text, decode_object(path, object->second.text), object->second.first});
    }
}

void ObjectSource::report_all(DocumentLedger& ledger) const {
    for (const std::string& path : ledger.documents_of(name_)) {
        if (objects_.count(path) != 0) {
            continue;
        }
        // The objects of a resource that disappeared as a whole, such as one whose definition was removed, were perhaps not removed
        // on purpose.
        if (is_served(path)) {
            ledger.report_removed(path);
        } else {
            ledger.report_unreadable(name_, path, "the API server does not have " + std::string(resource_of_document(path)) + " any more");
        }
    }
    for (const auto& entry : objects_) {
        report_one(ledger, entry.first);
    }
}

void ObjectSource::report(DocumentLedger& ledger) {
    changed_ = false;
    ledger.add_source(name_, decode_object);
    if (const std::string why = waiting(); !why.empty()) {
        ledger.report_waiting(name_, why);
        return;
    }
    ledger.report_reached(name_, {});
    if (all_unreported_ || ledger.wants_all()) {
        report_all(ledger);
    } else {
        for (const std::string& path : unreported_) {
            report_one(ledger, path);
        }
    }
    all_unreported_ = false;
    unreported_.clear();
}

}  // namespace namegate::policy
