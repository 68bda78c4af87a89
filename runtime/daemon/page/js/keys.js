// Keys of the whole page, and the help that lists them. Single keys can be turned off (WCAG 2.1.4).

class Keys {
  // actions: {search, graph, table, pause, escape}
  constructor(actions) {
    this.actions = actions;
    this.dialog = byId("help-dialog");
    const box = byId("help-keys");
    box.checked = stored.get("namegate-keys") !== "off";
    box.addEventListener("change", () => stored.set("namegate-keys", box.checked ? "on" : "off"));
    this.box = box;
    byId("legend").append(...kVerdicts.flatMap((verdict) => [
      element("dt", { class: verdict.id }, icon(verdict.id), verdict.label), element("dd", {}, verdict.help)]));
    byId("help").addEventListener("click", () => {
      this.dialog.showModal();
      byId("help-title").focus();
    });
    document.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (this.dialog.open || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape") {
      this.actions.escape();
      return;
    }
    const isTyping = event.target.closest?.("input, select, textarea") !== null;
    if (isTyping || !this.box.checked) {
      return;
    }
    const action = { "/": "search", g: "graph", t: "table", p: "pause" }[event.key.toLowerCase()];
    if (action !== undefined) {
      event.preventDefault();
      this.actions[action]();
    }
  }
}
