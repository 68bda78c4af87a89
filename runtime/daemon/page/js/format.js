// Numbers, times and ports as text.

const kNumbers = new Intl.NumberFormat("en-US");
const kCompact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const kDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const formatCount = (count) => kNumbers.format(count);
const formatShortCount = (count) => (count < 10000 ? kNumbers.format(count) : kCompact.format(count));
const plural = (count, one, many) => `${formatCount(count)} ${count === 1 ? one : many}`;
const formatTime = (ms) => (Number.isFinite(ms) ? kDay.format(ms) : "not known");

function formatAge(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (!Number.isFinite(seconds)) {
    return "";
  }
  if (seconds < 2) {
    return "now";
  }
  if (seconds < 60) {
    return `${seconds} s ago`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ago`;
  }
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86400)} d ago`;
}

function formatPort(edge) {
  return edge.port > 0 ? `${edge.protocol} ${edge.port}` : edge.protocol;
}

// The clock of the node, which may differ from that of this machine.
const nodeClock = {
  offset: 0,
  set(time) {
    const ms = Date.parse(time);
    this.offset = Number.isFinite(ms) ? ms - Date.now() : 0;
  },
  now() {
    return Date.now() + this.offset;
  },
};
