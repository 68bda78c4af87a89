// SPDX-License-Identifier: Apache-2.0
//
// What makes the programs count each reason, on the interface of a real pod: one function for each. They leave the pod usable for the
// next one.
#pragma once

#include <string>

#include "attacker.h"
#include "site.h"
#include "support/temp_dir.h"

namespace namegate::test {

struct Stage {
    // Extra lines for namegate.yaml.
    explicit Stage(const std::string& settings = "");

    // Packets to here are allowed by address, over UDP; and over TCP while the policy "cut" is there.
    static constexpr const char* kPeer = "198.18.0.77";

    TempDir logs;
    std::string flow_log = logs.path() + "/flows.jsonl";
    Site site;
    AttackPod pod;
};

void allow_one(Stage& stage);
void deny_one(Stage& stage);
void cut_one(Stage& stage);
void close_endpoint(Stage& stage);  // the pod is of no use afterwards
void forge_source(Stage& stage);
void send_malformed(Stage& stage);
void send_not_ip(Stage& stage);
void send_late_fragment(Stage& stage);
void look_up(Stage& stage);
void lose_queries(Stage& stage);
void answer_twice(Stage& stage);
void hold_one(Stage& stage);
void stop_holding(Stage& stage);
void fill_share(Stage& stage);
void fill_patterns(Stage& stage);
void open_never(Stage& stage);
void lose_responses(Stage& stage);
void lose_flows(Stage& stage);
void leave_checksum(Stage& stage);
// With dnsQueries: Allowed, the first with Log too.
void ask_refused_name(Stage& stage);
void ask_refused_type(Stage& stage);
void ask_two_questions(Stage& stage);
void ask_many_names(Stage& stage);
// With tlsNames (provoke_tls.cc).
void show_allowed_name(Stage& stage);
void show_other_name(Stage& stage);
void show_no_name(Stage& stage);
void show_broken_hello(Stage& stage);
void speak_plainly(Stage& stage);
void send_without_begin(Stage& stage);
void send_before_answer(Stage& stage);
void send_urgent(Stage& stage);
void speak_quic(Stage& stage);
void ask_for_https(Stage& stage);

}  // namespace namegate::test
