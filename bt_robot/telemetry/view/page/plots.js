/** The joints' plots: measured, commanded, limits, and the plan; one small plot per joint over the same time. */

import uPlot from "./vendor/uPlot.esm.js";
import { axisTime, number } from "./numbers.js";
import { drawPlan, stretches } from "./plan.js";

const LEAST_RANGE = 0.1; // rad: less would blow noise up
const AXIS_PX = 18;
const TITLE_PX = 52;
const WIDE_PX = 1500; // as in page.css: from here on the joints have a column of their own
const SHORT_PX = 800; // as in panels.css: up to here there is little room for all
const STEP = 0.05; // the vertical range moves in steps, so that it stands still most of the time

/** @param {number[]} sorted @param {number} value @returns {number} index of the first that is not smaller */
export function lowerBound(sorted, value) {
  let low = 0,
    high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What all plots of the page have in common. @param {Record<string, string>} colors @param {object} more */
export function plotOptions(colors, more) {
  const axis = { stroke: () => colors.dim, font: "10px system-ui, sans-serif", ticks: { show: false }, gap: 3 };
  return {
    width: 100,
    height: 50,
    legend: { show: false },
    padding: [5, 4, 5, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false }, sync: { key: "time" } },
    axis,
    grid: { stroke: () => colors.faint, width: 1 },
    ...more,
  };
}

/** uPlot comes without types. */
export const Chart = /** @type {any} */ (uPlot);

export class Plots {
  /**
   * @param {import("./store.js").Store} store @param {import("./theme.js").Theme} theme
   * @param {import("./travel.js").Travel} travel
   */
  constructor(store, theme, travel) {
    this.store = store;
    this.colors = theme.colors;
    this.travel = travel;
    this.box = /** @type {HTMLElement} */ (document.getElementById("joints"));
    /** @type {{plot: any, value: HTMLElement, what: HTMLElement, row: HTMLElement, last: boolean}[]} */ this.joints =
      [];
    /** @type {[number, number]} */ this.range = [0, 1];
    /** @type {import("./plan.js").Stretch[]} */ this.parts = [];
    this.side = /** @type {HTMLElement} */ (document.getElementById("side"));
    const watch = new ResizeObserver(() => this.fit());
    watch.observe(this.box);
    watch.observe(this.side);
  }

  /** A run began: make its plots. */
  renew() {
    const names = this.store.hello?.joints ?? [];
    for (const { plot } of this.joints) plot.destroy();
    this.box.replaceChildren();
    this.joints = names.map((name, j) => this.make(name, j, j === names.length - 1));
    this.fit();
  }

