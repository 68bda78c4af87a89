// Makes elements. Text from the node only ever becomes a text node, so that it cannot become markup; the page's
// Content-Security-Policy also turns off every way to parse markup from a script.

const byId = (id) => document.getElementById(id);

// attributes: `class`, or an attribute; a function is a listener of that event; null and false are left out.
function element(tag, attributes = {}, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      out.addEventListener(name, value);
    } else if (value !== null && value !== false) {
      out.setAttribute(name, value);
    }
  }
  out.append(...children.filter((child) => child !== null));
  return out;
}

const kSvg = "http://www.w3.org/2000/svg";

function icon(name, className = "icon") {
  const svg = document.createElementNS(kSvg, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(kSvg, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

// Writes only what differs: an unchanged row costs no layout.
function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function setAttribute(node, name, value) {
  if (value === null) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

// Runs `work` once in the next frame, however often it is asked for.
function oncePerFrame(work) {
  let asked = false;
  return () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        work();
      });
    }
  };
}

// For people who do not see the page. Waits, so that only the last of several texts is read out.
const announce = (() => {
  let timer = 0;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => setText(byId("announce"), text), 700);
  };
})();
