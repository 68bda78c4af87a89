// SPDX-License-Identifier: Apache-2.0
#include "ctl/help.h"

#include <array>

namespace namegate::ctl {

namespace {

struct Page {
    std::string_view command;
    std::string_view synopsis;
    std::string_view summary;
    std::string_view description;
    std::string_view exit_codes;
    std::string_view examples;
};

constexpr std::string_view kDaemonExit =
    "    0  the answer is printed\n"
    "    1  the daemon refused, or has no such endpoint\n"
    "    2  bad arguments, or more than one endpoint meant\n"
    "    3  no daemon answers\n";

constexpr std::string_view kEndpointText =
    "    ENDPOINT is namespace/pod, a container id or the beginning of one, or the name of\n"
    "    the host's interface.\n";

constexpr std::array<Page, 11> kPages = {{
    {"check", "check [FILE or DIR...]", "are these policy files right?",
     "    Reads the files, and of each folder the files that the daemon would read (*.yaml,\n"
     "    *.yml, *.json; not hidden, not below it), and prints every problem as\n"
     "        file:line:column: error: field: message\n"
     "    Without arguments the configured policy folders are checked. All files are judged\n"
     "    together, so that one resource in two files is found. Needs no daemon.\n",
     "    0  no errors (there may be warnings)\n    1  errors\n    2  bad arguments, or nothing there to read\n",
     "    namegatectl check /etc/namegate/policies.d\n    namegatectl check -o json weather.yaml\n"},
    {"status", "status", "is the daemon up and well?",
     "    Shows the daemon, the policy files with what is in force of each and why one was\n"
     "    refused, the counts, and everything that does not work as it should.\n",
     "    0  the daemon is up and healthy\n    1  it is up, and something is wrong\n    2  bad arguments\n    3  no daemon answers\n",
     "    namegatectl status || systemctl status namegated\n"},
    {"endpoints", "endpoints", "every endpoint of this node",
     "    Shows the id, pod, container, interface, addresses, labels, the policies that select\n"
     "    it, and the mode: open (no policy selects it), enforced, or closed (its policy is\n"
     "    not known yet: nothing passes).\n",
     kDaemonExit, "    namegatectl endpoints -o json\n"},
    {"policies", "policies [ENDPOINT]", "every policy, or the rules in force for an endpoint",
     "    Without ENDPOINT, shows every policy in the order of evaluation: its tier, order, kind and\n"
     "    name, whether it is staged, how many endpoints of this node it selects (and of how many\n"
     "    that is not known), how many of its rules a packet has met since they came into force for\n"
     "    an endpoint that is there, and where it is written. Of staged policies no rule is in force.\n\n"
     "    With ENDPOINT, shows the rules in the order in which they are asked, by tier, with the packets and\n"
     "    new flows that each decided, and where each is written. Where staged policies select\n"
     "    it, also the rules as they would be with them, and how many live flows they would deny.\n",
     kDaemonExit, "    namegatectl policies\n    namegatectl policies default/weather\n"},
    {"ips", "ips ENDPOINT", "the addresses that names opened for an endpoint",
     "    Shows each address with the names that led to it, the patterns and rules that they\n"
     "    open, the server that answered, how long it stays open for new flows, and the flows\n"
     "    that are alive.\n",
     kDaemonExit, "    namegatectl ips default/weather\n"},
    {"dns", "dns [ENDPOINT]", "the names that endpoints resolved lately",
     "    Shows the name cache, whether or not a policy cares for the names: of one endpoint,\n"
     "    or of all.\n",
     kDaemonExit, "    namegatectl dns default/weather\n"},
    {"explain", "explain ENDPOINT DEST[:PORT][/PROTO]", "may an endpoint reach this, and why?",
     "    DEST is an address or a name; without PORT 443, without PROTO TCP (or UDP, SCTP,\n"
     "    ICMP with a type for a port, ICMPv6, UDPLite, or a number). Shows the verdict on a new\n"
     "    flow, the rules that were asked on the way by tier and what each did not take, the\n"
     "    verdict that staged policies would give, and what would make it allowed. Where the rules\n"
     "    allow a name that the endpoint has not looked up at a trusted DNS server, it is not\n"
     "    allowed yet, and what has to happen first is told.\n"
     "    --ingress             DEST is where the packets come from, PORT the endpoint's own\n"
     "    --offline             without the daemon, from policy files; no address is learnt and\n"
     "                          no other endpoint known then, and ENDPOINT is namespace/pod or\n"
     "                          any other word for a container without a pod\n"
     "    --policies PATH       a policy folder or file instead of the configured folders;\n"
     "                          may be repeated\n"
     "    -l, --label KEY=VALUE a label of the endpoint, besides those of its Pod document; may\n"
     "                          be repeated\n"
     "    --service-account NAME  its service account\n",
     "    0  it is allowed\n    1  it is denied, or there is no such endpoint\n    2  bad arguments\n    3  no daemon answers\n"
     "    4  not yet: it is allowed after a lookup that is still to come\n",
     "    namegatectl explain default/weather api.weather.com\n"
     "    namegatectl explain default/weather 192.0.2.53:53/UDP\n"
     "    namegatectl explain --offline --policies policies.d -l app=weather-app default/x api.weather.com\n"},
    {"monitor", "monitor [ENDPOINT]", "what is denied, cut and logged, as it happens",
     "    Prints one event a line until it is stopped: packets that policy denied, packets that a\n"
     "    Log rule took, flows that a changed policy cut, limits that were reached; of one\n"
     "    endpoint, or of all. With -o json each line is an object. A flood of denials is shown\n"
     "    in part (the counters of `status` and `policies` have them all), and who reads too\n"
     "    slowly is told how many events he missed. Beside an address stands the name in brackets\n"
     "    that the pod had asked for, if an answer led there lately. Where staged policies select the endpoint, a\n"
     "    packet's line ends with the verdict that they would give, and the rule; in JSON it is\n"
     "    `staged`: {allowed, rule, byStaged}, or {error} where it was not worked out.\n\n"
     "    --denied              only what was denied or cut\n"
     "    --dns                 only DNS answers; with --denied, both\n",
     "    0  the output was closed\n    1  the daemon refused, or has no such endpoint\n    2  bad arguments\n    3  no daemon answers, or "
     "it went\n",
     "    namegatectl monitor --denied default/weather\n"},
    {"selector", "selector EXPR [key=value...]", "does a selector match these labels?",
     "    Reads the selector, prints it in its canonical form, and matches it against the\n"
     "    labels. Needs no daemon.\n",
     "    0  it matches\n    1  it does not\n    2  the selector or a label is invalid\n",
     "    namegatectl selector 'app == \"weather-app\" && !has(test)' app=weather-app\n"},
    {"domain", "domain PATTERN NAME", "does a domain pattern match a name?",
     "    A pattern without \"*\" matches that name only. A \"*\" stands for one or more whole\n"
     "    labels at its place: *.example.com matches www.example.com and a.b.example.com, and\n"
     "    neither example.com nor evilexample.com. Needs no daemon.\n",
     "    0  it matches\n    1  it does not\n    2  the pattern or the name is invalid\n",
     "    namegatectl domain '*.example.com' www.example.com\n"},
    {"schema", "schema", "a JSON schema of policy files, for editors",
     "    Prints one JSON Schema (draft 7) of all kinds, made from what `check` itself goes by.\n"
     "    An editor with it completes and checks policy files while they are written. What a\n"
     "    schema cannot say (selectors, domains, what excludes what) only `check` finds.\n",
     "    0  it is printed\n    2  bad arguments\n", "    namegatectl schema > policy.schema.json\n"},
}};

constexpr std::string_view kOptions =
    "    -s, --socket SOCKET   the daemon's socket (default: that of the configuration)\n"
    "    --config FILE         the configuration (default /etc/namegate/namegate.yaml)\n"
    "    -o, --output FORMAT   table (default) or json\n"
    "    -h, --help            this text; after a command, that command's\n"
    "    -V, --version         the version\n";

const Page* find_page(std::string_view command) {
    for (const Page& page : kPages) {
        if (page.command == command) {
            return &page;
        }
    }
    return nullptr;
}

}  // namespace

std::string main_help() {
    std::string out =
        "NAME\n    namegatectl - asks namegated, and checks policy files\n\n"
        "SYNOPSIS\n    namegatectl [OPTION...] COMMAND [ARGUMENT...]\n\nCOMMANDS\n";
    for (const Page& page : kPages) {
        std::string line = "    ";
        line += page.synopsis;
        line.append(line.size() < 42 ? 42 - line.size() : 2, ' ');
        line += page.summary;
        out += line + "\n";
    }
    out += "\n";
    out += kEndpointText;
    out += "    `namegatectl COMMAND --help` tells more of each.\n\nOPTIONS\n";
    out += kOptions;
    return out +
           "\nEXIT STATUS\n    0  yes, or healthy\n    1  no, or not healthy\n    2  bad arguments or bad input\n"
           "    3  no daemon answers\n    4  explain: not yet, only after a lookup\n\n"
           "FILES\n    /etc/namegate/namegate.yaml       the configuration\n"
           "    /etc/namegate/policies.d          policy files\n    /run/namegate/namegated.sock      the daemon's socket\n";
}

std::string command_help(std::string_view command) {
    const Page* page = find_page(command);
    if (page == nullptr) {
        return {};
    }
    std::string out = "NAME\n    namegatectl ";
    out.append(page->command).append(" - ").append(page->summary);
    out.append("\n\nSYNOPSIS\n    namegatectl [OPTION...] ").append(page->synopsis);
    out.append("\n\nDESCRIPTION\n").append(page->description);
    if (page->synopsis.find("ENDPOINT") != std::string_view::npos) {
        out.append("\n").append(kEndpointText);
    }
    out.append("\nOPTIONS\n").append(kOptions);
    out.append("\nEXIT STATUS\n").append(page->exit_codes);
    return out.append("\nEXAMPLES\n").append(page->examples);
}

std::string_view synopsis_of(std::string_view command) {
    const Page* page = find_page(command);
    return page == nullptr ? std::string_view() : page->synopsis;
}

}  // namespace namegate::ctl
