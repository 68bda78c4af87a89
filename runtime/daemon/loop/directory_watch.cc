// SPDX-License-Identifier: Apache-2.0
#include "daemon/loop/directory_watch.h"

#include <sys/inotify.h>

#include <cstddef>
#include <cstdint>

namespace namegate::daemon {

namespace {

constexpr std::uint32_t kDoneEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kEvents = IN_CREATE | IN_MODIFY | IN_ATTRIB | kDoneEvents;

}  // namespace

Result<DirectoryWatch> DirectoryWatch::create(std::vector<std::string> folders, bool (*is_file)(std::string_view)) {
    NG_ASSIGN(NameWatch names, NameWatch::create(kEvents));
    DirectoryWatch watch(std::move(names), std::move(folders), is_file);
    NG_TRY(watch.arm());
    return watch;
}

DirectoryWatch::Seen DirectoryWatch::drain(policy::ChangedFiles& changed) {
    const std::uint32_t last = names_.drain([this, &changed](const NameWatch::NamedEvent& event) {
        if (!event.folder.empty() && is_file_(event.name)) {
            changed.add(event.folder + "/" + event.name);
        } else {
            changed.add_any();
        }
    });
    return last == 0 ? Seen::kNothing : (last & kDoneEvents) != 0 ? Seen::kDone : Seen::kUnderway;
}

Result<> DirectoryWatch::arm() {
    names_.begin();
    Result<> result = ok();
    for (const std::string& folder : folders_) {
        // From the root downwards: a folder that appears during this loop is detected by the watch above it.
        for (std::size_t slash = 0; slash != std::string::npos;) {
            const std::size_t next = folder.find('/', slash + 1);
            const std::string parent = slash == 0 ? "/" : folder.substr(0, slash);
            const std::string child = folder.substr(slash + 1, next == std::string::npos ? next : next - slash - 1);
            if (const auto added = names_.add(parent, child); !added) {
                result = added.error();
            }
            slash = next;
        }
        if (const auto added = names_.add(folder, ""); !added) {
            result = added.error();
        }
    }
    names_.commit();
    return result;
}

}  // namespace namegate::daemon
