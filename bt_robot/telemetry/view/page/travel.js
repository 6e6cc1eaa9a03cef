/** Travel in time: to any moment of the run, on from there at any speed, and back to now. */

export class Travel {
  /**
   * @param {import("./store.js").Store} store
   * @param {(message: object) => boolean} send
   */
  constructor(store, send) {
    this.store = store;
    this.send = send;
    /** @type {number|"now"|null} where to go once the last answer is here */ this.wanted = null;
    this.playing = false;
    this.speed = 1;
    this.spanS = 10;
    this.lastMs = 0;
    /** @type {[number, number]|undefined} the window that was asked for last */ this.asked = undefined;
    this.at = 0; // where it plays
  }

  /** @param {number} t */
  to(t) {
    const store = this.store;
    if (!store.tick) return; // there is no moment yet
    t = Math.min(Math.max(t, store.from), store.to);
    if (!store.past) {
      store.past = true;
      store.window = null;
      store.frames.mark("travel", "control");
    }
    this.wanted = t;
    this.next();
  }

  /** Ask for the moment that is wanted, one at a time: a drag never floods the server. */
  next() {
    if (this.wanted === null || this.store.pending) return;
    const t = this.wanted;
    if (!this.send(t === "now" ? { type: "live" } : { type: "seek", t })) return;
    this.wanted = null;
    this.store.pending = t === "now" ? "now" : "past";
    if (t === "now") return;
    const window = this.store.window;
    if (
      !window ||
      !window.t.length ||
      t - 0.8 * this.spanS < (this.asked?.[0] ?? Infinity) ||
      t + 0.4 * this.spanS > (this.asked?.[1] ?? -Infinity)
    )
      this.look(t);
  }

  /** Ask for the joints' course around a moment. @param {number} t */
  look(t) {
    this.asked = [t - 1.6 * this.spanS, t + 1.2 * this.spanS];
    this.send({ type: "window", id: "past", t0: this.asked[0], t1: this.asked[1], points: 1200 });
  }

  /** Show the newest tick, and follow; of a recording that is a moment like any other. */
  live() {
    const store = this.store;
    this.playing = false;
    if (!store.hello?.live) {
      this.to(store.to);
      return;
    }
    if (!store.past) return;
    store.past = false;
    store.window = null;
    this.wanted = "now";
    this.next();
    store.frames.mark("travel", "control", "tick", "plan");
  }

  /** After a new connection: see the same again. @param {number|null} t the moment that was shown, or null for now */
  again(t) {
    this.wanted = null;
    this.asked = undefined;
    if (t === null) {
      const end = this.store.to;
      this.send({ type: "window", id: "before", t0: end - 90, t1: end, points: 1200 });
    } else this.to(t);
  }

  /** @returns {number} the moment that is shown, or soon will be [s] */
  get shown() {
    return typeof this.wanted === "number" ? this.wanted : this.store.t;
  }

  /** @param {boolean} on */
  play(on) {
    this.playing = on && (!this.store.running || this.store.past);
    this.lastMs = performance.now();
    this.at = this.store.t < this.store.to - 1e-6 ? this.shown : this.store.from;
    this.store.frames.mark("travel");
    if (this.playing) requestAnimationFrame(() => this.roll());
  }

  roll() {
    if (!this.playing) return;
    const nowMs = performance.now();
    this.at += (this.speed * (nowMs - this.lastMs)) / 1000;
    this.lastMs = nowMs;
    this.to(this.at);
    if (this.at >= this.store.to) {
      if (this.store.running) this.live();
      else this.play(false);
      return;
    }
    requestAnimationFrame(() => this.roll());
  }
}
