// The graph: pods on the left, names and addresses on the right. A selected row narrows the other column to what belongs to it.

const kHeadHeight = 44;

class GraphView {
  // onSubject({kind: "pod" | "peer" | "link" | null, ...})
  constructor(onSubject) {
    this.onSubject = onSubject;
    this.edges = [];
    this.quiet = [];
    this.selected = { side: "", key: null };
    this.folds = { left: new Map(), right: new Map() };
    this.visible = true;
    this.chosen = null;
    this.links = new Links(byId("links"), kHeadHeight, () => this.ends(), (link) => this.openLink(link));
    this.left = this.makeColumn("left", byId("pods"));
    this.right = this.makeColumn("right", byId("peers"));
    byId("pods-fold").addEventListener("click", () => this.foldAll("left"));
    byId("peers-fold").addEventListener("click", () => this.foldAll("right"));
  }

  makeColumn(side, node) {
    return new TreeColumn(node, {
      onFold: (key, folded) => {
        this.folds[side].set(key, folded);
        this.build();
      },
      onSelect: (key) => this.toggle(side, key),
      onPoint: (row) => this.point(side, row),
      onScroll: () => this.links.draw(),
    });
  }

  // An expanded group has no links of its own; those of its rows are meant.
  point(side, row) {
    const item = row < 0 ? undefined : this[side].data.rows[row];
    this.links.point(side, row, item?.isGroup && item.expanded ? row + item.size : row);
  }

  ends() {
    const end = (column) => ({ scrollTop: column.view.scrollTop, rowHeight: column.view.rowHeight });
    return { left: end(this.left), right: end(this.right) };
  }

  setEdges(edges, quiet) {
    this.edges = edges;
    this.quiet = quiet;
    if (this.visible) {
      this.build();
    }
  }

  show(visible) {
    this.visible = visible;
    if (visible) {
      this.left.view.measure();
      this.right.view.measure();
      this.build();
    }
  }

  build() {
    const { side, key } = this.selected;
    const own = key === null ? this.edges : this.edges.filter((edge) => (side === "left" ? edge.pod : edge.peer).key === key);
    const left = makeRows(side === "right" ? own : this.edges, kLeft, this.folds.left, side === "right" ? [] : this.quiet);
    const right = makeRows(side === "left" ? own : this.edges, kRight, this.folds.right, []);
    this.left.selectedKey = side === "left" ? key : null;
    this.right.selectedKey = side === "right" ? key : null;
    this.left.setData(left);
    this.right.setData(right);
    this.links.setLinks(makeLinks(own, left, right));
    this.links.choose(this.links.links[this.chosen?.link ?? -1] ?? null);
    setText(byId("pods-count"), formatCount(left.leaves));
    setText(byId("peers-count"), formatCount(right.leaves));
    this.nameFold("pods-fold", left);
    this.nameFold("peers-fold", right);
  }

  nameFold(id, data) {
    const groups = data.rows.filter((row) => row.isGroup);
    byId(id).hidden = groups.length === 0;
    setText(byId(id), groups.some((row) => row.expanded) ? "Collapse all" : "Expand all");
  }

  foldAll(side) {
    const data = this[side].data;
    const fold = data.rows.some((row) => row.isGroup && row.expanded);
    for (const group of data.groups) {
      this.folds[side].set(group.key, fold);
    }
    this.build();
  }

  toggle(side, key) {
    const same = this.selected.side === side && this.selected.key === key;
    this.onSubject(same ? null : { kind: side === "left" ? "pod" : "peer", key });
  }

  // Shows what the subject is about.
  setSelected(side, key) {
    this.selected = { side, key };
    if (!this.visible) {
      return;
    }
    this.build();
    if (key !== null) {
      const column = side === "left" ? this.left : this.right;
      column.setSelected(key);
      column.reveal(key);
    }
  }

  // The connection that is shown in detail; null: none.
  setChosen(edge) {
    this.chosen = edge;
    this.links.choose(this.links.links[edge?.link ?? -1] ?? null);
  }

  openLink(link) {
    const from = this.left.data.rows[link.from];
    const to = this.right.data.rows[link.to];
    const ids = this.edges.filter((edge) => edge.link >= 0 && this.links.links[edge.link] === link).map((edge) => edge.id);
    this.onSubject({ kind: "link", title: `${from.title || from.label} → ${to.title || to.label}`, ids });
  }

  pulse(changed) {
    if (this.visible) {
      this.links.pulse(changed.map((edge) => edge.link));
    }
  }
}
