// The node's health: a word at the top, and the whole list on request. And the state of the connection to the daemon.

class Health {
  constructor(store) {
    this.store = store;
    this.button = byId("health");
    this.panel = byId("health-panel");
    this.button.addEventListener("click", () => this.open(this.panel.hidden));
    setInterval(() => this.showLost(), 1000);
  }

  open(open) {
    this.panel.hidden = !open;
    setAttribute(this.button, "aria-expanded", open);
  }

  show() {
    const node = this.store.node;
    const degraded = node.degraded ?? [];
    const warnings = node.warnings ?? [];
    const word = degraded.length > 0 ? plural(degraded.length, "problem", "problems")
      : warnings.length > 0 ? plural(warnings.length, "warning", "warnings") : "Healthy";
    setText(byId("health-text"), word);
    this.button.dataset.state = degraded.length > 0 ? "bad" : warnings.length > 0 ? "warning" : "good";
    setText(byId("node"), [node.name, node.version ? `namegate ${node.version}` : ""].filter(Boolean).join(" · "));
    const title = node.name ? `namegate · ${node.name}` : "namegate";
    if (document.title !== title) {
      document.title = title;
    }
    this.showPanel(degraded, warnings);
  }

  showPanel(degraded, warnings) {
    const { limits, since, node } = this.store;
    const version = JSON.stringify([degraded, warnings, limits, since, node]);
    if (version === this.shown) {
      return;
    }
    this.shown = version;
    const list = (title, texts, verdict) => (texts.length === 0 ? [] : [
      element("h2", {}, title), element("ul", { class: verdict }, ...texts.map((text) => element("li", { class: "given" }, text)))]);
    const facts = [
      `Recorded since ${formatTime(Date.parse(since))}`,
      `${formatCount(limits.edges ?? 0)} connections at most, ${formatCount(limits.edgesPerEndpoint ?? 0)} of a pod`,
      limits.forgotten > 0 ? `${plural(limits.forgotten, "older connection", "older connections")} gave way` : "none gave way",
    ];
    this.panel.replaceChildren(
      ...(degraded.length + warnings.length === 0 ? [element("h2", {}, "Nothing is wrong on this node")] : []),
      ...list("Not healthy", degraded, "denied"), ...list("Probably a mistake", warnings, "would-be-denied"),
      element("p", { class: "facts" }, ...facts.map((fact) => element("span", {}, fact))));
  }

  // State of the Source.
  showState(state) {
    const words = { connecting: "Connecting", live: "Live", paused: "Paused", lost: "No answer" };
    const button = byId("live");
    if (button.dataset.state !== state.name) {
      button.dataset.state = state.name;
      setText(byId("live-text"), words[state.name]);
      setAttribute(button, "aria-pressed", state.name !== "paused");
      setAttribute(button, "aria-label", `${words[state.name]}. ${state.name === "paused" ? "Follow" : "Pause"}`);
    }
    this.lost = state.name === "lost" ? state : null;
    this.showLost();
  }

  showLost() {
    const node = byId("lost");
    if (this.lost === null || this.lost === undefined) {
      node.hidden = true;
      return;
    }
    // Written once for each loss: it is an alert, which is read out whenever it changes.
    if (node.hidden) {
      setText(node, `No answer from namegated since ${formatTime(this.lost.lostSince)}. Policies stay enforced. What is shown may be old; the page keeps trying.`);
      node.hidden = false;
    }
  }
}
