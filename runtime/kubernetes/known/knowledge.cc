// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known/knowledge.h"

#include <algorithm>
#include <utility>

#include "kubernetes/known/kept_objects.h"

namespace namegate::kubernetes {

void Knowledge::load() const {
    if (std::exchange(is_loaded_, true) || folder_.empty()) {
        return;
    }
    for (const Kind kind : kKinds) {
        auto kept = read_kept(folder_, kind);
        if (!kept) {
            // Nothing was kept yet; otherwise one broken file does not spoil the others.
            loaded_ = kept.error().code() == Code::kNotFound ? loaded_ : Result<>(kept.error());
            continue;
        }
        Store& store = stores_[kind];
        store.resource_version = std::move(kept->resource_version);
        for (Object& object : kept->objects) {
            ObjectName name = object.name;
            store.objects.emplace(std::move(name), std::make_shared<const Object>(std::move(object)));
        }
    }
}

const Result<>& Knowledge::loaded() const {
    load();
    return loaded_;
}

const Knowledge::Store& Knowledge::store(Kind kind) const {
    load();
    return stores_[kind];
}

Knowledge::Store& Knowledge::store(Kind kind) {
    load();
    return stores_[kind];
}

std::shared_ptr<const Object> Knowledge::find(Kind kind, std::string_view name_space, std::string_view name) const {
    const Objects& objects = store(kind).objects;
    const auto found = objects.find(ObjectName{std::string(name_space), std::string(name)});
    return found == objects.end() ? nullptr : found->second;
}

void Knowledge::note_change(Kind kind, const ObjectName& name) {
    ++store(kind).revision;
    if (std::find(kBasicKinds.begin(), kBasicKinds.end(), kind) == kBasicKinds.end()) {
        services_changed_ = true;
        return;
    }
    changed_.insert(kind == Kind::kNamespaces ? name.name : name.name_space);
}

Error too_many_objects(Kind kind, const ObjectName& name) {
    return {Code::kExhausted, "more than " + std::to_string(kMaxKnownObjects) + " " + std::string(to_string(kind)) + "; " +
                                  to_string(name) + " stays unknown"};
}

Result<> Knowledge::put(Kind kind, Object object) {
    Objects& objects = store(kind).objects;
    const auto found = objects.find(object.name);
    if (found == objects.end() && objects.size() >= kMaxKnownObjects) {
        return too_many_objects(kind, object.name);
    }
    if (found != objects.end() && *found->second == object) {
        return ok();
    }
    note_change(kind, object.name);
    ObjectName name = object.name;
    objects[std::move(name)] = std::make_shared<const Object>(std::move(object));
    return ok();
}

void Knowledge::remove(Kind kind, const ObjectName& name) {
    if (store(kind).objects.erase(name) != 0) {
        note_change(kind, name);
    }
}

void Knowledge::replace(Kind kind, Objects objects) {
    Objects& known = store(kind).objects;
    for (const auto& [name, object] : known) {
        if (objects.count(name) == 0) {
            note_change(kind, name);
        }
    }
    for (auto& [name, object] : objects) {
        const auto before = known.find(name);
        if (before == known.end() || *before->second != *object) {
            note_change(kind, name);
        }
    }
    known = std::move(objects);
    store(kind).complete = true;
}

void Knowledge::set_resource_version(Kind kind, std::string version) { store(kind).resource_version = std::move(version); }

void Knowledge::set_needed(Kind kind, std::string needed) {
    Store& own = store(kind);
    if (own.resource_version != needed) {
        own.resource_version = std::move(needed);
        ++own.revision;
        services_changed_ = true;
    }
}

std::set<std::string> Knowledge::take_changed() { return std::exchange(changed_, {}); }

}  // namespace namegate::kubernetes
