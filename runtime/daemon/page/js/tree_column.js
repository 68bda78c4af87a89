// One column of the graph: a tree of groups and what is in them, by keyboard and by pointer. Only shows; what a choice means is the
// caller's.

class TreeColumn {
  // onFold(key, folded), onSelect(key), onPoint(index or -1), onScroll()
  constructor(node, { onFold, onSelect, onPoint, onScroll }) {
    this.node = node;
    this.onFold = onFold;
    this.onSelect = onSelect;
    this.onPoint = onPoint;
    this.data = { rows: [], rowOf: new Map() };
    this.activeKey = null;
    this.selectedKey = null;
    const body = element("div", { class: "tree-body", role: "presentation" });
    node.append(body);
    this.view = new VirtualRows(node, body, { make: () => this.makeRow(), fill: (row, index) => this.fillRow(row, index) });
    this.view.onScroll = onScroll;
    node.addEventListener("keydown", (event) => this.key(event));
    node.addEventListener("click", (event) => this.click(event));
    node.addEventListener("focus", () => this.point());
    node.addEventListener("blur", () => onPoint(-1));
    node.addEventListener("pointerover", (event) => onPoint(this.indexOf(event)));
    node.addEventListener("pointerleave", () => onPoint(-1));
  }

  makeRow() {
    const row = element("div", { class: "item", role: "treeitem" });
    const fold = icon("chevron", "icon fold");
    const head = element("span", { class: "given" });
    const rest = element("span", { class: "rest given" });
    const tag = element("span", { class: "tag" });
    const bad = element("span", { class: "bad denied" }, icon("denied"), "");
    const warn = element("span", { class: "bad would-be-denied" }, icon("would-be-denied"), "");
    const count = element("span", { class: "count" });
    row.append(fold, element("span", { class: "label" }, head, rest), tag, element("span", { class: "counts" }, warn, bad, count));
    row.parts = { fold, head, rest, tag, bad, warn, count };
    return row;
  }

  fillRow(row, index) {
    const item = this.data.rows[index];
    const parts = row.parts;
    row.className = "item" + ` level-${item.level}` + (item.isGroup ? " is-group" : "") + (item.quiet ? " is-quiet" : "") +
      (item.key === this.selectedKey ? " is-selected" : "") + (item.key === this.activeKey ? " is-active" : "");
    row.id = `${this.node.id}-${index}`;
    setAttribute(row, "aria-level", item.level);
    setAttribute(row, "aria-posinset", item.at);
    setAttribute(row, "aria-setsize", item.of);
    setAttribute(row, "aria-expanded", item.isGroup ? item.expanded : null);
    setAttribute(row, "aria-selected", item.isGroup ? null : item.key === this.selectedKey);
    setAttribute(row, "aria-label", this.spoken(item));
    setAttribute(row, "title", item.title === "" ? null : item.title);
    parts.fold.style.display = item.isGroup ? "" : "none";
    setText(parts.head, item.label);
    setText(parts.rest, item.rest);
    parts.tag.className = `tag ${item.tag}`;
    parts.tag.hidden = item.tag === "";
    setText(parts.tag, item.tag);
    this.fillCount(parts.bad, item.counts[kDenied]);
    this.fillCount(parts.warn, item.counts[kWouldBeDenied]);
    setText(parts.count, item.isGroup ? formatShortCount(item.size) : item.quiet ? "" : formatShortCount(item.total));
  }

  fillCount(node, count) {
    node.hidden = count === 0;
    setText(node.lastChild, String(count));
  }

  spoken(item) {
    const counts = kVerdicts.map((verdict, index) => [item.counts[index], verdict.label.toLowerCase()]).filter(([count]) => count > 0);
    const text = counts.map(([count, label]) => `${count} ${label}`).join(", ");
    const size = item.isGroup ? `, ${item.size} in it` : "";
    return `${item.label}${item.rest}${size}${item.tag === "" ? "" : `, ${item.tag}`}${text === "" ? ", no connection" : `, ${text}`}`;
  }

  setData(data) {
    this.data = data;
    if (this.activeKey !== null && !data.rowOf.has(this.activeKey)) {
      this.activeKey = null;
    }
    this.view.setCount(data.rows.length);
    this.nameActive();
  }

  setSelected(key) {
    this.selectedKey = key;
    if (key !== null && this.data.rowOf.has(key)) {
      this.activeKey = key;
    }
    this.view.render(true);
    this.nameActive();
  }

  reveal(key) {
    const index = this.data.rowOf.get(key);
    if (index !== undefined) {
      this.view.reveal(index);
    }
  }

  indexOf(event) {
    const row = event.target.closest?.(".item");
    return row ? Number(row.dataset.index) : -1;
  }

  click(event) {
    const item = this.data.rows[this.indexOf(event)];
    if (item) {
      this.activeKey = item.key;
      this.choose(item);
    }
  }

  choose(item) {
    if (item.isGroup) {
      this.onFold(item.key, item.expanded);
    } else {
      this.onSelect(item.key);
    }
  }

  key(event) {
    const rows = this.data.rows;
    if (rows.length === 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const at = this.activeKey === null ? -1 : this.data.rowOf.get(this.activeKey) ?? -1;
    const item = rows[at];
    const page = this.view.perPage();
    const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: rows.length - 1, PageDown: at + page, PageUp: at - page };
    if (event.key in moves) {
      this.moveTo(Math.min(rows.length - 1, Math.max(0, moves[event.key])));
    } else if (event.key === "ArrowRight" && item?.isGroup) {
      item.expanded ? this.moveTo(Math.min(rows.length - 1, at + 1)) : this.onFold(item.key, false);
    } else if (event.key === "ArrowLeft" && item?.isGroup && item.expanded) {
      this.onFold(item.key, true);
    } else if (event.key === "ArrowLeft" && item?.parent) {
      this.moveTo(this.data.rowOf.get(item.parent));
    } else if ((event.key === "Enter" || event.key === " ") && item) {
      this.choose(item);
    } else {
      return;
    }
    event.preventDefault();
  }

  moveTo(index) {
    this.activeKey = this.data.rows[index].key;
    this.view.reveal(index);
    this.view.render(true);
    this.nameActive();
    this.point();
  }

  // The links of the active row stand out while the column has the focus.
  point() {
    this.onPoint(this.activeKey === null ? -1 : this.data.rowOf.get(this.activeKey) ?? -1);
  }

  nameActive() {
    const index = this.activeKey === null ? undefined : this.data.rowOf.get(this.activeKey);
    const isThere = index !== undefined && this.view.rows.has(index);
    setAttribute(this.node, "aria-activedescendant", isThere ? `${this.node.id}-${index}` : null);
  }
}
