// What the daemon has said so far. Merges replies, and gives every connection the keys by which the views group it. A connection
// (an "edge" in the reply) is one endpoint, one name or address, one port, one verdict and the rule that decided.

const kNoName = "addresses";
const kOnNode = "pods";

class Store {
  constructor() {
    this.node = {};
    this.limits = {};
    this.since = "";
    this.endpoints = new Map();
    this.edges = new Map();
    this.peers = new Map();
    this.podOfAddress = new Map();
    this.ready = false;
  }

  // Returns the connections that are new or have changed, and whether the first reply came.
  merge(reply) {
    nodeClock.set(reply.time);
    this.node = reply.node ?? this.node;
    this.limits = reply.limits ?? this.limits;
    this.since = reply.recordedSince ?? this.since;
    if (reply.full) {
      this.edges.clear();
      this.peers.clear();
    }
    for (const id of reply.removed ?? []) {
      this.edges.delete(id);
    }
    if (reply.endpoints) {
      this.setEndpoints(reply.endpoints);
    }
    const changed = [];
    for (const raw of reply.edges ?? []) {
      changed.push(this.setEdge(raw, reply.rules ?? []));
    }
    if (reply.endpoints) {
      this.dropEdgesWithoutEndpoint();
    }
    this.ready = true;
    return reply.full ? [] : changed;
  }

  setEndpoints(list) {
    this.endpoints.clear();
    this.podOfAddress.clear();
    for (const raw of list) {
      const endpoint = { ...raw, key: `pod ${raw.id}`, namespace: raw.namespace || "", label: raw.pod || raw.endpoint };
      endpoint.groupKey = `namespace ${endpoint.namespace}`;
      this.endpoints.set(raw.id, endpoint);
      for (const address of raw.addresses) {
        this.podOfAddress.set(address, endpoint);
      }
    }
    rankByLabel([...this.endpoints.values()], (one) => `${one.namespace}\n${one.label}\n${one.id}`);
    for (const edge of this.edges.values()) {
      this.link(edge);
    }
  }

  setEdge(raw, rules) {
    const edge = this.edges.get(raw.id) ?? { id: raw.id };
    const rule = rules[raw.rule] ?? {};
    Object.assign(edge, raw, {
      verdict: kVerdictIndex.get(raw.verdict) ?? kLookedUp,
      rule: rule.rule ?? "",
      tier: rule.tier ?? "",
      ruleText: rule.text ?? "",
      file: rule.file ?? "",
      line: rule.line ?? 0,
      first: Date.parse(raw.firstTime),
      last: Date.parse(raw.lastTime),
    });
    this.edges.set(edge.id, edge);
    this.link(edge);
    return edge;
  }

  // Finds the pod and the other side of a connection.
  link(edge) {
    edge.pod = this.endpoints.get(edge.endpoint);
    if (!edge.pod) {
      return;
    }
    const address = edge.addresses[0] ?? "";
    const local = edge.name === "" ? this.podOfAddress.get(address) : undefined;
    const key = local ? `local ${local.id}` : edge.name === "" ? `address ${address}` : `name ${edge.name}`;
    edge.peer = this.peers.get(key) ?? this.addPeer(key, edge.name, address, local);
    edge.text = [edge.pod.endpoint, edge.name, edge.peer.label, edge.addresses.join(" "), edge.tier, edge.rule, edge.file,
      formatPort(edge), kVerdicts[edge.verdict].label, edge.reason ?? ""].join("\n").toLowerCase();
  }

  addPeer(key, name, address, local) {
    const peer = { key, rank: -1 };
    if (local) {
      Object.assign(peer, { kind: "pod", label: local.endpoint, head: local.endpoint, rest: "", group: kOnNode, order: `~2${local.endpoint}` });
    } else if (name === "") {
      Object.assign(peer, { kind: "address", label: address, head: address, rest: "", group: kNoName, order: `~1${address}` });
    } else {
      const domain = domainOf(name);
      const [head, rest] = splitName(name, domain);
      Object.assign(peer, { kind: "name", label: name, head, rest, group: domain, order: `${domain}\n${name}` });
    }
    peer.groupKey = `group ${peer.kind === "name" ? "" : "~"}${peer.group}`;
    this.peers.set(key, peer);
    this.peersAreRanked = false;
    return peer;
  }

  dropEdgesWithoutEndpoint() {
    for (const [id, edge] of this.edges) {
      if (!edge.pod) {
        this.edges.delete(id);
      }
    }
  }

  // Gives every peer its place in the order, if there are new ones.
  rankPeers() {
    if (!this.peersAreRanked) {
      rankByLabel([...this.peers.values()], (peer) => peer.order);
      this.peersAreRanked = true;
    }
  }
}

// Numbers in a text compare by value: "team-2" stands before "team-10".
const naturalKey = (label) => label.replace(/\d+/g, (digits) => digits.padStart(12, "0"));

// Sorting numbers later is much faster than sorting names.
function rankByLabel(list, labelOf) {
  const sorted = list.map((one) => [naturalKey(labelOf(one)), one]).sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
  sorted.forEach(([, one], index) => {
    one.rank = index;
  });
}
