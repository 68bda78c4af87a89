// SPDX-License-Identifier: Apache-2.0
#include "support/frame_model.h"

#include <algorithm>

#include "datapath/bpf/abi_limits.h"

namespace namegate::test {

namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr double kFragmentSeconds = 30;
constexpr double kMoment = 0.5;  // seconds by which a clock may differ
// Seconds without a packet, after which a flow expires.
constexpr double kIdle = 180;
constexpr double kIdleTcp = 86400;
constexpr double kIdleClosing = 10;
constexpr double kCut = 300;

FrameOpinion denied(const char* why) { return FrameOpinion::denied(why); }
FrameOpinion allowed(const char* why) { return FrameOpinion::passed(why); }

FrameOpinion matter_of_moments() {
    FrameOpinion opinion;
    opinion.unsure = true;
    return opinion;
}

enum class Alive : std::uint8_t { kYes, kNo, kUnsure };

Alive alive_until(double end, double now) { return now < end - kMoment ? Alive::kYes : now > end + kMoment ? Alive::kNo : Alive::kUnsure; }

Alive alive(const ModelFlow& flow, std::uint8_t protocol, double now) {
    const double limit = flow.cut ? kCut : flow.closing ? kIdleClosing : protocol == kTcp ? kIdleTcp : kIdle;
    return alive_until(flow.seen + limit, now);
}

template <typename T>
bool contains(const std::vector<T>& all, const T& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// The request that a message is, or to which it replies: timestamp, information and address mask (RFC 792, RFC 950). Others stand
// alone.
std::uint8_t query_type(bool v6, std::uint8_t type) {
    const bool reply = !v6 && (type == 14 || type == 16 || type == 18);
    return reply ? static_cast<std::uint8_t>(type - 1) : type;
}

ModelFlowKey key_of(const FramePacket& packet, const FrameAddress& local, const FrameAddress& remote, bool out) {
    ModelFlowKey key{local, remote, packet.protocol, 0, 0, packet.is_echo()};
    if (packet.icmp && !packet.is_echo()) {
        key.local_port = query_type(packet.v6, packet.icmp_type);
        key.remote_port = key.local_port;
    } else if (packet.icmp) {
        key.local_port = packet.icmp_id;
        key.remote_port = packet.icmp_id;
    } else {
        key.local_port = out ? packet.source_port : packet.destination_port;
        key.remote_port = out ? packet.destination_port : packet.source_port;
    }
    return key;
}

}  // namespace

void FrameModel::forget() {
    flows_.clear();
    fragments_.clear();
    questions_.clear();
    learnt_.clear();
}

bool FrameModel::is_own(const FrameAddress& address) const { return contains(own_, address); }
bool FrameModel::is_server(const FrameAddress& address, std::uint16_t port) const {
    return port == kDnsPort && contains(servers_, address);
}

FrameOpinion FrameModel::judge(const Bytes& frame, Sender sender, double now) const {
    const Way way = sender == Sender::kPod ? Way::kOut : Way::kIn;
    const FrameBytes link(frame);
    if (way == Way::kOut && !std::equal(mac_.begin(), mac_.end(), frame.begin() + 6)) {
        return denied("another hardware address");
    }
    if (link.u16(12) == 0x0806) {
        return judge_arp(frame, way);
    }
    if (link.u16(12) != 0x0800 && link.u16(12) != 0x86dd) {
        return denied("neither IP nor ARP");
    }
    const FramePacket packet = read_frame(frame);
    if (packet.problem != nullptr) {
        return denied(packet.problem);
    }
    FrameOpinion opinion = is_neighbour_message(packet) ? judge_neighbour(packet, way) : judge_packet({packet, way, sender, now});
    if (packet.extensions == 6 && packet.piece != Piece::kLater) {
        opinion.excuse = "six extension headers";
        opinion.flow = opinion.allowed ? opinion.flow : std::nullopt;  // what is dropped unread cuts no flow
    }
    return opinion;
}

FrameOpinion FrameModel::judge_packet(const Case& one) const {
    if (rules_.closed) {
        return denied("closed");
    }
    if (!is_own(one.local())) {
        if (one.way == Way::kOut) {
            return denied("spoofed source");
        }
        return rules_.direction[1] ? denied("to none of the pod's addresses") : allowed("open, to none of the pod's addresses");
    }
    if (one.packet.piece == Piece::kLater) {
        return judge_later_fragment(one);
    }
    FrameOpinion opinion = judge_whole_or_first(one);
    if (opinion.allowed && one.packet.piece == Piece::kFirst) {
        opinion.fragment = {{one.way, one.local(), one.remote(), one.packet.fragment_id, one.packet.protocol},
                            {one.packet.fragment_next, one.packet.fragment_bytes, one.now + kFragmentSeconds}};
    }
    return opinion;
}

// Packets whose first fragment was admitted in this direction. More than one set holds may have evicted any of them: entries of
// the same tick are equally old.
std::size_t FrameModel::admitted_fragments(Way way) const {
    return static_cast<std::size_t>(
        std::count_if(fragments_.begin(), fragments_.end(), [way](const auto& entry) { return entry.first.way == way; }));
}

FrameOpinion FrameModel::judge_later_fragment(const Case& one) const {
    if (one.way == Way::kIn && !rules_.direction[1]) {
        return allowed("open, a fragment");
    }
    FrameOpinion opinion = denied("a fragment without its first");
    for (const auto& [key, first] : fragments_) {
        const bool same = key.way == one.way && key.local == one.local() && key.remote == one.remote() && key.id == one.packet.fragment_id;
        if (!same || (key.protocol != one.packet.protocol && first.next != one.packet.protocol)) {
            continue;
        }
        const Alive waits = alive_until(first.until, one.now);
        if (waits == Alive::kUnsure) {
            return matter_of_moments();
        }
        if (waits == Alive::kNo || one.packet.fragment_offset < first.bytes) {
            continue;
        }
        if (key.protocol == one.packet.protocol) {
            FrameOpinion later = allowed("a later fragment");
            if (admitted_fragments(one.way) > NG_FRAG_WAYS) {
                later.excuse = "a fragment whose set may have been full";
            }
            return later;
        }
        opinion = allowed("a later fragment of one with options");
        opinion.excuse = "options among what is cut into fragments";
    }
    return opinion;
}

FrameOpinion FrameModel::judge_whole_or_first(const Case& one) const {
    const FramePacket& packet = one.packet;
    if (one.way == Way::kOut && packet.protocol == kUdp && is_server(packet.destination, packet.destination_port)) {
        return judge_question(one);
    }
    if (one.way == Way::kIn && packet.protocol == kUdp && packet.source_port == kDnsPort) {
        if (const auto answer = judge_answer(one)) {
            return *answer;
        }
    }
    if (packet.is_error()) {
        if (const auto error = judge_error(one)) {
            return *error;
        }
    }
    return judge_flow(one);
}

// To a trusted server: judged each time, and no flow.
FrameOpinion FrameModel::judge_question(const Case& one) const {
    const ModelFlowKey key = key_of(one.packet, one.local(), one.remote(), true);
    if (!ask_policy(Way::kOut, key, 0, "").allowed) {
        return denied("policy, of a trusted server");
    }
    FrameOpinion opinion = allowed("to a trusted server");
    const auto message = dns_message(one.packet);
    if (message && (message->u8(2) & 0x80) == 0) {
        if (const auto question = dns_question(*message)) {
            opinion.asked = ModelQuestion{one.local(), one.remote(), key.local_port, message->u16(0), *question};
        }
    }
    return opinion;
}

// The response to a query sent there; it opens what it says when it is complete.
std::optional<FrameOpinion> FrameModel::judge_answer(const Case& one) const {
    const auto message = dns_message(one.packet);
    const auto question = message ? dns_question(*message) : std::nullopt;
    if (!question || (message->u8(2) & 0x80) == 0) {
        return std::nullopt;
    }
    const ModelQuestion noted{one.local(), one.remote(), one.packet.destination_port, message->u16(0), *question};
    const auto found = questions_.find(noted);
    if (found == questions_.end() || found->second == 0) {
        return std::nullopt;
    }
    FrameOpinion opinion = allowed("an answer");
    opinion.answered = noted;
    const auto named = dns_plain_answer(*message, question->size());
    const auto& egress = rules_.direction[0];
    if (!named || !egress || one.packet.piece != Piece::kWhole) {
        return opinion;
    }
    if (std::any_of(egress->begin(), egress->end(), [&](const FrameRule& rule) { return rule.domain == named->first; })) {
        opinion.learnt = {named->second, named->first};
    }
    return opinion;
}

// An ICMP error that quotes a packet of a live flow; nothing: it does not. A router on the way may send one to the pod; the pod may
// send one only to the peer. The quoted transport header comes right after its IP header.
std::optional<FrameOpinion> FrameModel::judge_error(const Case& one) const {
    const FrameBytes icmp(one.packet.transport);
    const std::size_t at = 8;
    if (one.packet.piece != Piece::kWhole || one.packet.size > (one.packet.v6 ? 1280U : 576U) || !icmp.has(at, one.packet.v6 ? 40 : 20)) {
        return std::nullopt;
    }
    const std::size_t header = one.packet.v6 ? 40 : static_cast<std::size_t>(icmp.u8(at) & 15) * 4;
    if (icmp.u8(at) >> 4 != (one.packet.v6 ? 6 : 4) || header < 20 || !icmp.has(at + header, 8)) {
        return std::nullopt;
    }
    FramePacket quoted;
    quoted.v6 = one.packet.v6;
    quoted.protocol = icmp.u8(at + (quoted.v6 ? 6 : 9));
    quoted.source = quoted.v6 ? FrameAddress::v6_of(icmp.part(at + 8, 16)) : FrameAddress::v4_of(icmp.part(at + 12, 4));
    quoted.destination = quoted.v6 ? FrameAddress::v6_of(icmp.part(at + 24, 16)) : FrameAddress::v4_of(icmp.part(at + 16, 4));
    quoted.icmp = quoted.protocol == (quoted.v6 ? kIcmp6 : kIcmp);
    const bool later = !quoted.v6 && (icmp.u16(at + 6) & 0x1fff) != 0;
    if (carries_ports(quoted.protocol)) {
        quoted.source_port = icmp.u16(at + header);
        quoted.destination_port = icmp.u16(at + header + 2);
    } else if (quoted.icmp) {
        quoted.icmp_type = icmp.u8(at + header);
        quoted.icmp_id = quoted.is_echo() ? icmp.u16(at + header + 4) : std::uint16_t{0};
    }
    const bool ours = one.way == Way::kIn;  // it quotes what the pod sent
    const FrameAddress& remote = ours ? quoted.destination : quoted.source;
    if (later || (ours ? quoted.source : quoted.destination) != one.local() || (!ours && remote != one.remote())) {
        return std::nullopt;
    }
    const auto flow = flows_.find(key_of(quoted, one.local(), remote, ours));
    if (flow == flows_.end() || flow->second.generation != rules_.generation || flow->second.cut) {
        return std::nullopt;
    }
    const Alive lives = alive(flow->second, quoted.protocol, one.now);
    if (lives == Alive::kNo) {
        return std::nullopt;
    }
    FrameOpinion opinion = lives == Alive::kUnsure ? matter_of_moments() : allowed("an error about a flow");
    if (!carries_ports(quoted.protocol) && !quoted.is_echo() && icmp.u16(at + header + 4) != 0) {
        opinion.excuse = "an error about a flow without ports";
    }
    return opinion;
}

FrameOpinion FrameModel::judge_flow(const Case& one) const {
    if (one.packet.is_error()) {
        return judge_new(one);  // an error belongs to a flow only by what it quotes
    }
    const ModelFlowKey key = key_of(one.packet, one.local(), one.remote(), one.way == Way::kOut);
    const auto found = flows_.find(key);
    if (found == flows_.end() || one.packet.is_opening()) {
        return judge_new(one);
    }
    switch (alive(found->second, key.protocol, one.now)) {
        case Alive::kUnsure: return matter_of_moments();
        case Alive::kNo: return judge_new(one);
        case Alive::kYes: break;
    }
    return found->second.generation == rules_.generation ? judge_established(one, key, found->second)
                                                         : judge_again(one, key, found->second);
}

FrameOpinion FrameModel::judge_established(const Case& one, const ModelFlowKey& key, const ModelFlow& flow) const {
    if (flow.cut) {
        FrameOpinion opinion = denied("a flow that was cut");
        // It is kept as long as the other side tries, and a connection as long as either does.
        ModelFlow same = flow;
        same.seen = flow.way != one.way || key.protocol == kTcp ? one.now : flow.seen;
        opinion.flow = {key, same};
        return opinion;
    }
    FrameOpinion opinion = allowed("an established flow");
    ModelFlow next = flow;
    next.seen = one.now;
    next.closing = flow.closing || one.packet.is_closing();
    opinion.flow = {key, next};
    return opinion;
}

// After a change of policy: by its own direction, as the packet that began it.
FrameOpinion FrameModel::judge_again(const Case& one, const ModelFlowKey& key, const ModelFlow& flow) const {
    ModelFlow next = flow;
    next.generation = rules_.generation;
    next.seen = one.now;
    next.closing = flow.closing || one.packet.is_closing();
    next.kept = false;
    next.cut = false;
    const PolicyAnswer answer = ask_policy(flow.way, key, flow.icmp_type, flow.domain);
    const bool open = !rules_.direction[static_cast<std::size_t>(flow.way)];
    FrameOpinion opinion = allowed("a flow judged again");
    if (!flow.node && !open && answer.allowed) {
        next.domain = answer.domain;
    } else if (!flow.node && !open) {
        next.kept = rules_.keep && !flow.cut;
        next.cut = !next.kept;
        opinion = next.kept ? allowed("a flow that is kept") : denied("a flow that a changed policy denies");
    }
    opinion.flow = {key, next};
    return opinion;
}

FrameOpinion FrameModel::judge_new(const Case& one) const {
    if (one.sender == Sender::kNode && one.packet.piece == Piece::kWhole && !one.packet.fragment_header) {
        return judge_from_node(one);
    }
    const ModelFlowKey key = key_of(one.packet, one.local(), one.remote(), one.way == Way::kOut);
    const PolicyAnswer answer = ask_policy(one.way, key, one.packet.icmp_type, "");
    if (!answer.allowed) {
        return denied(one.packet.is_error() ? "policy, of an error" : one.packet.icmp && !key.echo ? "policy, of other ICMP" : "policy");
    }
    if (one.packet.is_error()) {
        return allowed("an error by policy");
    }
    // A packet that is a reply by its form begins no flow. An ACK continues a connection whose flow was forgotten: an ACK of the pod
    // does; one of the peer does where the pod may send everything anyway.
    if (one.packet.icmp && !one.packet.is_query()) {
        return allowed("an ICMP reply by policy");
    }
    const bool goes_on = (one.packet.tcp_flags & (kSyn | kRst | kAck)) == kAck && (one.way == Way::kOut || !rules_.direction[0]);
    if (one.packet.protocol == kTcp && !one.packet.is_opening() && !goes_on) {
        return allowed("a segment by policy");
    }
    FrameOpinion opinion = allowed(answer.domain.empty() ? "a new flow" : "a new flow by a name");
    ModelFlow flow;
    flow.way = one.way;
    flow.icmp_type = one.packet.icmp_type;
    flow.generation = rules_.generation;
    flow.seen = one.now;
    flow.closing = one.packet.is_closing();
    flow.domain = answer.domain;
    opinion.flow = {key, flow};
    return opinion;
}

// Always allowed. A packet that begins an exchange makes a flow; a reply, an error or other ICMP does not.
FrameOpinion FrameModel::judge_from_node(const Case& one) const {
    FrameOpinion opinion = allowed(one.packet.icmp && !one.packet.is_echo() ? "the node's own, ICMP" : "the node's own");
    const bool other_icmp = one.packet.icmp && !one.packet.is_query();
    if (other_icmp || (one.packet.protocol == kTcp && !one.packet.is_opening())) {
        return opinion;
    }
    ModelFlow flow;
    flow.way = Way::kIn;
    flow.icmp_type = one.packet.icmp_type;
    flow.generation = rules_.generation;
    flow.seen = one.now;
    flow.closing = one.packet.is_closing();
    flow.node = true;
    opinion.flow = {key_of(one.packet, one.local(), one.remote(), false), flow};
    return opinion;
}

bool FrameModel::is_open(const FrameAddress& address, const std::string& domain) const {
    const auto found = learnt_.find(address);
    return found != learnt_.end() && found->second.contains(domain);
}

FrameModel::PolicyAnswer FrameModel::ask_policy(Way way, const ModelFlowKey& key, std::uint8_t icmp_type,
                                                const std::string& known_by) const {
    const auto& policy = rules_.direction[static_cast<std::size_t>(way)];
    if (!policy) {
        return {true, ""};
    }
    const std::uint16_t port = way == Way::kOut ? key.remote_port : key.local_port;
    for (const FrameRule& rule : *policy) {
        const bool named = !rule.domain.empty() && (rule.domain == known_by || is_open(key.remote, rule.domain));
        const bool by_address = rule.domain.empty() && (rule.nets.empty() || contains(rule.nets, key.remote));
        const bool of_family = rule.protocol != (key.remote.v6 ? kIcmp : kIcmp6);  // ICMP means IPv4, ICMPv6 IPv6
        const bool by_protocol = !rule.protocol || (*rule.protocol == key.protocol && of_family);
        const bool by_type = !rule.icmp_type || *rule.icmp_type == icmp_type;
        if ((named || by_address) && by_protocol && by_type && (rule.ports.empty() || contains(rule.ports, port))) {
            return {rule.allow, named ? rule.domain : ""};
        }
    }
    return {};
}

void FrameModel::settle(const FrameOpinion& opinion) {
    if (opinion.flow) {
        flows_[opinion.flow->first] = opinion.flow->second;
    }
    if (opinion.fragment) {
        fragments_[opinion.fragment->first] = opinion.fragment->second;
    }
    if (opinion.asked) {
        questions_[*opinion.asked] += 1;
    }
    if (opinion.answered) {
        questions_[*opinion.answered] -= 1;
    }
    if (opinion.learnt) {
        learnt_[opinion.learnt->first].insert(opinion.learnt->second);
    }
}

}  // namespace namegate::test
