// SPDX-License-Identifier: Apache-2.0
#include "ctl/pages.h"

#include <array>

namespace namegate::ctl {

namespace {

constexpr std::string_view kDaemonExit =
    "    0  the result is printed\n"
    "    1  the daemon refused the request, or there is no such endpoint\n"
    "    2  bad arguments, or more than one endpoint matches\n"
    "    3  no daemon answers\n";

constexpr std::array<Page, 17> kPages = {{
    {"check", "check policy files for errors",
     "    Reads the files, and in each folder the files that the daemon would read (*.yaml,\n"
     "    *.yml, *.json; no hidden files, no sub-folders), and prints every problem as\n"
     "        file:line:column: error: field: message\n"
     "    Without arguments it checks the configured policy folders. It checks all files\n"
     "    together, so it also finds one resource that two files define. Needs no daemon.\n"
     "    Where the last good content of a file is in force instead, it says so:\n"
     "        file: note: its last good content, of 2026-07-01T12:00:00Z, is in force\n",
     "    0  no errors (there may be warnings)\n    1  errors\n    2  bad arguments, or there is nothing to read\n",
     "    namegatectl check /etc/namegate/policies.d\n    namegatectl check -o json weather.yaml\n"},
    {"status", "show whether the daemon is running and healthy",
     "    Shows the state of the daemon, what is in force of each policy file and why a file was\n"
     "    refused, the counters, and all known problems.\n",
     "    0  the daemon is running and healthy\n    1  it is running and not healthy\n    2  bad arguments\n"
     "    3  no daemon answers\n",
     "    namegatectl status || systemctl status namegated\n"},
    {"endpoints", "show every endpoint of this node",
     "    Shows the id, pod, container, interface, addresses, labels, the policies that select\n"
     "    the endpoint, and its mode: open (no policy selects it), enforced, or closed (its\n"
     "    policy is not known yet, so nothing passes). A terminal shows as much as it has space\n"
     "    for; through a pipe, and with -o json, nothing is cut.\n",
     kDaemonExit, "    namegatectl endpoints -o json\n    namegatectl endpoints --watch=5\n"},
    {"policies", "show every policy, or the rules in force for an endpoint",
     "    Without ENDPOINT, shows every policy in the order of evaluation: its tier, order, kind\n"
     "    and name, whether it is staged, its annotation namegate.dev/dns, how many endpoints of\n"
     "    this node it selects, how many of its rules have matched a packet, and where it is\n"
     "    written. \"unknown of N\" means that for N endpoints this depends on unknown labels.\n"
     "    Matches count since the rules came into force, for endpoints that still exist. A staged\n"
     "    policy has none, because its rules are not in force.\n\n"
     "    With ENDPOINT, shows the rules in the order of evaluation, by tier, with the packets\n"
     "    and new flows that each rule decided, and where each rule is written. If staged policies\n"
     "    select the endpoint, it also shows the rules as they would be with these policies, and\n"
     "    how many live flows they would deny.\n",
     kDaemonExit, "    namegatectl policies\n    namegatectl policies default/weather\n"},
    {"ips", "show the addresses that names opened for an endpoint",
     "    Shows each address with the names that led to it, the patterns and rules that these\n"
     "    names match, the server that answered, how long the address stays open for new flows,\n"
     "    and the number of live flows.\n",
     kDaemonExit, "    namegatectl ips default/weather\n"},
    {"dns", "show the names that endpoints resolved recently",
     "    Shows the name cache of one endpoint, or of all. The cache has all names, also those\n"
     "    that no policy mentions.\n",
     kDaemonExit, "    namegatectl dns default/weather\n"},
    {"explain", "show whether an endpoint may reach a destination, and why",
     "    DEST is written as DEST[:PORT][/PROTO]: an address or a name, a port (default 443), and\n"
     "    a protocol (default TCP; or UDP, SCTP, ICMP with a type instead of a port, ICMPv6,\n"
     "    UDPLite, or a number). Shows the verdict on a new flow, the rules that were evaluated\n"
     "    by tier and why each did not match, the verdict that staged policies would give, and\n"
     "    what would allow the flow. If the rules allow a name that the endpoint has not looked\n"
     "    up at a trusted DNS server, the flow is not allowed yet, and the output says what must\n"
     "    happen first. A rule with TLS names (docs/policy.md) allows a connection only with the\n"
     "    server name that it shows: the name in DEST, or that of --tls-name.\n\n"
     "    With --offline it reads the policy files and does not need the daemon. It then knows no\n"
     "    learned addresses and no other endpoints. ENDPOINT is namespace/pod, or any other word\n"
     "    for a container without a pod.\n",
     "    0  the flow is allowed\n    1  the flow is denied, or there is no such endpoint\n    2  bad arguments\n"
     "    3  no daemon answers\n    4  not yet: the flow is allowed after a lookup that has not happened yet\n",
     "    namegatectl explain default/weather api.weather.com\n"
     "    namegatectl explain default/weather 192.0.2.53:53/UDP\n"
     "    namegatectl explain --tls-name api.weather.com default/weather 192.0.2.10\n"
     "    namegatectl explain --offline --policies policies.d -l app=weather-app default/x api.weather.com\n"},
    {"why", "show what was denied to an endpoint lately, and what would allow it",
     "    Shows the latest denials of the endpoint, newest first: the name that the pod had looked\n"
     "    up, the address, the rule or the end of a tier that denied it, when, and how often. For\n"
     "    each of the newest it shows the verdict of the rules that are in force now, and the\n"
     "    smallest changes that would allow it. DEST limits this to one address or name, and to a\n"
     "    port or protocol if it has one; :443 matches TCP, UDP and SCTP, :443/UDP only UDP.\n"
     "    DNS queries that were refused are listed too, with their record type.\n\n"
     "    The daemon keeps the last 64 different denials of each endpoint, and as many refused\n"
     "    queries, until it ends. The programs report at most 120 denials of an endpoint in a\n"
     "    second, so \"times\" is a lower bound; the number of denied packets is exact.\n",
     "    0  something was denied\n    1  nothing was denied, or there is no such endpoint\n    2  bad arguments\n"
     "    3  no daemon answers\n",
     "    namegatectl why default/weather\n    namegatectl why default/weather api.example.com:443\n"},
    {"staged", "show what staged policies would have denied and allowed",
     "    Shows for each endpoint, by name or address, the new flows that the staged policies\n"
     "    would have denied, and the denied packets that they would have allowed, since they were\n"
     "    staged: how often, when last, and by which rule. The observation begins again when a file\n"
     "    with staged policies changes, and when the daemon starts. Connections that are older are\n"
     "    not in it; `policies ENDPOINT` counts those that are still alive.\n\n"
     "    The programs report at most 120 denials of an endpoint in a second, so the counts of what\n"
     "    would be allowed are lower bounds. There are at most 128 lines for an endpoint.\n",
     "    0  staged policies would have changed a verdict\n    1  they would not, or there is no such endpoint\n    2  bad arguments\n"
     "    3  no daemon answers\n",
     "    namegatectl staged\n    namegatectl staged default/weather -o json\n"},
    {"monitor", "show what is denied, cut and logged, as it happens",
     "    Prints one event per line until stopped: packets that a policy denied, packets that\n"
     "    matched a Log rule, flows that a changed policy cut, limits that were reached, policies\n"
     "    that came in force or were refused, endpoints that came and went, and the start and end\n"
     "    of the daemon. Without ENDPOINT, prints those of all endpoints. With several filters, an\n"
     "    event must match all of them.\n\n"
     "    Lines that repeat within 5 s are folded: \"x1,240 more in 5 s\". With -o json each line is\n"
     "    an object, and nothing is folded; docs/events.md describes the fields.\n\n"
     "    Denials have a rate limit; the counters of `status` and `policies` count them all. If the\n"
     "    output is read too slowly, a line says how many events were lost. The name in brackets\n"
     "    after an address is the name that the pod looked up last with this address in the\n"
     "    response, also after its TTL. If staged policies select the endpoint, the line of a\n"
     "    packet ends with the verdict and the rule of these policies; in JSON this is `staged`:\n"
     "    {allowed, rule, byStaged}, or {error} if they give no verdict.\n\n"
     "    DNS responses, flows and addresses are events only on request: --dns, --flows, --addresses.\n"
     "    An allowed flow has an event when it begins, and one when it ends, with its duration and its\n"
     "    packets and bytes. An address has one when a name opens it, and one when it expires; they\n"
     "    are looked for once a second.\n",
     "    0  the output was closed\n    1  the daemon refused the request, or there is no such endpoint\n    2  bad arguments\n"
     "    3  no daemon answers, or the daemon ended\n",
     "    namegatectl monitor --denied default/weather\n"
     "    namegatectl monitor --since 15m --namespace default --name '*.example.com'\n"},
    {"suggest", "suggest policies that allow what endpoints do",
     "    Watches the flows, DNS responses and denials of the endpoints for a while, or reads them\n"
     "    from a flow log, and prints policies that allow just that: domain names where the pod had\n"
     "    looked one up, addresses elsewhere, ports and protocols, and the DNS servers. Pods of a\n"
     "    namespace with the same labels get one policy. A comment says how often each destination\n"
     "    was used, and when last. Read the result before you use it: what did not happen while it\n"
     "    watched is not allowed, and what happened may not have been wanted.\n\n"
     "    What was denied is not allowed, but listed in a comment; --include-denied allows it. Only\n"
     "    egress is suggested. docs/suggest.md describes the rules, also of --wildcards and --diff.\n",
     "    0  it is printed\n    1  nothing was seen, or there is no such endpoint\n    2  bad arguments, or the file cannot be read\n"
     "    3  no daemon answers, or the daemon ended\n",
     "    namegatectl suggest --for 10m default/weather\n"
     "    namegatectl suggest --from /var/log/namegate/flows.jsonl -l \"app == 'web'\" --staged\n"},
    {"selector", "test whether a selector matches labels",
     "    Reads the selector EXPR, prints it in its canonical form, and matches it against the\n"
     "    labels, each written as key=value. Needs no daemon.\n",
     "    0  it matches\n    1  it does not match\n    2  the selector or a label is invalid\n",
     "    namegatectl selector 'app == \"weather-app\" && !has(test)' app=weather-app\n"},
    {"domain", "test whether a domain pattern matches a name",
     "    A pattern without \"*\" matches only that name. A \"*\" stands for one or more whole\n"
     "    labels at its place: *.example.com matches www.example.com and a.b.example.com, but\n"
     "    neither example.com nor evilexample.com. Needs no daemon.\n",
     "    0  it matches\n    1  it does not match\n    2  the pattern or the name is invalid\n",
     "    namegatectl domain '*.example.com' www.example.com\n"},
    {"schema", "print a JSON schema of policy files, for editors",
     "    Prints one JSON Schema (draft 7) of all kinds, made from the tables that `check` uses.\n"
     "    An editor can use it to complete and check policy files while they are written. Only\n"
     "    `check` finds what a schema cannot express (selectors, domains, fields that exclude\n"
     "    each other).\n",
     "    0  it is printed\n    2  bad arguments\n",
     "    namegatectl schema > policy.schema.json\n    namegatectl schema --crds | kubectl apply -f -\n"},
    {"bug-report", "write a file with the state of this node, without secrets",
     "    Writes a compressed tar file that a bug report can have as an attachment: versions,\n"
     "    the replies of `status`, `endpoints` and `policies`, the settings, endpoint records,\n"
     "    names and sizes of files, the BPF programs and maps of the node, and the last lines\n"
     "    of the journal. What may be a secret is removed, and so are the values of all\n"
     "    annotations; the names of pods, policies and domains are not. It works without the\n"
     "    daemon, and has at most 1 MiB of each kind.\n",
     "    0  it is written\n    2  bad arguments, or it cannot be written\n",
     "    namegatectl bug-report -o report.tar.gz\n    tar -xzf report.tar.gz\n"},
    {"completion", "print a script that completes namegatectl in a shell",
     "    The script completes commands, options, files and the names of endpoints, for which it\n"
     "    asks the daemon. The Debian package and install.sh put it where the shells look for it.\n",
     "    0  it is printed\n    2  bad arguments\n",
     "    . <(namegatectl completion bash)\n    namegatectl completion zsh > _namegatectl\n"
     "    namegatectl completion fish | source\n"},
    {"help", "show the help page of a command", "    Without COMMAND, shows the page of namegatectl itself.\n",
     "    0  it is printed\n    2  there is no such command\n", "    namegatectl help explain\n"},
}};

constexpr std::string_view kProgramExitCodes =
    "    0  yes, or healthy\n    1  no, or not healthy\n    2  bad arguments or bad input\n"
    "    3  no daemon answers\n    4  explain: not yet, only after a lookup\n";

constexpr std::string_view kProgramFiles =
    "    /etc/namegate/namegate.yaml       the configuration\n"
    "    /etc/namegate/policies.d          policy files\n"
    "    /run/namegate/namegated.sock      the daemon's socket\n";

}  // namespace

std::string_view program_exit_codes() { return kProgramExitCodes; }
std::string_view program_files() { return kProgramFiles; }

std::span<const Page> pages() { return kPages; }

const Page* find_page(std::string_view command) {
    for (const Page& page : kPages) {
        if (page.command == command) {
            return &page;
        }
    }
    return nullptr;
}

}  // namespace namegate::ctl
