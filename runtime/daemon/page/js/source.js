// Asks the daemon for what has changed, every two seconds while the page is seen. A reply is handed on as it is. After an error it
// waits longer, up to ten seconds, and says so.

const kPollMs = 2000;
const kLongestWaitMs = 10000;
const kTimeoutMs = 15000;

class Source {
  // onReply(reply); onState({name: "connecting" | "live" | "paused" | "lost", lostSince, retryAt})
  constructor(onReply, onState) {
    this.onReply = onReply;
    this.onState = onState;
    this.sequence = "";
    this.timer = 0;
    this.failures = 0;
    this.lostSince = 0;
    this.paused = false;
    this.busy = false;
    document.addEventListener("visibilitychange", () => this.wake());
  }

  start() {
    this.onState({ name: "connecting" });
    this.poll();
  }

  setPaused(paused) {
    this.paused = paused;
    if (paused) {
      clearTimeout(this.timer);
      this.onState({ name: "paused" });
    } else {
      this.onState({ name: this.failures > 0 ? "lost" : "live", lostSince: this.lostSince, retryAt: Date.now() });
      this.wake();
    }
  }

  wake() {
    if (!document.hidden && !this.paused) {
      clearTimeout(this.timer);
      this.poll();
    }
  }

  async poll() {
    if (this.busy) {
      return;
    }
    this.busy = true;
    let wait = kPollMs;
    try {
      const reply = await this.ask();
      this.sequence = reply.sequence;
      this.failures = 0;
      wait = reply.more ? 0 : kPollMs;
      this.onReply(reply);
      if (!this.paused) {
        this.onState({ name: "live" });
      }
    } catch (error) {
      wait = this.fail();
    }
    this.busy = false;
    if (!this.paused && !document.hidden) {
      this.timer = setTimeout(() => this.poll(), wait);
    }
  }

  async ask() {
    const since = this.sequence === "" ? "" : `?since=${encodeURIComponent(this.sequence)}`;
    const response = await fetch(`/api/v1/graph${since}`, {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(kTimeoutMs),
    });
    if (!response.ok) {
      throw new Error(`HTTP ${response.status}`);
    }
    const reply = await response.json();
    if (reply.formatVersion !== 1) {
      throw new Error("another version of the format");
    }
    return reply;
  }

  fail() {
    this.lostSince = this.failures === 0 ? Date.now() : this.lostSince;
    this.failures += 1;
    const wait = Math.min(kLongestWaitMs, kPollMs * this.failures);
    if (!this.paused) {
      this.onState({ name: "lost", lostSince: this.lostSince, retryAt: Date.now() + wait });
    }
    return wait;
  }
}
