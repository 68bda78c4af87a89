// Makes the rows of the two columns, and the links between them, from connections.
// A row: {key, label, rest, level, isGroup, expanded, counts, at, of, tag, quiet}. A link: left and right row, verdict, connections.

const kUnfoldedRows = 80;  // groups of at most so many rows in all start expanded

// One side of a connection, as the columns need it.
const kLeft = {
  leaf: (edge) => edge.pod,
  head: (pod) => [pod.label, ""],
  groupLabel: (pod) => pod.namespace || "no namespace",
  tag: (pod) => (pod.mode === "enforced" ? "" : pod.mode),
  keepsGroups: true,
};
const kRight = {
  leaf: (edge) => edge.peer,
  head: (peer) => [peer.head, peer.rest],
  groupLabel: (peer) => (peer.group === kNoName && peer.kind === "address" ? "No name known" : peer.group === kOnNode && peer.kind === "pod" ? "Pods of this node" : peer.group),
  tag: () => "",
  keepsGroups: false,  // a domain with one name is that name
};

function countLeaves(edges, side, quiet) {
  const counts = new Map();
  for (const one of quiet) {
    counts.set(one, new Uint32Array(kVerdicts.length));
  }
  for (const edge of edges) {
    const leaf = side.leaf(edge);
    let own = counts.get(leaf);
    if (own === undefined) {
      own = new Uint32Array(kVerdicts.length);
      counts.set(leaf, own);
    }
    own[edge.verdict] += 1;
  }
  return counts;
}

function groupLeaves(counts) {
  const groups = new Map();
  const leaves = [...counts.keys()].sort((one, other) => one.rank - other.rank);
  for (const leaf of leaves) {
    let group = groups.get(leaf.groupKey);
    if (group === undefined) {
      group = { key: leaf.groupKey, leaves: [], counts: new Uint32Array(kVerdicts.length) };
      groups.set(leaf.groupKey, group);
    }
    group.leaves.push(leaf);
    counts.get(leaf).forEach((count, index) => {
      group.counts[index] += count;
    });
  }
  return [...groups.values()];
}

// folds: Map of group key to whether the user folded it. Returns the rows, and the row of each key.
function makeRows(edges, side, folds, quiet) {
  const counts = countLeaves(edges, side, quiet);
  const groups = groupLeaves(counts);
  const foldsByItself = counts.size + groups.length > kUnfoldedRows;
  const rows = [];
  const rowOf = new Map();
  const add = (row) => {
    rowOf.set(row.key, rows.length);
    rows.push(row);
  };
  const leafRow = (leaf, level, at, of, parent) => {
    const [label, rest] = level === 2 ? side.head(leaf) : [leaf.label, ""];
    const own = counts.get(leaf);
    const total = own.reduce((sum, one) => sum + one, 0);
    return { key: leaf.key, label, rest, level, isGroup: false, counts: own, total, at, of, parent, tag: side.tag(leaf), quiet: total === 0, title: leaf.endpoint ?? leaf.label };
  };
  groups.forEach((group, at) => {
    if (!side.keepsGroups && group.leaves.length === 1) {
      add(leafRow(group.leaves[0], 1, at + 1, groups.length, null));
      rowOf.set(group.key, rows.length - 1);
      return;
    }
    const expanded = !(folds.get(group.key) ?? foldsByItself);
    const total = group.counts.reduce((sum, one) => sum + one, 0);
    add({ key: group.key, label: side.groupLabel(group.leaves[0]), rest: "", level: 1, isGroup: true, expanded, counts: group.counts, total,
      size: group.leaves.length, at: at + 1, of: groups.length, parent: null, tag: "", quiet: false, title: "" });
    group.leaves.forEach((leaf, index) => {
      if (expanded) {
        add(leafRow(leaf, 2, index + 1, group.leaves.length, group.key));
      }
    });
  });
  return { rows, rowOf, leaves: counts.size, groups };
}

// Connections between the same two rows with the same verdict are one link. Each connection keeps the number of its link.
function makeLinks(edges, left, right) {
  const links = [];
  const known = new Map();
  for (const edge of edges) {
    const from = left.rowOf.get(edge.pod.key) ?? left.rowOf.get(edge.pod.groupKey);
    const to = right.rowOf.get(edge.peer.key) ?? right.rowOf.get(edge.peer.groupKey);
    if (from === undefined || to === undefined) {
      edge.link = -1;
      continue;
    }
    const key = (from * 65536 + to) * 4 + edge.verdict;
    let index = known.get(key);
    if (index === undefined) {
      index = links.length;
      known.set(key, index);
      links.push({ from, to, verdict: edge.verdict, edges: 0 });
    }
    links[index].edges += 1;
    edge.link = index;
  }
  return links;
}
