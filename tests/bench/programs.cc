// SPDX-License-Identifier: Apache-2.0
//
// Nanoseconds per packet of the two programs, by BPF_PROG_TEST_RUN: median of 7 runs, less the time of an empty program in the same
// mode. Two modes: "hot", the same packet many times in one call; and "single", a separate packet for each call, which starts with
// colder caches and so reads higher.
#include <cstring>
#include <functional>
#include <optional>

#include "bpf/traffic.h"
#include "datapath/events.h"
#include "measure.h"
#include "support/tls_hello.h"

using namespace namegate;
using namespace namegate::test;
using namegate::bench::median;

namespace {

constexpr unsigned kRuns = 7;
constexpr int kAnswersInTurn = 250;  // a pending query counts up to 255 queries
constexpr const char* kKnown = "203.0.113.1";
constexpr const char* kNamedServer = "203.0.113.53";  // a trusted DNS server, on port 5353, that only its name opens
constexpr std::uint16_t kPort = 443;

struct Row {
    std::string path;
    double net = 0;
    std::string prototype;  // figures to beat; "" when there is none
    std::string calico;
};

class ProgramBench {
  public:
    explicit ProgramBench(bool quick) : scale_(quick ? 10 : 1), scene_(Scene::weather_pod(), options()) {
        must(datapath::set_trusted(scene_.datapath(), {{*IpPrefix::parse(kDns4), 53}, {*IpPrefix::parse(kNamedServer), 5353}}));
        reader_ = must(datapath::EventReader::create(scene_.datapath(), [](const ng_event&, std::span<const std::uint8_t>) {}));
        use_names();
        must_pass(scene_.resolve("example.com", {kKnown, kNamedServer}));
    }

    void run() {
        floor_hot_ = timed(datapath::ProgramId::kEmpty, tcp_out(kKnown, kPort));
        floor_single_ = single(
            datapath::ProgramId::kEmpty, [](unsigned i) { return tcp_out(kKnown, kPort, kSyn, local_port(i)); }, 4096);
        flows();
        denied();
        questions();
        filtered_questions();
        answers();
        hellos();
        print();
    }

  private:
    static datapath::DatapathOptions options() {
        datapath::DatapathOptions out;
        out.flows_per_endpoint = 1U << 17;
        return out;
    }
    static std::uint16_t local_port(unsigned i) { return static_cast<std::uint16_t>(1024 + i % 64000); }
    static void must_pass(bool passed) {
        if (!passed) {
            throw std::runtime_error("the programs did not treat a packet of the benchmark as expected");
        }
    }
    void use_names() { scene_.apply(domain_policy("example.com, '*.example.com'")); }
    void use_nets() {
        scene_.apply(egress_policy({"{action: Allow, protocol: TCP, destination: {nets: [10.0.0.0/8, 172.16.0.0/12], ports: [443, 8443]}}",
                                    "{action: Allow, protocol: UDP, destination: {nets: [192.0.2.0/24, 198.51.100.0/24]}}"}));
    }
    void forget_learnt();

    // Mean of many runs of one packet, less that of the empty program just before: there may be other load.
    double hot(datapath::ProgramId program, const Bytes& frame, std::uint32_t from = kUplink) {
        std::vector<double> runs;
        for (unsigned i = 0; i < kRuns; ++i) {
            const double floor = timed(datapath::ProgramId::kEmpty, frame, from);
            runs.push_back(timed(program, frame, from) - floor);
        }
        return median(runs);
    }
    double timed(datapath::ProgramId program, const Bytes& frame, std::uint32_t from = kUplink) {
        return scene_.run(program, frame, static_cast<int>(1'000'000 / scale_), from).duration_ns;
    }
    // Median over packets that differ, one run each.
    double single(datapath::ProgramId program, const std::function<Bytes(unsigned)>& frame, unsigned packets) {
        std::vector<double> runs;
        for (unsigned run = 0; run < kRuns; ++run) {
            std::vector<double> each;
            for (unsigned i = 0; i < packets / scale_; ++i) {
                each.push_back(scene_.run(program, frame(i), 1).duration_ns);
            }
            runs.push_back(median(each));
        }
        return median(runs);
    }
    void add(std::string path, double net, std::string prototype = "", std::string calico = "") {
        rows_.push_back({std::move(path), net, std::move(prototype), std::move(calico)});
    }

    void flows();
    double no_insert(const Bytes& frame);
    void denied();
    void questions();
    void filtered_questions();
    void answers();
    double answer_known(const DnsMessage& question, const DnsMessage& answer);
    double answer_single(std::string_view name, const std::function<DnsMessage(unsigned)>& answer, bool forget = false);
    void hellos();
    double hello_single(std::size_t bytes, std::size_t first);
    void print() const;

