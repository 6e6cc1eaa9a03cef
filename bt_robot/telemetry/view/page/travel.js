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
    this.led = false; // whether nobody has gone anywhere in a recording yet
  }

  /** Go to a moment, as a person wants it. @param {number} t */
  to(t) {
    this.led = false;
    this.go(t);
  }

  /** As a recording is read, show its newest moment, until somebody goes elsewhere. */
  lead() {
    if (this.led) this.go(this.store.to);
  }

  /** @param {number} t */
  go(t) {
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

  /** After a new connection: see the same again. @param {number|null} t the moment that was shown, or null for the newest */
  again(t) {
    const { hello, to } = this.store;
    this.wanted = null;
    this.led = t === null && !hello?.live;
    this.asked = undefined;
    if (t === null && hello?.live) this.send({ type: "window", id: "before", t0: to - 90, t1: to, points: 1200 });
    else this.go(t ?? this.store.t);
  }

  /** @returns {number} the moment that is shown, or soon will be [s] */
  get shown() {
    return typeof this.wanted === "number" ? this.wanted : this.store.t;
  }

  /** Go to the next event, or the one before. @param {1|-1} way */
  event(way) {
    const gap = 1e-3,
      times = this.store.marks.map(([t]) => t);
    const t = way > 0 ? times.find((t) => t > this.shown + gap) : times.findLast((t) => t < this.shown - gap);
    this.play(false);
    if (t !== undefined) this.to(t);
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
