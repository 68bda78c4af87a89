// What the user wants to see, and which connections that is. Kept in the fragment of the address (#), which browsers do not send, so a
// view can be kept as a bookmark.

const kTextFilters = ["q", "pod", "name"];

class Filter {
  constructor() {
    this.clear();
  }

  clear() {
    Object.assign(this, { q: "", namespace: "", pod: "", name: "", direction: "", verdicts: new Set() });
  }

  isSet() {
    return this.q !== "" || this.isRestSet() || this.verdicts.size > 0;
  }

  // Those that small screens hide.
  isRestSet() {
    return this.namespace !== "" || this.pod !== "" || this.name !== "" || this.direction !== "";
  }

  // The connections, and how many of each verdict all other filters leave.
  apply(edges) {
    const words = this.q.toLowerCase().split(/\s+/).filter(Boolean);
    const pod = this.pod.trim().toLowerCase();
    const name = this.name.trim().toLowerCase();
    const shown = [];
    const counts = new Array(kVerdicts.length).fill(0);
    for (const edge of edges) {
      if (!edge.pod || !this.matches(edge, words, pod, name)) {
        continue;
      }
      counts[edge.verdict] += 1;
      if (this.verdicts.size === 0 || this.verdicts.has(edge.verdict)) {
        shown.push(edge);
      }
    }
    return { shown, counts };
  }

  matches(edge, words, pod, name) {
    if (this.namespace !== "" && edge.pod.namespace !== this.namespace) {
      return false;
    }
    if (this.direction !== "" && edge.direction !== this.direction) {
      return false;
    }
    if (pod !== "" && !edge.pod.endpoint.toLowerCase().includes(pod)) {
      return false;
    }
    if (name !== "" && !edge.peer.label.toLowerCase().includes(name)) {
      return false;
    }
    return words.every((word) => edge.text.includes(word));
  }

  // Pods without a connection are shown while only the pod itself is filtered.
  showsQuiet(endpoint) {
    const pod = this.pod.trim().toLowerCase();
    return this.q === "" && this.name === "" && this.direction === "" && this.verdicts.size === 0 &&
      (this.namespace === "" || endpoint.namespace === this.namespace) && (pod === "" || endpoint.endpoint.toLowerCase().includes(pod));
  }

  read(fragment) {
    const values = new URLSearchParams(fragment);
    this.clear();
    for (const key of kTextFilters) {
      this[key] = (values.get(key) ?? "").slice(0, 253);
    }
    this.namespace = values.get("namespace") ?? "";
    this.direction = ["egress", "ingress"].includes(values.get("direction")) ? values.get("direction") : "";
    for (const id of (values.get("verdict") ?? "").split(",")) {
      if (kVerdictIndex.has(id)) {
        this.verdicts.add(kVerdictIndex.get(id));
      }
    }
    return values.get("view") === "table" ? "table" : "graph";
  }

  write(view) {
    const values = new URLSearchParams();
    if (view === "table") {
      values.set("view", view);
    }
    for (const key of [...kTextFilters, "namespace", "direction"]) {
      if (this[key] !== "") {
        values.set(key, this[key]);
      }
    }
    if (this.verdicts.size > 0) {
      values.set("verdict", [...this.verdicts].sort().map((index) => kVerdicts[index].id).join(","));
    }
    return values.toString();
  }
}
