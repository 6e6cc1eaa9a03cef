/** The policy in numbers and its latency over time; what the governor, the robot and the loop have to say. */

import { Chart, lowerBound, plotOptions } from "./plots.js";

/** @param {string} id @returns {HTMLElement} */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {HTMLElement} element @param {string} text @param {string} [unit] */
function put(element, text, unit = "") {
  if (element.dataset.shown === text + unit) return;
  element.dataset.shown = text + unit;
  element.textContent = text;
  if (!unit) return;
  const small = document.createElement("small");
  small.textContent = unit;
  element.append(small);
}

/** @param {HTMLElement} element @param {string} text @param {string} [look] */
function say(element, text, look = "") {
  if (element.textContent !== text) element.textContent = text;
  if (element.className !== look) element.className = look;
}

export class Policy {
  /** @param {import("./store.js").Store} store @param {import("./theme.js").Theme} theme @param {import("./plots.js").Plots} plots */
  constructor(store, theme, plots) {
    this.store = store;
    this.plots = plots;
    this.place = by("latency-plot");
    const base = plotOptions(theme.colors, {});
    this.plot = new Chart(
      {
        ...base,
        height: 64,
        scales: {
          x: { time: false, range: () => plots.range },
          y: {
            range: (/** @type {any} */ _, /** @type {any} */ __, /** @type {number|null} */ high) => [
              0,
              Math.max(100, Math.ceil((high ?? 0) / 100) * 110),
            ],
          },
        },
        series: [
          {},
          { stroke: () => theme.colors.commanded, width: 1.3, points: { show: false }, spanGaps: false },
          {
            stroke: () => theme.colors.planned,
            paths: () => null,
            points: { show: true, size: 6, fill: () => theme.colors.planned },
          },
        ],
        axes: [
          { ...base.axis, grid: base.grid, size: 0, values: () => [] },
          {
            ...base.axis,
            grid: base.grid,
            size: 52,
            space: 22,
            values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((ms) => `${ms} ms`),
          },
        ],
      },
      [[], [], []],
      this.place,
    );
    new ResizeObserver(() => this.plot.setSize({ width: Math.max(60, this.place.clientWidth), height: 64 })).observe(
      this.place,
    );
  }

  draw() {
    const { store } = this,
      { tick, hello } = store;
    if (!tick || !hello) return;
    const link = store.link;
    const asked = link && (link.available || link.url); // a tree that asks no policy lacks none
    say(
      by("link"),
      link ? (link.available ? link.url || "answers" : link.reason || "not available") : "none",
      `note ${link?.available ? "up" : asked ? "down" : ""}`,
    );
    by("link").title = link ? [link.url, link.reason].filter(Boolean).join(" · ") : "";
    const latency = this.latency();
    put(
      by("latency"),
      latency === null ? "–" : (latency * 1000).toFixed(0),
      latency === null ? "" : link?.in_flight ? "ms, asking" : "ms",
    );
    put(
      by("chunk-age"),
      tick.chunk_age === null ? "–" : ((tick.chunk_age / hello.control_hz) * 1000).toFixed(0),
      tick.chunk_age === null ? "" : `ms · ${tick.chunk_age} steps`,
    );
    put(
      by("planned"),
      String(tick.planned),
      tick.stalled ? "none left" : `steps · ${(tick.planned / hello.control_hz).toFixed(1)} s`,
    );
    by("planned").classList.toggle("bad", tick.stalled);
    put(
      by("replies"),
      link ? String(link.replies) : "–",
      link ? (link.errors ? `of ${link.requests}, ${link.errors} failed` : `of ${link.requests}`) : "",
    );
    this.drawFacts(tick);
    this.drawCourse(hello.control_hz);
  }

  /** @returns {number|null} latency of the last answer [s] */
  latency() {
    const chunk = this.store.chunks[this.store.chunks.length - 1];
    return this.store.link?.latency_s ?? chunk?.latency_s ?? null;
  }

  /** @param {import("./types.js").Tick} tick */
  drawFacts(tick) {
    if (tick.refused) say(by("governor"), `✗ refused: ${tick.refused}`, "bad");
    else if (tick.clamped.length) say(by("governor"), `△ clamped ${tick.clamped.join(", ")}`, "warn");
    else if (tick.held) say(by("governor"), "‖ holds: nothing was proposed", "warn");
    else say(by("governor"), "✓ sends what was proposed", "good");
    const health = this.store.health;
    const words = health
      ? [health.stopped && `stopped: ${health.stopped}`, health.strain, ...health.doubts, ...health.notes]
          .filter(Boolean)
          .join("; ")
      : "";
    say(
      by("health"),
      words ? `${health?.stopped ? "✗" : "△"} ${words}` : "✓ nothing wrong",
      health?.stopped ? "bad" : words ? "warn" : "good",
    );
    const late = tick.lateness_s * 1000;
    say(
      by("loop"),
      `step ${tick.step} · ${late < 0.05 ? "on time" : `${late.toFixed(1)} ms late`}${tick.skipped ? ` · ${tick.skipped} skipped` : ""}`,
      tick.skipped ? "warn" : "",
    );
  }

  /** @param {number} hz */
  drawCourse(hz) {
    const course = this.store.course,
      [low, high] = this.plots.range;
    const from = Math.max(0, lowerBound(course.t, low) - 1),
      to = lowerBound(course.t, high) + 1;
    const t = course.t.slice(from, to),
      until = this.store.past ? Infinity : this.store.t;
    const ages = (course.chunk_age ?? []).slice(from, to).map((age) => (age === null ? null : (age / hz) * 1000));
    const latencies = (course.latency ?? []).filter(([at]) => at >= low && at <= Math.min(high, until));
    if (ages.length !== t.length || !latencies.length) {
      this.plot.setData([t, ages.length === t.length ? ages : t.map(() => null), t.map(() => null)]);
      return;
    }
    this.plot.setData(
      Chart.join(
        [
          [t, ages],
          [latencies.map(([at]) => at), latencies.map(([, s]) => s * 1000)],
        ],
        [[1], [1]],
      ),
    );
  }
}
