// SPDX-License-Identifier: Apache-2.0
//
// The option structs of libbpf in plain C++: LIBBPF_OPTS is a GNU statement expression.
#pragma once

namespace namegate::datapath {

template <typename Options>
Options libbpf_options() {
    Options options{};
    options.sz = sizeof options;
    return options;
}

}  // namespace namegate::datapath
