// SPDX-License-Identifier: Apache-2.0
#include "datapath/inner_map.h"

#include <bpf/bpf.h>

#include <string>

#include "datapath/libbpf_options.h"

namespace namegate::datapath {

Result<Fd> make_inner_map(const InnerMap& inner) {
    auto create = libbpf_options<bpf_map_create_opts>();
    create.map_flags = inner.flags;
    const int fd = bpf_map_create(inner.type, inner.name, inner.key_bytes, inner.value_bytes, inner.entries, &create);
    if (fd < 0) {
        return sys_error(std::string("making an inner map of ") + map_name(inner.outer), -fd);
    }
    return Fd(fd);
}

}  // namespace namegate::datapath
