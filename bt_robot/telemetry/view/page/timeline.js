/** The run from its beginning to now, a lane per subtree. Click or drag to travel; the wheel zooms. */

import { clock } from "./numbers.js";

const LANE_PX = 17;
const AXIS_PX = 18;
const LEAST_SPAN_S = 0.5;
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const GLYPHS = { RUNNING: "▶", SUCCESS: "✓", FAILURE: "✗", IDLE: "‖" };

/** @param {import("./types.js").Lane[]} lanes @returns {string[]} each path without that of the lane around it */
function namesOf(lanes) {
  const paths = new Set(lanes.map((lane) => lane.path));
  return lanes.map(({ path }) => {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (paths.has(path.slice(0, end))) return path.slice(end + 1);
    }
    return path;
  });
}

export class Timeline {
  /**
   * @param {import("./store.js").Store} store @param {import("./theme.js").Theme} theme
   * @param {import("./travel.js").Travel} travel
   * @param {(path: string) => void} onLane a lane's name was clicked
   */
  constructor(store, theme, travel, onLane) {
    this.store = store;
    this.colors = theme.colors;
    this.travel = travel;
    this.canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("timeline"));
    /** @type {[number, number]|null} what is zoomed to, or null for all */ this.zoomed = null;
    this.hoverX = -1;
    this.dragging = false;
    this.width = 0; // of the canvas [px]
    this.box = /** @type {HTMLElement} */ (document.getElementById("lanes"));
    this.box.addEventListener("scroll", () => store.frames.mark("lanes"), { passive: true });
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.offsetX < this.labels) {
        const path = [...store.lanes.keys()][Math.floor((event.offsetY - AXIS_PX) / LANE_PX)];
        if (path !== undefined) onLane(path);
        return;
      }
      this.dragging = true;
      canvas.setPointerCapture(event.pointerId);
      this.go(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      this.hoverX = event.offsetX;
      if (this.dragging) this.go(event);
      store.frames.mark("lanes");
    });
    for (const name of ["pointerup", "pointercancel"])
      canvas.addEventListener(name, () => {
        this.dragging = false;
      });
    canvas.addEventListener("pointerleave", () => {
      this.hoverX = -1;
      store.frames.mark("lanes");
    });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("dblclick", () => {
      this.zoomed = null;
      store.frames.mark("lanes");
    });
    new ResizeObserver(() => store.frames.mark("lanes")).observe(canvas);
  }

  /** @returns {[number, number]} the times at its two ends [s] */
  get view() {
    if (this.zoomed) return this.zoomed;
    const { from, to } = this.store;
    return [from, Math.max(to, from + 1)];
  }

  /** @returns {number} width of the lanes' names [px] */
  get labels() {
    return Math.min(170, this.width * 0.2);
  }

  /** @param {number} t @returns {number} [px] */
  x(t) {
    const [a, b] = this.view;
    return this.labels + ((t - a) / (b - a)) * (this.width - this.labels - 6);
  }

  /** @param {number} x [px] @returns {number} [s] */
  time(x) {
    const [a, b] = this.view;
    return a + ((x - this.labels) / (this.width - this.labels - 6)) * (b - a);
  }

  /** @param {PointerEvent} event */
  go(event) {
    this.travel.playing = false;
    this.travel.to(this.time(event.offsetX));
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey && Math.abs(event.deltaX) < Math.abs(event.deltaY)) {
      if (this.box.scrollHeight > this.box.clientHeight) return; // the lanes scroll first
    }
    event.preventDefault();
    const [a, b] = this.view,
      { from, to } = this.store;
    const whole = Math.max(to - from, 1);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / 800) * (b - a);
      const start = Math.min(Math.max(a + by, from), from + whole - (b - a));
      this.zoomed = [start, start + (b - a)];
    } else {
      const at = this.time(event.offsetX),
        factor = event.deltaY > 0 ? 1.25 : 0.8;
      const width = Math.max(LEAST_SPAN_S, (b - a) * factor);
      if (width >= whole) {
        this.zoomed = null;
      } else {
        const start = Math.min(Math.max(at - ((at - a) / (b - a)) * width, from), from + whole - width);
        this.zoomed = [start, start + width];
      }
    }
    this.store.frames.mark("lanes");
  }

  draw() {
    const { canvas, store, colors } = this,
      lanes = [...store.lanes.values()];
    const width = canvas.clientWidth,
      height = AXIS_PX + Math.max(1, lanes.length) * LANE_PX + 4,
      scale = devicePixelRatio;
    if (!width) return;
    this.width = width;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    this.axis(ctx, height);
    const names = namesOf(lanes);
    const seen = [this.box.scrollTop - LANE_PX, this.box.scrollTop + this.box.clientHeight];
    lanes.forEach((lane, i) => {
      const y = AXIS_PX + i * LANE_PX;
      if (y >= seen[0] && y <= seen[1]) this.lane(ctx, lane, names[i], y);
    });
    this.events(ctx);
    if (this.hoverX >= this.labels) {
      const t = Math.min(Math.max(this.time(this.hoverX), store.from), store.to);
      this.line(ctx, this.hoverX, height, colors.dim, 1);
      this.tag(ctx, this.hoverX, clock(t), colors.soft);
    }
    const x = this.x(store.t);
    if (x >= this.labels - 1) {
      const color = store.past && store.hello?.live ? colors.warn : colors.accent;
      this.line(ctx, x, height, color, 2);
      this.tag(ctx, x, clock(store.t), color);
    }
    canvas.setAttribute("aria-valuemax", store.to.toFixed(2));
    canvas.setAttribute("aria-valuenow", store.t.toFixed(2));
    canvas.setAttribute("aria-valuetext", clock(store.t));
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} height */
  axis(ctx, height) {
    const [a, b] = this.view,
      room = this.width - this.labels;
    const step = STEPS_S.find((s) => (s / (b - a)) * room >= 70) ?? 7200;
    for (let t = Math.ceil(a / step) * step; t <= b; t += step) {
      const x = Math.round(this.x(t)) + 0.5;
      ctx.fillStyle = this.colors.faint;
      ctx.fillRect(x, AXIS_PX - 2, 1, height);
      ctx.fillStyle = this.colors.dim;
      ctx.fillText(`${+t.toFixed(1)} s`, Math.min(x, this.width - 34), 8);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {import("./types.js").Lane} lane @param {string} name @param {number} y */
  lane(ctx, lane, name, y) {
    const { colors, labels } = this,
      [a, b] = this.view;
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, y, labels - 6, LANE_PX);
    ctx.clip();
    ctx.fillStyle = this.store.tick?.skill === lane.path ? colors.RUNNING : colors.soft;
    ctx.fillText(name, 2 + 10 * (lane.depth ?? 0), y + LANE_PX / 2);
    ctx.restore();
    ctx.save();
    ctx.beginPath();
    ctx.rect(labels, y, this.width, LANE_PX);
    ctx.clip();
    ctx.fillStyle = colors.faint;
    ctx.fillRect(labels, y + LANE_PX / 2, this.width - labels - 6, 1);
    const last = lane.spans[lane.spans.length - 1];
    let drawn = -Infinity;
    for (const span of lane.spans) {
      const [t0, end, status] = span;
      const t1 = span === last && status === "RUNNING" ? this.store.to : end; // it lasts, until now
      if (t1 < a || t0 > b) continue;
      const x0 = this.x(t0),
        w = Math.max(2, this.x(t1) - x0 - 0.5);
      if (x0 + w <= drawn + 1 && status !== "FAILURE") continue; // no more than one per pixel of what can't be told apart
      drawn = x0 + w;
      ctx.fillStyle = colors[status];
      ctx.globalAlpha = status === "RUNNING" ? 0.8 : 1;
      ctx.beginPath();
      ctx.roundRect(x0, y + 2.5, w, LANE_PX - 5, Math.min(3, w / 2));
      ctx.fill();
      ctx.globalAlpha = 1;
      if (w > 16) {
        ctx.fillStyle = colors.panel;
        ctx.fillText(GLYPHS[status], Math.max(x0, labels) + 5, y + LANE_PX / 2 + 0.5);
      } else if (status !== "RUNNING") this.mark(ctx, status, x0 + w / 2, y);
    }
    ctx.restore();
  }

  /** A span too short for its glyph: its shape tells it from the others. @param {CanvasRenderingContext2D} ctx @param {import("./types.js").Status} status @param {number} x @param {number} y */
  mark(ctx, status, x, y) {
    ctx.beginPath();
    if (status === "SUCCESS") ctx.arc(x, y + LANE_PX / 2, 4, 0, 7);
    else ctx.rect(x - 4, y + LANE_PX / 2 - 4, 8, 8);
    ctx.fill();
    ctx.fillStyle = this.colors.panel;
    ctx.textAlign = "center";
    ctx.font = "bold 8px system-ui, sans-serif";
    ctx.fillText(GLYPHS[status], x, y + LANE_PX / 2 + 0.5);
    ctx.textAlign = "start";
    ctx.font = "11px system-ui, sans-serif";
  }

  /** @param {CanvasRenderingContext2D} ctx */
  events(ctx) {
    for (const [t, text] of this.store.events) {
      const x = this.x(t);
      if (x < this.labels) continue;
      ctx.fillStyle = text.startsWith("person:") ? this.colors.accent : this.colors.warn;
      ctx.beginPath();
      ctx.moveTo(x - 3.5, AXIS_PX - 5);
      ctx.lineTo(x + 3.5, AXIS_PX - 5);
      ctx.lineTo(x, AXIS_PX + 1);
      ctx.fill();
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} height @param {string} color @param {number} width */
  line(ctx, x, height, color, width) {
    ctx.fillStyle = color;
    ctx.fillRect(x - width / 2, 4, width, height - 4);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} x @param {string} text @param {string} color */
  tag(ctx, x, text, color) {
    const w = ctx.measureText(text).width + 10;
    const left = Math.min(Math.max(x - w / 2, this.labels), this.width - w);
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.roundRect(left, 0, w, 15, 4);
    ctx.fill();
    ctx.fillStyle = this.colors.panel;
    ctx.fillText(text, left + 5, 8);
  }
}