  /** @param {string} name @param {number} j @param {boolean} last */
  make(name, j, last) {
    const row = document.createElement("div"),
      what = document.createElement("div");
    const title = document.createElement("b"),
      value = document.createElement("span"),
      mark = document.createElement("span"),
      limits = document.createElement("span");
    const place = document.createElement("div");
    row.className = "joint";
    what.className = "what";
    place.className = "plot";
    mark.className = "mark-clamped";
    title.textContent = name;
    const { lower, upper } = this.store.hello ?? { lower: [], upper: [] };
    limits.className = "limits";
    limits.textContent = `${number(lower[j], 2)} … ${number(upper[j], 2)}`;
    what.title = `${name}: measured → commanded; limits ${limits.textContent}`;
    what.append(title, value, limits, mark);
    row.append(what, place);
    this.box.append(row);
    const base = plotOptions(this.colors, {});
    const plot = new Chart(
      {
        ...base,
        scales: {
          x: { time: false, range: () => this.range },
          y: {
            range: (/** @type {any} */ _, /** @type {number|null} */ low, /** @type {number|null} */ high) =>
              this.reach(j, low, high),
          },
        },
        series: [
          {},
          { stroke: () => `${this.colors.commanded}88`, width: 3.5, points: { show: false } },
          { stroke: () => this.colors.measured, width: 1.3, points: { show: false } },
        ],
        axes: [
          {
            ...base.axis,
            grid: base.grid,
            size: last ? AXIS_PX : 0,
            values: last
              ? (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(axisTime)
              : () => [],
          },
          { ...base.axis, grid: base.grid, size: 34, space: 22 },
        ],
        hooks: {
          setCursor: [
            () => {
              if (this.joints[j]) this.tell(j, this.joints[j].value);
            },
          ],
          drawClear: [(/** @type {any} */ u) => this.drawBehind(u)],
          draw: [
            (/** @type {any} */ u) => {
              drawPlan(u, this.parts, j, this.colors);
              this.drawLimits(u, j);
            },
          ],
        },
      },
      [[], [], []],
      place,
    );
    plot.over.addEventListener("click", (/** @type {MouseEvent} */ event) =>
      this.travel.to(plot.posToVal(event.offsetX, "x")),
    );
    return { plot, value, what: mark, row, last };
  }

  fit() {
    const free =
      innerWidth >= WIDE_PX ? (this.side.clientHeight - TITLE_PX - AXIS_PX) / Math.max(1, this.joints.length) - 1 : 0;
    for (const { plot, row, last } of this.joints) {
      const least = innerHeight > SHORT_PX ? 54 : 36;
      const height = Math.min(130, Math.max(least, Math.floor(free))) + (last ? AXIS_PX : 0);
      plot.setSize({ width: Math.max(60, row.clientWidth - 108), height });
    }
  }

  draw() {
    const { store, travel } = this;
    const hello = store.hello;
    if (!hello || !store.tick) return;
    const { course } = store,
      now = store.t;
    const horizon = Math.max(0.5, ...store.chunks.map((chunk) => chunk.actions.length / hello.control_hz));
    this.range = store.past
      ? [now - 0.65 * travel.spanS, now + 0.35 * travel.spanS]
      : [now - travel.spanS, now + Math.min(horizon, travel.spanS)];
    const from = Math.max(0, lowerBound(course.t, this.range[0]) - 1),
      to = lowerBound(course.t, this.range[1]) + 1;
    const t = course.t.slice(from, to);
    const at = (/** @type {number} */ s) => Math.max(0, Math.min(course.t.length - 1, lowerBound(course.t, s - 1e-6)));
    this.parts = stretches(
      store.chunks,
      now,
      now + (store.tick.planned + 0.5) / hello.control_hz,
      hello.control_hz,
      (s) => course.held?.[at(s)] ?? false,
      (j, s) => course.commanded[j]?.[at(s)] ?? null,
      hello.joints.findIndex((name) => /gripper/.test(name)),
    );
    this.joints.forEach(({ plot, value, what, row }, j) => {
      plot.setData([t, course.commanded[j].slice(from, to), course.measured[j].slice(from, to)]);
      this.tell(j, value);
      const clamped = (store.tick?.clamped ?? [])
        .filter((word) => word.startsWith(`${hello.joints[j]}:`))
        .map((word) => word.split(": ")[1])
        .join(", ");
      if (what.textContent !== clamped) {
        what.textContent = clamped;
        row.classList.toggle("clamped", !!clamped);
      }
    });
  }

  /** The joint's numbers, at the pointer or at the moment that is shown. @param {number} j @param {HTMLElement} value */
  tell(j, value) {
    const { plot } = this.joints[j],
      i = plot.cursor.idx,
      hovered = i !== null && i !== undefined && plot.cursor.left >= 0;
    const [commanded, measured] = hovered
      ? [plot.data[1][i], plot.data[2][i]]
      : [this.store.tick?.commanded[j], this.store.tick?.measured[j]];
    const text = `${number(measured, 3)} → ${number(commanded, 3)}`;
    if (value.textContent !== text) value.textContent = text;
    value.classList.toggle("hovered", hovered);
  }

  /** @param {number} j @param {number|null} low @param {number|null} high @returns {[number, number]} */
  reach(j, low, high) {
    let least = low ?? 0,
      most = high ?? 0;
    for (const part of this.parts) {
      part.t.forEach((t, i) => {
        if (t < this.range[0] || t > this.range[1]) return;
        const value = part.rows[i][j];
        if (Number.isFinite(value)) {
          least = Math.min(least, value);
          most = Math.max(most, value);
        }
      });
    }
    const lower = this.store.hello?.lower[j] ?? -Infinity,
      upper = this.store.hello?.upper[j] ?? Infinity;
    const near = Math.max(LEAST_RANGE, 0.25 * (most - least)); // a limit that is near is in the picture
    if (least - lower < near) least = Math.min(least, lower);
    if (upper - most < near) most = Math.max(most, upper);
    const pad = Math.max(0.08 * (most - least), (LEAST_RANGE - (most - least)) / 2, 0.02);
    return [Math.floor((least - pad) / STEP) * STEP, Math.ceil((most + pad) / STEP) * STEP];
  }

  /** What is not yet, tinted. @param {any} plot */
  drawBehind(plot) {
    const { ctx, bbox } = plot;
    const x = plot.valToPos(this.store.t, "x", true);
    ctx.save();
    ctx.fillStyle = this.colors.raised;
    ctx.fillRect(x, bbox.top, Math.max(0, bbox.left + bbox.width - x), bbox.height);
    ctx.restore();
  }

  /** The limits and the moment that is shown. @param {any} plot @param {number} j */
  drawLimits(plot, j) {
    const { ctx, bbox } = plot,
      scale = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = this.colors.limit;
    ctx.lineWidth = 1.3 * scale;
    ctx.setLineDash([1.5 * scale, 3 * scale]);
    for (const limit of [this.store.hello?.lower[j], this.store.hello?.upper[j]]) {
      if (limit === null || limit === undefined || limit < plot.scales.y.min || limit > plot.scales.y.max) continue;
      const y = plot.valToPos(limit, "y", true);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.strokeStyle = this.colors.accent;
    ctx.lineWidth = scale;
    const x = plot.valToPos(this.store.t, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }
}
