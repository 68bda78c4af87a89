// The table: one row for each connection, sorted by any column, only the rows in sight.

const kColumns = [
  { id: "verdict", label: "Verdict", value: (edge) => [1, 2, 0, 3].indexOf(edge.verdict) },
  { id: "pod", label: "Pod", value: (edge) => edge.pod.rank },
  { id: "peer", label: "Name or address", value: (edge) => edge.peer.rank },
  { id: "port", label: "Port", value: (edge) => edge.port },
  { id: "rule", label: "Rule", value: (edge) => edge.rule },
  { id: "count", label: "Count", value: (edge) => edge.count, number: true },
  { id: "last", label: "Last seen", value: (edge) => edge.last, number: true },
];

class TableView {
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.edges = [];
    this.sort = { column: kColumns[0], down: false };
    this.activeId = null;
    this.selectedId = null;
    this.visible = false;
    this.held = false;  // the order is kept while the pointer is over the rows
    const grid = byId("grid");
    this.grid = grid;
    this.head = element("div", { class: "grid-row grid-head", role: "row", "aria-rowindex": "1" }, ...kColumns.map((column) => this.makeHead(column)));
    const body = element("div", { class: "grid-body", role: "rowgroup" });
    grid.append(element("div", { role: "rowgroup", class: "grid-top" }, this.head), body);
    grid.setAttribute("aria-colcount", kColumns.length);
    this.view = new VirtualRows(grid, body, { make: () => this.makeRow(), fill: (row, index) => this.fillRow(row, index), top: kHeadHeight, property: "--line-height" });
    body.addEventListener("pointerenter", () => (this.held = true));
    body.addEventListener("pointerleave", () => (this.held = false));
    body.addEventListener("click", (event) => this.click(event));
    grid.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.refreshAges(), 1000);
  }

  makeHead(column) {
    const button = element("button", { type: "button", click: () => this.sortBy(column) }, column.label);
    return element("div", { role: "columnheader", class: column.number ? "number" : null }, button);
  }

  makeRow() {
    const row = element("div", { class: "grid-row grid-line", role: "row" });
    const word = element("span", { class: "word" });
    const badge = element("span", { class: "badge" });
    const cells = {};
    for (const column of kColumns) {
      cells[column.id] = element("div", { role: "gridcell", class: `cell-${column.id} given${column.number ? " number soft" : ""}` });
    }
    cells.verdict.append(badge);
    cells.rule.classList.add("soft");
    cells.port.classList.add("soft");
    row.append(...Object.values(cells));
    row.parts = { cells, badge, word, verdict: -1 };
    return row;
  }

  fillRow(row, index) {
    const edge = this.edges[index];
    const { cells, badge, word } = row.parts;
    row.className = "grid-row grid-line" + (edge.id === this.selectedId ? " is-selected" : "") + (edge.id === this.activeId ? " is-active" : "");
    row.id = `line-${index}`;
    setAttribute(row, "aria-rowindex", index + 2);
    setAttribute(row, "aria-selected", edge.id === this.selectedId);
    if (row.parts.verdict !== edge.verdict) {
      row.parts.verdict = edge.verdict;
      badge.className = `badge ${kVerdicts[edge.verdict].id}`;
      word.textContent = kVerdicts[edge.verdict].label;
      badge.replaceChildren(icon(kVerdicts[edge.verdict].id), word);
    }
    setText(cells.pod, edge.pod.endpoint);
    setText(cells.peer, `${edge.direction === "ingress" ? "← " : ""}${edge.peer.label}`);
    setAttribute(cells.peer, "title", edge.addresses.length > 0 ? `${edge.peer.label} ${edge.addresses.join(" ")}` : edge.peer.label);
    setText(cells.port, formatPort(edge));
    setText(cells.rule, edge.rule === "" ? "–" : edge.rule);
    setAttribute(cells.rule, "title", edge.file === "" ? null : edge.line === 0 ? edge.file : `${edge.file}:${edge.line}`);
    setText(cells.count, formatShortCount(edge.count));
    setText(cells.last, formatAge(nodeClock.now() - edge.last));
  }

  refreshAges() {
    if (this.visible && !document.hidden) {
      for (const [index, row] of this.view.rows) {
        setText(row.parts.cells.last, formatAge(nodeClock.now() - this.edges[index].last));
      }
    }
  }

  // isNewQuestion: the user changed the filter, so the order need not be kept.
  setEdges(edges, isNewQuestion) {
    if (!this.visible) {
      this.waiting = edges;
      return;
    }
    if (this.held && !isNewQuestion) {
      const left = new Set(edges);
      const kept = this.edges.filter((edge) => left.delete(edge));
      this.edges = [...kept, ...left];
    } else {
      this.edges = this.sorted(edges);
    }
    this.update();
  }

  sorted(edges) {
    const { column, down } = this.sort;
    const sign = down ? -1 : 1;
    const keyed = edges.map((edge) => [column.value(edge), edge]);
    keyed.sort((one, other) => (one[0] < other[0] ? -sign : one[0] > other[0] ? sign
      : one[1].pod.rank - other[1].pod.rank || one[1].peer.rank - other[1].peer.rank || one[1].id - other[1].id));
    return keyed.map((one) => one[1]);
  }

  sortBy(column) {
    const down = this.sort.column === column ? !this.sort.down : column.number === true;
    this.sort = { column, down };
    this.edges = this.sorted(this.edges);
    this.grid.scrollTop = 0;
    this.update();
    announce(`Sorted by ${column.label}, ${down ? "descending" : "ascending"}`);
  }

  update() {
    kColumns.forEach((column, index) => {
      const own = this.sort.column === column ? (this.sort.down ? "descending" : "ascending") : null;
      setAttribute(this.head.children[index], "aria-sort", own);
    });
    setAttribute(this.grid, "aria-rowcount", this.edges.length + 1);
    this.view.setCount(this.edges.length);
    this.nameActive();
  }

  show(visible) {
    this.visible = visible;
    if (visible) {
      this.view.measure();
      this.setEdges(this.waiting ?? this.edges, true);
    }
  }

  setSelected(id) {
    this.selectedId = id;
    this.view.render(true);
  }

  click(event) {
    const row = event.target.closest(".grid-line");
    if (row) {
      const edge = this.edges[Number(row.dataset.index)];
      this.activeId = edge.id;
      this.onOpen(edge);
    }
  }

  key(event) {
    if (this.edges.length === 0 || event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const at = this.edges.findIndex((edge) => edge.id === this.activeId);
    const page = this.view.perPage();
    const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: this.edges.length - 1, PageDown: at + page, PageUp: at - page };
    if (event.key in moves) {
      const to = Math.min(this.edges.length - 1, Math.max(0, moves[event.key]));
      this.activeId = this.edges[to].id;
      this.view.reveal(to);
      this.view.render(true);
      this.nameActive();
    } else if ((event.key === "Enter" || event.key === " ") && at >= 0) {
      this.onOpen(this.edges[at]);
    } else {
      return;
    }
    event.preventDefault();
  }

  nameActive() {
    const at = this.activeId === null ? -1 : this.edges.findIndex((edge) => edge.id === this.activeId);
    setAttribute(this.grid, "aria-activedescendant", at >= 0 && this.view.rows.has(at) ? `line-${at}` : null);
  }
}
