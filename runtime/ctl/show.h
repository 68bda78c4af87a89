// SPDX-License-Identifier: Apache-2.0
//
// Prints the daemon's replies as tables for people. Each function prints the result of one command, whose JSON form is given
// above it. Cannot fail: absent values are shown as "-".
#pragma once

#include "ctl/output.h"

namespace namegate::ctl {

// {healthy, version, uptimeSeconds, degraded: [text], endpoints: {mode: number}, trustedServers: [], folders: [], pins,
//  files: [{path, loaded, inForce, resources, problems: [text]}], counters: {name: number}}
void show_status(const Context& context, const api::Json& result);
ExitCode status_code(const api::Json& result);

// [{id, endpoint, containerId, interface, addresses: [], labels: {}, mode, policies: [], error}]
void show_endpoints(const Context& context, const api::Json& result);

// One endpoint: {endpoint, mode, error, egress: {enforced, rules: [{number, tier, policy, index, action, text, file, line, packets,
//  flows}]}, ingress: {…}}
// All: [{tier, order, kind, policy, staged, file, line, endpoints, unknownEndpoints, rules, matchedRules}]
void show_policies(const Context& context, const api::Json& result);

// [{address, names: [], patterns: [], rule: [], server, ttlSeconds, liveFlows, neverOpens}]; neverOpens: the entry of
// dnsNeverOpens that keeps the address closed
void show_ips(const Context& context, const api::Json& result);

// [{endpoint, name, addresses: [], ttlSeconds}]
void show_dns(const Context& context, const api::Json& result);

// {endpoint, mode, deniedPackets, entries: [{kind, count, firstTime, lastTime, direction, protocol, remote, remotePort, localPort,
//  names: [], tier, rule, reason, now: null or {destination, verdict, reason, advice: []}}]}
void show_why(const Context& context, const api::Json& result);
// kNo: nothing was denied.
ExitCode why_code(const api::Json& result);

// The result of api::explain_json().
void show_explain(const Context& context, const api::Json& result);
ExitCode explain_code(const api::Json& result);

}  // namespace namegate::ctl
