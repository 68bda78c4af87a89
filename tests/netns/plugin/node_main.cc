// SPDX-License-Identifier: Apache-2.0
#include "support/node_start.h"
#include "support/run_tests.h"

int main(int argc, char** argv) {
    namegate::test::start_node();
    // The address from which the node sends to its pods.
    namegate::test::must_run(
        "ip link add node0 type veth peer name node1 && ip link set node1 up && ip address add 192.0.2.1/24 dev node0 && "
        "ip address add 2001:db8::1/64 dev node0 nodad && ip link set node0 up");
    return namegate::test::run_tests(argc, argv);
}
