// Pieces of the panel with details.

const kListed = 100;  // connections in one list of the panel; the table has them all

function badgeOf(verdict) {
  return element("p", { class: `ruling ${kVerdicts[verdict].id}` }, icon(kVerdicts[verdict].id), kVerdicts[verdict].label);
}

function pairs(...rows) {
  const list = element("dl", { class: "pairs" });
  for (const [term, value] of rows) {
    if (value !== "" && value !== null) {
      list.append(element("dt", {}, term), element("dd", { class: "given" }, value));
    }
  }
  return list;
}

// A text to copy.
function place(text, label) {
  const button = element("button", {
    type: "button", class: "tool", "aria-label": label, title: label,
    click: async () => {
      try {
        await navigator.clipboard.writeText(text);
        announce("Copied");
        button.replaceChildren(icon("allowed"));
        setTimeout(() => button.replaceChildren(icon("copy")), 1200);
      } catch {
        announce("The browser did not allow copying");
      }
    },
  }, icon("copy"));
  return element("div", { class: "place" }, element("code", { class: "given" }, text), button);
}

// A command line for a shell. Nothing that a pod chose may end up in a shell with another meaning, so only plain words are offered.
function shellCommand(...words) {
  return words.every((word) => /^[A-Za-z0-9*][A-Za-z0-9._:/-]*$/.test(word)) ? ["namegatectl", ...words].join(" ") : "";
}

// Connections as buttons. textOf(edge) is what differs between them.
function edgeList(edges, textOf, onOpen) {
  const shown = edges.slice(0, kListed);
  return element("ul", {}, ...shown.map((edge) => element("li", { class: kVerdicts[edge.verdict].id },
    element("button", { type: "button", click: () => onOpen(edge) },
      icon(kVerdicts[edge.verdict].id), element("span", { class: "main-text given" }, textOf(edge)),
      element("span", { class: "side" }, formatPort(edge)), element("span", { class: "sr" }, kVerdicts[edge.verdict].label)))));
}

const kShownFirst = [kDenied, kWouldBeDenied, 0, kLookedUp];

function sections(edges, textOf, onOpen) {
  const out = [];
  for (const verdict of kShownFirst) {
    const own = edges.filter((edge) => edge.verdict === verdict);
    if (own.length === 0) {
      continue;
    }
    out.push(element("h3", {}, `${kVerdicts[verdict].label} (${formatCount(own.length)})`), edgeList(own, textOf, onOpen));
    if (own.length > kListed) {
      out.push(element("p", { class: "note" }, `${formatCount(own.length - kListed)} more are in the table.`));
    }
  }
  return out;
}