    unsigned scale_;
    Scene scene_;
    std::unique_ptr<datapath::EventReader> reader_;
    double floor_hot_ = 0;
    double floor_single_ = 0;
    std::vector<Row> rows_;
};

std::string address_of(unsigned number) {
    return "100." + std::to_string(64 + (number >> 16)) + "." + std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
}

DnsMessage addresses(std::string_view name, unsigned count, unsigned first, std::uint32_t ttl = 3600) {
    DnsMessage out = DnsMessage::response(name);
    for (unsigned i = 0; i < count; ++i) {
        out.ttl(ttl).a(name, address_of(first + i));
    }
    return out;
}

void ProgramBench::forget_learnt() {
    const Fd inner = must(scene_.datapath().inner_map(datapath::MapId::kLearnt, scene_.identity().slot));
    for (const auto& entry : must(datapath::read_learnt(scene_.datapath(), scene_.identity().slot))) {
        must(datapath::map_erase(inner.get(), datapath::to_ng_addr(entry.address)));
    }
}

void ProgramBench::flows() {
    using datapath::ProgramId;
    must_pass(scene_.connects(kKnown, kPort, 50000));
    const Bytes out = tcp_out(kKnown, kPort, kAck, 50000);
    const Bytes in = tcp_in(kKnown, kPort, kAck, 50000);
    must_pass(scene_.egress(out).passed() && scene_.ingress(in).passed());
    add("established, from the pod", hot(ProgramId::kPodEgress, out), "70", "209");
    add("established, to the pod", hot(ProgramId::kPodIngress, in), "70", "209");
    // Each time a SYN is judged, and its flow inserted.
    const Bytes by_name = tcp_out(kKnown, kPort, kSyn, 50001);
    const Bytes by_net = tcp_out("10.1.2.3", kPort, kSyn, 50001);
    const auto turn = [](const char* remote) { return [remote](unsigned i) { return tcp_out(remote, kPort, kSyn, local_port(i)); }; };
    add("new flow by name, without its insert (1)", no_insert(tcp_out(kKnown, kPort, kSyn | kAck, 50002)), "174", "479");
    add("new flow by name, one hot flow", hot(ProgramId::kPodEgress, by_name), "", "1110");
    add("new flow by name, 64,000 in turn (2)", single(ProgramId::kPodEgress, turn(kKnown), 64000) - floor_single_, "", "1110");
    use_nets();
    add("new flow by net, without its insert (1)", no_insert(tcp_out("10.1.2.3", kPort, kSyn | kAck, 50002)), "170", "479");
    add("new flow by net, one hot flow", hot(ProgramId::kPodEgress, by_net), "", "1110");
    add("new flow by net, 64,000 in turn (2)", single(ProgramId::kPodEgress, turn("10.1.2.3"), 64000) - floor_single_, "", "1110");
    use_names();
    // A datagram too short for a question.
    add("new flow to a trusted DNS server, by name (3)", no_insert(from_pod(kNamedServer).udp(50000, 5353).payload("x").build()));
}

// A packet that passes after a complete verdict of which nothing is kept.
double ProgramBench::no_insert(const Bytes& frame) {
    const auto flows_before = scene_.flows().size();
    must_pass(scene_.egress(frame).passed() && scene_.flows().size() == flows_before);
    return hot(datapath::ProgramId::kPodEgress, frame);
}

void ProgramBench::denied() {
    const Bytes frame = tcp_out("198.51.100.66", kPort);
    must_pass(scene_.egress(frame).dropped());
    add("new flow denied", hot(datapath::ProgramId::kPodEgress, frame), "136", "420");
}

void ProgramBench::questions() {
    const Bytes frame = from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("www.example.com").edns().build()).build();
    must_pass(scene_.egress(frame).passed());
    add("DNS question noted", hot(datapath::ProgramId::kPodEgress, frame), "318");
}

// dnsQueries: Allowed.
void ProgramBench::filtered_questions() {
    const auto ask = [](std::string_view name) {
        return from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query(name).edns().build()).build();
    };
    const auto allowed = [&](unsigned i) { return ask("n" + std::to_string(i) + ".example.com"); };
    const auto refused = [&](unsigned i) { return ask("n" + std::to_string(i) + ".other.test"); };
    add("DNS query, any name allowed (2)", single(datapath::ProgramId::kPodEgress, refused, 2000) - floor_single_);
    datapath::QueryRules rules;
    rules.types = {kTypeA};
    must(datapath::set_query_rules(scene_.datapath(), rules));
    datapath::EndpointPolicies policies;
    policies.dns = policy::DnsQueries::kAllowed;
    scene_.apply(domain_policy("example.com, '*.example.com'"), policies);
    must_pass(scene_.egress(allowed(0)).passed() && scene_.egress(refused(0)).redirected());
    add("DNS query, of an allowed name", hot(datapath::ProgramId::kPodEgress, allowed(0)), "271");
    add("DNS query, of an allowed name (2)", single(datapath::ProgramId::kPodEgress, allowed, 2000) - floor_single_);
    add("DNS query refused, with its response (2)", single(datapath::ProgramId::kPodEgress, refused, 2000) - floor_single_, "460");
    const Bytes out = tcp_out(kKnown, kPort, kAck, 50000);
    must_pass(scene_.connects(kKnown, kPort, 50000) && scene_.egress(out).passed());
    add("established, with dnsQueries: Allowed", hot(datapath::ProgramId::kPodEgress, out), "70", "209");
    use_names();
}

