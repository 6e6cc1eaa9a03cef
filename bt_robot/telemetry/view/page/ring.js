/** The joints' course of the last while, as it came in. */

const MOST = 4000;
const FEWER = 3000;

export class Ring {
  /** @param {number} joints */
  constructor(joints) {
    this.joints = joints;
    this.clear();
  }

  clear() {
    /** @type {number[]} */ this.t = [];
    /** @type {(number|null)[][]} */ this.measured = Array.from({ length: this.joints }, () => []);
    /** @type {(number|null)[][]} */ this.commanded = Array.from({ length: this.joints }, () => []);
    /** @type {(number|null)[]} */ this.chunk_age = [];
    /** @type {boolean[]} */ this.held = [];
    /** @type {[number, number][]} */ this.latency = [];
  }

  /** @param {import("./types.js").Tick} tick */
  add(tick) {
    if (this.t.length && tick.t <= this.t[this.t.length - 1]) return;
    this.t.push(tick.t);
    this.chunk_age.push(tick.chunk_age);
    this.held.push(tick.held);
    for (let j = 0; j < this.joints; j++) {
      this.measured[j].push(tick.measured[j] ?? null);
      this.commanded[j].push(tick.commanded[j] ?? null);
    }
    if (this.t.length > MOST) this.drop(MOST - FEWER);
  }

  /** @param {number} count */
  drop(count) {
    for (const column of [this.t, this.chunk_age, this.held, ...this.measured, ...this.commanded])
      column.splice(0, count);
    while (this.latency.length && this.latency[0][0] < this.t[0]) this.latency.shift();
  }

  /** Put what was before in front. @param {import("./types.js").Series} series */
  precede(series) {
    const first = this.t[0] ?? Infinity;
    let count = series.t.length;
    while (count && series.t[count - 1] >= first) count--;
    this.t.unshift(...series.t.slice(0, count));
    this.chunk_age.unshift(...Array.from({ length: count }, (_, i) => series.chunk_age?.[i] ?? null));
    this.held.unshift(...Array.from({ length: count }, (_, i) => series.held?.[i] ?? false));
    for (let j = 0; j < this.joints; j++) {
      this.measured[j].unshift(...series.measured[j].slice(0, count));
      this.commanded[j].unshift(...series.commanded[j].slice(0, count));
    }
    const known = this.latency[0]?.[0] ?? Infinity;
    this.latency.unshift(...(series.latency ?? []).filter(([t]) => t < known));
  }
}
