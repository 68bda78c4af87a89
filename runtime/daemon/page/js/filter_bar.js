// The fields of the filters and the buttons of the verdicts. Changes a Filter and reports that.

class FilterBar {
  constructor(filter, onChange) {
    this.filter = filter;
    this.onChange = onChange;
    this.fields = {
      q: byId("filter-text"), namespace: byId("filter-namespace"), pod: byId("filter-pod"), name: byId("filter-name"),
      direction: byId("filter-direction"),
    };
    for (const [key, field] of Object.entries(this.fields)) {
      field.addEventListener("input", () => {
        filter[key] = field.value;
        this.changed();
      });
    }
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters-clear").addEventListener("click", () => this.clear());
    byId("empty-clear").addEventListener("click", () => this.clear());
    const more = byId("filters-more");
    more.addEventListener("click", () => {
      const open = byId("filters-rest").classList.toggle("is-open");
      more.setAttribute("aria-expanded", open);
    });
    this.buttons = kVerdicts.map((verdict, index) => this.makeButton(verdict, index));
    byId("verdicts").append(...this.buttons.map((button) => button.node));
  }

  makeButton(verdict, index) {
    const count = element("span");
    const node = element("button", {
      type: "button", class: `verdict ${verdict.id}`, "aria-pressed": "false", title: verdict.help,
      click: () => {
        const chosen = this.filter.verdicts;
        chosen.has(index) ? chosen.delete(index) : chosen.add(index);
        this.changed();
      },
    }, icon(verdict.id), element("b", {}, verdict.label), count);
    return { node, count };
  }

  changed() {
    this.show();
    this.onChange();
  }

  clear() {
    this.filter.clear();
    this.changed();
    this.fields.q.focus();
  }

  focusSearch() {
    this.fields.q.focus();
    this.fields.q.select();
  }

  // Writes the filter into the fields.
  show() {
    for (const [key, field] of Object.entries(this.fields)) {
      if (field.value !== this.filter[key]) {
        field.value = this.filter[key];
      }
      field.parentElement.classList.toggle("is-set", this.filter[key] !== "" && key !== "q");
    }
    this.buttons.forEach((button, index) => setAttribute(button.node, "aria-pressed", this.filter.verdicts.has(index)));
    byId("filters-clear").hidden = !this.filter.isSet();
    byId("filters-more").classList.toggle("is-set", this.filter.isRestSet());
  }

  showCounts(counts) {
    this.buttons.forEach((button, index) => setText(button.count, formatShortCount(counts[index])));
  }

  showNamespaces(namespaces) {
    const select = this.fields.namespace;
    const wanted = new Set(namespaces);
    if (this.filter.namespace !== "") {
      wanted.add(this.filter.namespace);
    }
    const list = [...wanted].filter(Boolean).sort();
    if (list.join("\n") === this.namespaces) {
      return;
    }
    this.namespaces = list.join("\n");
    select.replaceChildren(element("option", { value: "" }, "All"), ...list.map((one) => element("option", { value: one }, one)));
    select.value = this.filter.namespace;
  }
}
