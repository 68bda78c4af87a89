// The panel with the details of a pod, of a name or address, of a link, or of one connection.

class Detail {
  // onClose(); onOpenEdge(edge, from): from is the subject to go back to; onSubject(subject); onTable(changes of the filter)
  constructor(store, { onClose, onOpenEdge, onSubject, onTable }) {
    this.store = store;
    this.onOpenEdge = onOpenEdge;
    this.onSubject = onSubject;
    this.onTable = onTable;
    this.node = byId("detail");
    this.body = byId("detail-body");
    this.subject = null;
    this.shown = "";
    byId("detail-close").addEventListener("click", onClose);
  }

  // takesFocus: the user opened it by key or pointer.
  show(subject, edges, takesFocus) {
    this.subject = subject;
    this.node.hidden = subject === null;
    if (subject === null) {
      this.shown = "";
      this.body.replaceChildren();
      return;
    }
    this.refresh(edges, true);
    this.body.scrollTop = 0;
    if (takesFocus) {
      this.body.querySelector("h2")?.focus();
    }
  }

  // Writes it again only if something in it has changed, so that a reader is not disturbed.
  refresh(edges, force = false) {
    if (this.subject === null) {
      return;
    }
    const version = JSON.stringify([this.subject.kind, this.subject.key ?? this.subject.id, edges.map((edge) => [edge.id, edge.count, edge.lastTime, edge.verdict])]);
    if (!force && version === this.shown) {
      return;
    }
    this.shown = version;
    const focused = this.body.contains(document.activeElement) ? [...this.focusable()].indexOf(document.activeElement) : -1;
    const scrolled = this.body.scrollTop;
    this.body.replaceChildren(...this.parts(edges).filter(Boolean));
    this.body.scrollTop = scrolled;
    if (focused >= 0) {
      this.focusable()[focused]?.focus();
    }
  }

  focusable() {
    return this.body.querySelectorAll("h2, button");
  }

  parts(edges) {
    switch (this.subject.kind) {
      case "edge":
        return edges.length === 0 ? this.gone() : this.edge(edges[0]);
      case "pod":
        return this.pod(this.store.endpoints.get(Number(this.subject.key.slice(4))), edges);
      case "peer":
        return this.peer(this.store.peers.get(this.subject.key), edges);
      default:
        return [this.title(this.subject.title), ...this.lists(edges, (edge) => `${edge.pod.endpoint} → ${edge.peer.label}`)];
    }
  }

  title(text) {
    return element("h2", { tabindex: "-1", class: "given" }, text);
  }

  gone() {
    return [this.title("No longer kept"), element("p", { class: "note" }, "The pod is gone, or newer connections took this one's place.")];
  }

  lists(edges, textOf) {
    return sections(edges, textOf, (edge) => this.onOpenEdge(edge, this.subject));
  }

  pod(endpoint, edges) {
    if (!endpoint) {
      return this.gone();
    }
    const modes = { enforced: "enforced: policy decides", open: "open: no policy selects it", closed: "closed: nothing passes" };
    return [
      element("p", { class: "kind" }, endpoint.pod ? `Pod in ${endpoint.namespace}` : "Container"),
      this.title(endpoint.label),
      element("h3", {}, "Endpoint"),
      pairs(["Mode", modes[endpoint.mode] ?? endpoint.mode], ["Policies", endpoint.policies.join(", ") || "none"],
        ["Addresses", endpoint.addresses.join(", ")], ["Interface", endpoint.interface ?? ""]),
      ...this.lists(edges, (edge) => (edge.direction === "ingress" ? `← ${edge.peer.label}` : edge.peer.label)),
      edges.length === 0 ? element("p", { class: "note" }, "Nothing of it was seen, or the filters hide it.") : null,
      edges.length > 0 ? element("button", { type: "button", class: "quiet further", click: () => this.onTable({ pod: endpoint.endpoint }) }, "Show in the table") : null,
    ];
  }

  peer(peer, edges) {
    if (!peer) {
      return this.gone();
    }
    const kinds = { name: "Name", address: "Address without a known name", pod: "Pod of this node" };
    const addresses = [...new Set(edges.flatMap((edge) => edge.addresses))];
    return [
      element("p", { class: "kind" }, kinds[peer.kind]),
      this.title(peer.label),
      peer.kind === "name" && addresses.length > 0 ? element("p", { class: "note mono given" }, shortList(addresses)) : null,
      ...this.lists(edges, (edge) => (edge.direction === "ingress" ? `→ ${edge.pod.endpoint}` : edge.pod.endpoint)),
      edges.length > 0 ? element("button", { type: "button", class: "quiet further", click: () => this.onTable({ name: peer.label }) }, "Show in the table") : null,
    ];
  }

  edge(edge) {
    const ingress = edge.direction === "ingress";
    const units = edge.verdict === kLookedUp ? ["lookup", "lookups"] : edge.verdict === kDenied ? ["packet", "packets"] : ["flow", "flows"];
    const seen = `${plural(edge.count, ...units)}${edge.verdict === kDenied ? ", at least" : ""}`;
    const back = this.subject.from;
    return [
      back ? element("button", { type: "button", class: "quiet back", click: () => this.onSubject(back) }, "← Back") : null,
      element("p", { class: "kind" }, ingress ? `To ${edge.pod.endpoint}, from` : `From ${edge.pod.endpoint}, to`),
      this.title(edge.peer.label),
      badgeOf(edge.verdict),
      ...this.decision(edge),
      element("h3", {}, "Seen"),
      pairs(["Count", seen], ["First", formatTime(edge.first)], ["Last", formatTime(edge.last)],
        ["Port", formatPort(edge)], ["Addresses", edge.name === "" ? "" : shortList(edge.addresses)]),
      ...this.command(edge),
    ];
  }

  decision(edge) {
    if (edge.verdict === kLookedUp) {
      return [element("p", { class: "note" }, "No flow to it was seen, so no rule has decided.")];
    }
    const heading = element("h3", {}, edge.verdict === kWouldBeDenied ? "The staged policy that would deny it" : "Decided by");
    if (edge.rule === "") {
      const why = edge.reason ? `No rule: the reason was ${edge.reason}.`
        : edge.pod.mode === "open" ? "No policy selects this pod, so everything passes."
          : "The rule is not known any more: the policy has changed.";
      return [heading, element("p", { class: "path" }, why)];
    }
    return [
      heading,
      element("p", { class: "path given" }, edge.tier === "" ? edge.rule : `${edge.tier} › ${edge.rule}`),
      edge.ruleText === "" ? null : element("p", { class: "note given" }, edge.ruleText),
      edge.reason && edge.reason !== "denied" ? element("p", { class: "note" }, `Reason: ${edge.reason}`) : null,
      edge.file === "" ? null : place(edge.line === 0 ? edge.file : `${edge.file}:${edge.line}`, "Copy the place"),
    ];
  }

  command(edge) {
    const peer = edge.name === "" ? edge.addresses[0] ?? "" : edge.name;
    const line = edge.direction === "ingress" ? "" : shellCommand(edge.verdict === kDenied ? "why" : "explain", edge.pod.endpoint, peer);
    return line === "" ? [] : [element("h3", {}, "Ask on the node"), place(line, "Copy the command")];
  }
}

function shortList(addresses) {
  const shown = addresses.slice(0, 8).join(", ");
  return addresses.length > 8 ? `${shown} and ${addresses.length - 8} more` : shown;
}