// One query for each response, so that each response is solicited; the ring is read in between.
double ProgramBench::answer_known(const DnsMessage& question, const DnsMessage& answer) {
    const Bytes ask = from_pod(kDns4).udp(40000, 53).payload(question.build()).build();
    const Bytes reply = to_pod(kDns4).udp(53, 40000).payload(answer.build()).build();
    std::vector<double> runs;
    for (unsigned run = 0; run < kRuns; ++run) {
        std::vector<double> turns;
        for (unsigned turn = 0; turn < 200 / scale_; ++turn) {
            scene_.egress(ask, kAnswersInTurn);
            turns.push_back(scene_.ingress(reply, kAnswersInTurn).duration_ns);
            must(reader_->consume());
        }
        runs.push_back(median(turns));
    }
    return median(runs) - floor_hot_;
}

double ProgramBench::answer_single(std::string_view name, const std::function<DnsMessage(unsigned)>& answer, bool forget) {
    const Bytes ask = from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query(name).build()).build();
    unsigned number = 0;
    std::vector<double> runs;
    for (unsigned run = 0; run < kRuns; ++run) {
        std::vector<double> each;
        if (forget) {
            forget_learnt();
        }
        for (unsigned i = 0; i < 250 / scale_; ++i) {
            const Bytes reply = to_pod(kDns4).udp(53, 40000).payload(answer(number++).build()).build();
            scene_.egress(ask);
            each.push_back(scene_.ingress(reply).duration_ns);
            must(reader_->consume());
        }
        runs.push_back(median(each));
    }
    return median(runs) - floor_single_;
}

void ProgramBench::answers() {
    constexpr const char* kName = "www.example.com";
    const DnsMessage question = DnsMessage::query(kName);
    const std::uint64_t solicited = scene_.count(NG_R_UNSOLICITED);
    const std::pair<unsigned, const char*> sizes[] = {{1, "423"}, {8, "794"}, {30, "1831"}};
    for (const auto& size : sizes) {
        const unsigned count = size.first;
        const std::string what = "response, " + std::to_string(count) + (count == 1 ? " address" : " addresses");
        add(what + ", known", answer_known(question, addresses(kName, count, 0)), size.second);
        add(what + ", lifetime extended (2)", answer_single(kName, [&](unsigned i) { return addresses(kName, count, 0, 3600 + i); }),
            size.second);
        const auto fresh = [&](unsigned i) { return addresses(kName, count, i * count); };
        add(what + ", first seen (2)", answer_single(kName, fresh, true));
    }
    DnsMessage chain = DnsMessage::response(kName);
    chain.cname(kName, "a.cdn.example.net").cname("a.cdn.example.net", "b.cdn.example.net").cname("b.cdn.example.net", "c.cdn.example.net");
    for (unsigned i = 0; i < 8; ++i) {
        chain.a("c.cdn.example.net", address_of(i));
    }
    add("response, 3 CNAMEs and 8 addresses, known", answer_known(question, chain), "1030");
    const DnsMessage other = DnsMessage::query("www.other.test");
    add("response, name not in the policy", answer_known(other, addresses("www.other.test", 1, 0)), "258");
    // As many labels to walk as the budget allows, then as many addresses as fit.
    std::string deep = "a";
    for (int i = 1; i < 118; ++i) {
        deep += ".a";
    }
    deep += ".example.com";
    DnsMessage worst = DnsMessage::response(deep);
    for (unsigned i = 0; i < 64; ++i) {
        const Bytes address{100, 64, 0, static_cast<std::uint8_t>(i)};
        // The whole name again, by its first label and a pointer to the rest, so that the program must walk it.
        worst.record_of(i < 2 ? Bytes{1, 'a', 0xc0, 14} : DnsMessage::pointer(12), kTypeA, address);
    }
    add("response, the worst: 376 labels, 64 addresses", answer_known(DnsMessage::query(deep), worst));
    must_pass(scene_.count(NG_R_UNSOLICITED) == solicited && scene_.count(NG_R_UNPARSED) == 0 && scene_.count(NG_R_LEARNT_FULL) == 0);
}

