// Rows of one height in a scrolling box, of which only those in sight exist. Rows are used again for others.

const kOverscan = 6;

class VirtualRows {
  // make() returns an empty row; fill(row, index) writes it. `top` is the height of what sticks above the rows.
  constructor(scroller, body, { make, fill, top = 0, property = "--row" }) {
    this.scroller = scroller;
    this.body = body;
    this.make = make;
    this.fill = fill;
    this.top = top;
    this.property = property;
    this.count = 0;
    this.rows = new Map();
    this.free = [];
    this.onScroll = null;
    this.measure();
    scroller.addEventListener("scroll", oncePerFrame(() => this.scrolled()), { passive: true });
    new ResizeObserver(oncePerFrame(() => this.resized())).observe(scroller);
  }

  // Reads layout; everything else uses what is kept here.
  measure() {
    this.rowHeight = parseFloat(getComputedStyle(this.body).getPropertyValue(this.property)) || 40;
    this.height = this.scroller.clientHeight;
    this.scrollTop = this.scroller.scrollTop;
  }

  resized() {
    const before = this.rowHeight;
    this.measure();
    if (before !== this.rowHeight) {
      this.setCount(this.count);
    } else {
      this.render(false);
    }
    this.onScroll?.();
  }

  scrolled() {
    this.scrollTop = this.scroller.scrollTop;
    this.render(false);
    this.onScroll?.();
  }

  setCount(count) {
    this.count = count;
    this.body.style.height = `${count * this.rowHeight}px`;
    this.scrollTop = Math.min(this.scrollTop, Math.max(0, count * this.rowHeight + this.top - this.height));
    this.render(true);
  }

  range() {
    const first = Math.max(0, Math.floor(this.scrollTop / this.rowHeight) - kOverscan);
    const last = Math.min(this.count, Math.ceil((this.scrollTop + this.height) / this.rowHeight) + kOverscan);
    return [first, last];
  }

  // rewrite: also the rows that are there already.
  render(rewrite) {
    const [first, last] = this.range();
    for (const [index, row] of this.rows) {
      if (index < first || index >= last) {
        this.rows.delete(index);
        this.free.push(row);
      }
    }
    for (let index = first; index < last; index += 1) {
      const known = this.rows.get(index);
      if (known === undefined) {
        this.place(index);
      } else if (rewrite) {
        this.put(known, index);
      }
    }
    for (const row of this.free.splice(40)) {
      row.remove();
    }
    for (const row of this.free) {
      row.hidden = true;
    }
  }

  place(index) {
    let row = this.free.pop();
    if (row === undefined) {
      row = this.make();
      this.body.append(row);
    }
    row.hidden = false;
    this.rows.set(index, row);
    this.put(row, index);
  }

  put(row, index) {
    row.style.transform = `translateY(${index * this.rowHeight}px)`;
    row.dataset.index = index;
    this.fill(row, index);
  }

  // Brings a row into sight, and makes it at once, so that its id can be named as the active one.
  reveal(index) {
    const from = index * this.rowHeight;
    const to = from + this.rowHeight;
    const room = this.height - this.top;
    if (from < this.scrollTop) {
      this.scroller.scrollTop = from;
    } else if (to > this.scrollTop + room) {
      this.scroller.scrollTop = to - room;
    }
    this.scrolled();
  }

  perPage() {
    return Math.max(1, Math.floor((this.height - this.top) / this.rowHeight) - 1);
  }
}
