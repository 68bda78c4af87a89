// The page: joins the parts. Data flows one way: source, store, filter, views.

class App {
  constructor() {
    this.store = new Store();
    this.filter = new Filter();
    this.subject = null;
    this.shown = [];
    this.view = this.filter.read(location.hash.slice(1));
    this.graph = new GraphView((subject) => this.setSubject(subject, true));
    this.table = new TableView((edge) => this.setSubject({ kind: "edge", id: edge.id, from: null }, true));
    this.detail = new Detail(this.store, {
      onClose: () => this.close(),
      onOpenEdge: (edge, from) => this.setSubject({ kind: "edge", id: edge.id, from }, true),
      onSubject: (subject) => this.setSubject(subject, true),
      onTable: (changes) => this.showInTable(changes),
    });
    this.health = new Health(this.store);
    this.bar = new FilterBar(this.filter, () => this.filterChanged());
    this.theme = new Theme(() => this.graph.links.readColours());
    this.rebuild = oncePerFrame(() => this.update(true));
    this.source = new Source((reply) => this.receive(reply), (state) => this.health.showState(state));
    this.addTabs();
    this.addKeys();
    addEventListener("hashchange", () => this.readHash());
    this.bar.show();
    this.setView(this.view, false);
    this.showEmpty();
    this.source.start();
  }

  receive(reply) {
    const first = !this.store.ready;
    const changed = this.store.merge(reply);
    this.store.rankPeers();
    this.health.show();
    this.bar.showNamespaces([...this.store.endpoints.values()].map((endpoint) => endpoint.namespace));
    if (first || reply.full || changed.length > 0 || reply.endpoints || (reply.removed ?? []).length > 0) {
      this.update(first);
      this.graph.pulse(changed);
    }
  }

  // isNewQuestion: the user changed what is asked for.
  update(isNewQuestion) {
    const { shown, counts } = this.filter.apply(this.store.edges.values());
    this.shown = shown;
    const quiet = [...this.store.endpoints.values()].filter((endpoint) => this.filter.showsQuiet(endpoint));
    this.bar.showCounts(counts);
    this.dropLostSelection();
    this.graph.setEdges(shown, quiet);
    this.table.setEdges(shown, isNewQuestion);
    this.detail.refresh(this.edgesOf(this.subject));
    this.showSummary();
    this.showEmpty();
  }

  showSummary() {
    const total = this.store.edges.size;
    const text = this.shown.length === total ? plural(total, "connection", "connections")
      : `${formatCount(this.shown.length)} of ${plural(total, "connection", "connections")}`;
    if (byId("summary").textContent !== text) {
      setText(byId("summary"), text);
      if (this.filter.isSet()) {
        announce(text);
      }
    }
  }

  showEmpty() {
    const nothing = this.store.edges.size === 0;
    const isGraph = this.view === "graph";
    const show = this.shown.length === 0 && !(isGraph && nothing && this.store.endpoints.size > 0);
    byId("empty").hidden = !show;
    if (!show) {
      return;
    }
    const [title, text] = !this.store.ready ? ["Asking namegated", ""]
      : nothing ? ["Nothing was seen yet", "Connections and lookups of this node's pods appear here as they happen."]
        : ["No connection matches", "Try fewer filters, or another verdict."];
    setText(byId("empty-title"), title);
    setText(byId("empty-text"), text);
    byId("empty-clear").hidden = !this.store.ready || nothing;
  }

  // The address follows a moment later: changing it at every key is slow.
  filterChanged() {
    clearTimeout(this.hashTimer);
    this.hashTimer = setTimeout(() => this.writeHash(), 250);
    this.rebuild();
  }

  edgesOf(subject) {
    switch (subject?.kind) {
      case "edge":
        return [this.store.edges.get(subject.id)].filter(Boolean);
      case "link":
        return subject.ids.map((id) => this.store.edges.get(id)).filter(Boolean);
      case "pod":
        return this.shown.filter((edge) => edge.pod.key === subject.key).sort((one, other) => one.peer.rank - other.peer.rank);
      case "peer":
        return this.shown.filter((edge) => edge.peer.key === subject.key).sort((one, other) => one.pod.rank - other.pod.rank);
      default:
        return [];
    }
  }

  // takesFocus: the panel gets the focus, which goes back to where it was when the panel closes.
  setSubject(subject, takesFocus) {
    if (this.subject === null && subject !== null) {
      this.focusBefore = document.activeElement;
    }
    this.subject = subject;
    if (subject === null || subject.kind === "pod" || subject.kind === "peer") {
      this.graph.setSelected(subject === null ? "" : subject.kind === "pod" ? "left" : "right", subject?.key ?? null);
    }
    this.graph.setChosen(subject?.kind === "edge" ? this.store.edges.get(subject.id) ?? null : null);
    this.table.setSelected(subject?.kind === "edge" ? subject.id : null);
    this.detail.show(subject, this.edgesOf(subject), takesFocus);
  }

  close() {
    const before = this.focusBefore;
    this.setSubject(null, false);
    before?.focus?.();
  }

  dropLostSelection() {
    const { side, key } = this.graph.selected;
    const isGone = side === "left" ? !this.store.endpoints.has(Number(key?.slice(4))) : side === "right" && !this.store.peers.has(key);
    if (key !== null && isGone) {
      this.graph.selected = { side: "", key: null };
    }
  }

  showInTable(changes) {
    Object.assign(this.filter, changes);
    this.bar.show();
    this.setSubject(null, false);
    this.setView("table", true);
    this.filterChanged();
  }

  setView(view, takesFocus) {
    this.view = view;
    for (const one of ["graph", "table"]) {
      byId(`view-${one}`).hidden = one !== view;
      setAttribute(byId(`tab-${one}`), "aria-selected", one === view);
      setAttribute(byId(`tab-${one}`), "tabindex", one === view ? "0" : "-1");
    }
    this.graph.show(view === "graph");
    this.table.show(view === "table");
    this.showEmpty();
    if (takesFocus) {
      byId(view === "graph" ? "pods" : "grid").focus();
    }
  }

  addTabs() {
    for (const view of ["graph", "table"]) {
      const tab = byId(`tab-${view}`);
      tab.addEventListener("click", () => {
        this.setView(view, false);
        this.writeHash();
      });
      tab.addEventListener("keydown", (event) => {
        if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
          this.setView(this.view === "graph" ? "table" : "graph", false);
          byId(`tab-${this.view}`).focus();
          this.writeHash();
          event.preventDefault();
        }
      });
    }
    byId("live").addEventListener("click", () => this.source.setPaused(!this.source.paused));
  }

  addKeys() {
    const go = (view) => {
      this.setView(view, true);
      this.writeHash();
    };
    this.keys = new Keys({
      search: () => this.bar.focusSearch(),
      graph: () => go("graph"),
      table: () => go("table"),
      pause: () => this.source.setPaused(!this.source.paused),
      escape: () => (this.subject !== null ? this.close() : this.health.open(false)),
    });
  }

  writeHash() {
    const hash = this.filter.write(this.view);
    history.replaceState(null, "", hash === "" ? location.pathname : `#${hash}`);
  }

  readHash() {
    const view = this.filter.read(location.hash.slice(1));
    this.bar.show();
    this.setView(view, false);
    this.rebuild();
  }
}

new App();
