// Draws the links between the two columns, and finds the one below the pointer. All links of one look are one path. A link whose
// other end is out of sight is a short stub that fades, one for each row, so the work depends on what is seen, not on the node's size.

const kPulseMs = 900;
const kMaxPulses = 40;
const kMostThick = 120;   // more links are drawn as hairlines, which are many times faster
const kStub = 46;         // how far a stub bends up or down
const kStubShare = 0.3;   // of the width
const kInset = 5;         // room for the dots at both ends

class Links {
  // ends(): {left: {scrollTop, rowHeight}, right: ...}
  constructor(canvas, headHeight, ends, onClick) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.overlay = byId("pulses");
    this.overlayContext = this.overlay.getContext("2d");
    this.animate = oncePerFrame(() => this.paintPulses());
    this.head = headHeight;
    this.ends = ends;
    this.links = [];
    this.pointed = { side: "", first: -1, last: -1 };
    this.chosen = null;
    this.over = null;
    this.pulses = new Map();
    this.drawn = [];
    this.colours = [];
    this.draw = oncePerFrame(() => this.paint());
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointermove", (event) => this.setOver(this.find(event)));
    canvas.addEventListener("pointerleave", () => this.setOver(null));
    canvas.addEventListener("click", (event) => {
      const link = this.find(event);
      if (link) {
        onClick(link);
      }
    });
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colours = kVerdicts.map((verdict) => style.getPropertyValue(`--${verdict.id}`).trim());
    this.ground = style.getPropertyValue("--surface").trim();
    this.draw();
  }

  resize() {
    const scale = Math.min(2, devicePixelRatio || 1);
    this.width = this.canvas.clientWidth;
    this.from = kInset;
    this.to = this.width - kInset;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.overlay.width = this.canvas.width;
    this.overlay.height = this.canvas.height;
    this.scale = scale;
    this.paint();
  }

  setLinks(links) {
    this.links = links;
    this.over = null;
    this.draw();
  }

  // The links of these rows stand out.
  point(side, first, last) {
    if (this.pointed.side !== side || this.pointed.first !== first || this.pointed.last !== last) {
      this.pointed = { side, first, last };
      this.draw();
    }
  }

  // The link of a connection that is shown in detail stands out too; null: none.
  choose(link) {
    this.chosen = link;
    this.draw();
  }

  setOver(link) {
    if (link !== this.over) {
      this.over = link;
      this.canvas.classList.toggle("is-over", link !== null);
      this.draw();
    }
  }

  isStrong(link) {
    if (link === this.chosen || link === this.over) {
      return true;
    }
    const row = this.pointed.side === "left" ? link.from : link.to;
    return this.over === null && row >= this.pointed.first && row <= this.pointed.last;
  }

  place(row, end) {
    return this.head + (row + 0.5) * end.rowHeight - end.scrollTop;
  }

  // What is in sight, by look: strong or not, verdict, weight or side of a stub.
  collect() {
    const { left, right } = this.ends();
    const looks = new Map();
    const stubs = new Set();
    const dots = new Map();
    const emphasis = this.over !== null || this.pointed.first >= 0;
    this.drawn = [];
    for (const link of this.links) {
      const y1 = this.place(link.from, left);
      const y2 = this.place(link.to, right);
      const in1 = y1 > this.head && y1 < this.height;
      const in2 = y2 > this.head && y2 < this.height;
      if (!in1 && !in2) {
        continue;
      }
      const strong = this.isStrong(link);
      let look = link.edges < 3 ? 0 : link.edges < 12 ? 1 : 2;
      let ends = [y1, y2];
      if (in1 && in2) {
        this.drawn.push({ link, y1, y2 });
      } else {
        const here = in1 ? y1 : y2;
        const bend = (in1 ? y2 : y1) <= this.head ? -kStub : kStub;
        look = in1 ? 5 : 6;
        ends = [here, here + bend];
        const stub = `${here} ${bend} ${look} ${link.verdict} ${strong}`;
        if (stubs.has(stub)) {
          continue;
        }
        stubs.add(stub);
      }
      const key = (strong ? 100 : 0) + link.verdict * 10 + look;
      const known = looks.get(key);
      known ? known.push(...ends) : looks.set(key, ends);
      if (in1) {
        this.addDot(dots, this.from, y1, link.verdict, strong);
      }
      if (in2) {
        this.addDot(dots, this.to, y2, link.verdict, strong);
      }
    }
    return { looks, dots, emphasis };
  }

  // One dot at each row's end, in the colour of its verdict, or grey for several.
  addDot(dots, x, y, verdict, strong) {
    const key = y * 4 + (x === this.from ? 0 : 1);
    const known = dots.get(key);
    if (known === undefined) {
      dots.set(key, { x, y, verdict, strong });
    } else {
      known.strong = known.strong || strong;
      known.verdict = known.verdict === verdict ? verdict : kLookedUp;
    }
  }

  paint() {
    if (!this.width || this.colours.length === 0) {
      return;
    }
    const context = this.context;
    const { looks, dots, emphasis } = this.collect();
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.save();
    context.beginPath();
    context.rect(0, this.head, this.width, this.height - this.head);
    context.clip();
    const seen = countLinks(looks);
    for (const key of [...looks.keys()].sort((one, other) => one - other)) {
      this.strokeLook(key, looks.get(key), seen, emphasis);
    }
    for (const dot of dots.values()) {
      context.globalAlpha = emphasis && !dot.strong ? 0.35 : 1;
      context.fillStyle = this.colours[dot.verdict];
      context.beginPath();
      context.arc(dot.x, dot.y, 3.5, 0, 7);
      context.fill();
    }
    context.restore();
    context.globalAlpha = 1;
  }

  strokeLook(key, ends, seen, emphasis) {
    const context = this.context;
    const strong = key >= 100;
    const verdict = Math.floor((key % 100) / 10);
    const look = key % 10;
    const alpha = alphaOf(verdict, seen);
    context.globalAlpha = strong ? 1 : emphasis ? 0.12 : look < 5 ? alpha : Math.max(0.4, alpha);
    context.strokeStyle = look < 5 ? this.colours[verdict] : this.fading(look === 5, verdict);
    context.lineWidth = strong ? 1.9 + (look < 5 ? look * 0.8 : 0) : seen > kMostThick ? 1 : 1.2 + (look < 5 ? look * 0.8 : 0);
    context.setLineDash(kVerdicts[verdict].dash);
    context.beginPath();
    if (look < 5) {
      const middle = this.width / 2;
      for (let i = 0; i < ends.length; i += 2) {
        context.moveTo(this.from, ends[i]);
        context.bezierCurveTo(middle, ends[i], middle, ends[i + 1], this.to, ends[i + 1]);
      }
    } else {
      const from = look === 5 ? this.from : this.to;
      const length = (look === 5 ? 1 : -1) * kStubShare * this.width;
      for (let i = 0; i < ends.length; i += 2) {
        context.moveTo(from, ends[i]);
        context.quadraticCurveTo(from + length * 0.6, ends[i], from + length, ends[i + 1]);
      }
    }
    context.stroke();
    context.setLineDash([]);
  }

  fading(isLeft, verdict) {
    const length = kStubShare * this.width;
    const gradient = this.context.createLinearGradient(isLeft ? this.from : this.to, 0, isLeft ? this.from + length : this.to - length, 0);
    gradient.addColorStop(0, this.colours[verdict]);
    gradient.addColorStop(1, `${this.colours[verdict]}00`);
    return gradient;
  }

  // A dot travels along the links that have just changed, on a canvas of its own: the links are not drawn again for it.
  pulse(numbers) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      return;
    }
    const now = performance.now();
    for (const number of numbers) {
      if (this.pulses.size < kMaxPulses && this.links[number]) {
        this.pulses.set(this.links[number], now);
      }
    }
    this.animate();
  }

  paintPulses() {
    const context = this.overlayContext;
    const now = performance.now();
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    for (const { link, y1, y2 } of this.drawn) {
      const began = this.pulses.get(link);
      const t = began === undefined ? 1 : (now - began) / kPulseMs;
      if (t >= 1) {
        continue;
      }
      const s = t * t * (3 - 2 * t);
      const x = this.from + (this.to - this.from) * (1.5 * t * (1 - t) + t * t * t);
      context.fillStyle = this.colours[link.verdict];
      context.globalAlpha = Math.sin(Math.PI * t);
      context.beginPath();
      context.arc(x, y1 + (y2 - y1) * s, 3, 0, 7);
      context.fill();
    }
    for (const [link, began] of this.pulses) {
      if (now - began >= kPulseMs) {
        this.pulses.delete(link);
      }
    }
    if (this.pulses.size > 0) {
      this.animate();
    }
  }

  // All links have the same x(t), so one t gives the height of each of them below the pointer.
  find(event) {
    const t = solveX((event.offsetX - this.from) / (this.to - this.from));
    const s = t * t * (3 - 2 * t);
    let best = null;
    let distance = 7;
    for (const { link, y1, y2 } of this.drawn) {
      const own = Math.abs(y1 + (y2 - y1) * s - event.offsetY);
      if (own < distance) {
        distance = own;
        best = link;
      }
    }
    return best;
  }
}

function countLinks(looks) {
  let links = 0;
  for (const ends of looks.values()) {
    links += ends.length / 2;
  }
  return links;
}

// The more links, the fainter: what is allowed is the background before which the denied ones are seen.
function alphaOf(verdict, links) {
  const share = Math.max(0.16, Math.min(0.7, 0.12 + 24 / links));
  return verdict === kDenied ? Math.max(0.5, share) : verdict === kWouldBeDenied ? Math.max(0.45, share) : verdict === kLookedUp ? share * 0.7 : share;
}

// t of the curve's x, both from 0 to 1: x = 1.5 t (1 - t) + t^3.
function solveX(x) {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 20; i += 1) {
    const t = (low + high) / 2;
    1.5 * t * (1 - t) + t * t * t < x ? (low = t) : (high = t);
  }
  return low;
}