// Each hello on a connection of its own. `first`: the bytes of an earlier segment, whose cost is not counted.
double ProgramBench::hello_single(std::size_t bytes, std::size_t first) {
    const std::size_t bare = ClientHello("example.com").record().size();
    const Bytes hello = ClientHello("example.com").padding(bytes - bare - 4).record();
    const Bytes begin(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(first));
    const Bytes rest(hello.begin() + static_cast<std::ptrdiff_t>(first), hello.end());
    std::vector<double> runs;
    for (unsigned run = 0; run < kRuns; ++run) {
        std::vector<double> each;
        for (unsigned i = 0; i < 2000 / scale_; ++i) {
            const std::uint16_t port = local_port(i);
            const std::uint32_t isn = run * 100'000'000 + i * 10'000;
            const auto segment = [&](std::uint32_t offset, const Bytes& data) {
                return scene_.egress(from_pod(kKnown).tcp(port, kPort, kAck).sequence(isn + 1 + offset, 1).payload(data).build());
            };
            must_pass(scene_.egress(from_pod(kKnown).tcp(port, kPort, kSyn).sequence(isn).build()).passed());
            must_pass(scene_.ingress(to_pod(kKnown).tcp(kPort, port, kSyn | kAck).sequence(0, isn + 1).build()).passed());
            must_pass(begin.empty() || segment(0, begin).passed());
            const RunResult judged = segment(static_cast<std::uint32_t>(first), rest);
            must_pass(judged.passed());
            each.push_back(judged.duration_ns);
            const Bytes answer = server_hello();
            must_pass(scene_
                          .ingress(to_pod(kKnown)
                                       .tcp(kPort, port, kAck)
                                       .sequence(1, isn + 1 + static_cast<std::uint32_t>(hello.size()))
                                       .payload(answer)
                                       .build())
                          .passed());
        }
        runs.push_back(median(each));
    }
    return median(runs) - floor_single_;
}

void ProgramBench::hellos() {
    scene_.apply(egress_policy(
        {kAllowDns, "{action: Allow, metadata: {annotations: {namegate.dev/tls: require}}, destination: {domains: [example.com]}}"}));
    must_pass(scene_.resolve("example.com", {kKnown}));
    const auto turn = [](unsigned i) { return tcp_out(kKnown, kPort, kSyn, local_port(i)); };
    add("TLS names: SYN, 2,000 in turn (2)", single(datapath::ProgramId::kPodEgress, turn, 2000) - floor_single_);
    for (const std::size_t bytes : {517U, 1800U, 3000U}) {
        const std::string what = "TLS names: hello of " + std::to_string(bytes) + " bytes (2)";
        add(what, hello_single(bytes, 0));
        if (bytes == 1800) {
            add("TLS names: the same, its second half (2)", hello_single(bytes, bytes / 2));
        }
    }
    const Bytes out = tcp_out(kKnown, kPort, kAck, 1024);
    const Bytes in = tcp_in(kKnown, kPort, kAck, 1024);
    must_pass(scene_.egress(out).passed() && scene_.ingress(in).passed());
    add("TLS names: established, from the pod", hot(datapath::ProgramId::kPodEgress, out));
    add("TLS names: established, to the pod", hot(datapath::ProgramId::kPodIngress, in));
}

void ProgramBench::print() const {
    std::printf("\nBPF programs: ns a packet, BPF_PROG_TEST_RUN, median of %u runs, less an empty program (%.0f ns; single %.0f ns)\n\n",
                kRuns, floor_hot_, floor_single_);
    std::printf("%-48s %8s   %9s %8s\n", "path", "namegate", "prototype", "Calico");
    for (const Row& row : rows_) {
        std::printf("%-48s %8.0f   %9s %8s\n", row.path.c_str(), row.net, row.prototype.empty() ? "-" : row.prototype.c_str(),
                    row.calico.empty() ? "-" : row.calico.c_str());
    }
    std::printf(
        "\nprototype: the technique's prototype, without counters, statistics and the copy for the name cache. Calico: its own\n"
        "programs, which also translate addresses and route. Both were measured earlier on a machine of this kind.\n"
        "(1) a SYN-ACK, which has the same verdict as the SYN of the row below it, and begins no flow.\n"
        "(2) each packet in a call of its own: colder caches, so it reads higher than the same path in the other rows.\n"
        "(3) a whole verdict and the check for such a server, and no flow is kept.\n");
}

}  // namespace

int main(int argc, char** argv) {
    const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
    try {
        bench::pin_to_one_cpu();
        ProgramBench(quick).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_programs: %s\n", error.what());
        return 1;
    }
    return 0;
}
