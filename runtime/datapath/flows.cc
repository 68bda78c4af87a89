// SPDX-License-Identifier: Apache-2.0
#include "datapath/flows.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <array>

#include "datapath/libbpf_options.h"
#include "datapath/map.h"

namespace namegate::datapath {

Result<> set_wanted(Datapath& datapath, std::uint32_t wanted) {
    NG_ASSIGN(const int fd, datapath.map(MapId::kWanted));
    const std::uint32_t zero = 0;
    return map_update(fd, zero, ng_wanted{wanted});
}

Result<> report_idle_flows(Datapath& datapath, std::uint32_t slot) {
    NG_ASSIGN(const int program, datapath.program(ProgramId::kSweepFlows));
    const std::array<std::uint8_t, 64> frame{};
    __sk_buff context{};
    context.mark = slot;
    auto options = libbpf_options<bpf_test_run_opts>();
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = 1;
    if (const int error = bpf_prog_test_run_opts(program, &options); error != 0) {
        return sys_error("running sweep_flows", -error);
    }
    return ok();
}

}  // namespace namegate::datapath
