// SPDX-License-Identifier: Apache-2.0
//
// Prints the daemon's replies as tables for people: one function for each command (api/replies says what a reply has). Cannot
// fail: empty values are shown as "-".
#pragma once

#include "api/commands.h"
#include "ctl/output.h"

namespace namegate::ctl {

void show_status(const Context& context, const api::StatusReply& reply);
ExitCode status_code(const api::StatusReply& reply);

void show_endpoints(const Context& context, const api::EndpointsReply& reply);
void show_policies(const Context& context, const api::PoliciesReply& reply);
void show_ips(const Context& context, const api::AddressesReply& reply);
void show_dns(const Context& context, const api::NamesReply& reply);

void show_why(const Context& context, const api::WhyReply& reply);
// kNo: nothing was denied.
ExitCode why_code(const api::WhyReply& reply);

void show_staged(const Context& context, const api::StagedReply& reply);
// kNo: the staged policies would have changed nothing.
ExitCode staged_code(const api::StagedReply& reply);

void show_explain(const Context& context, const api::ExplainReply& reply);
ExitCode explain_code(const api::ExplainReply& reply);

}  // namespace namegate::ctl
