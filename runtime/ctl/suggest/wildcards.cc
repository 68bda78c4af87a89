// SPDX-License-Identifier: Apache-2.0
#include "ctl/suggest/wildcards.h"

#include <libpsl.h>

namespace namegate::ctl {

namespace {

// Whether everything below it belongs to one owner.
bool has_one_owner(const std::string& domain) { return psl_registrable_domain(psl_builtin(), domain.c_str()) != nullptr; }

}  // namespace

std::map<std::string, std::string> wildcards_for(const std::set<std::string>& names) {
    std::map<std::string, std::set<std::string>> siblings;
    for (const std::string& name : names) {
        if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
            siblings[name.substr(dot + 1)].insert(name);
        }
    }
    std::map<std::string, std::string> out;
    for (const auto& [parent, children] : siblings) {
        if (children.size() < kMinSiblings || !has_one_owner(parent)) {
            continue;
        }
        for (const std::string& name : children) {
            out.emplace(name, "*." + parent);
        }
    }
    return out;
}

}  // namespace namegate::ctl
