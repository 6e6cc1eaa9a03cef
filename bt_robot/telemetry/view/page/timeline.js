/** The run from its beginning to now, a lane per subtree. Click or drag to travel; the wheel zooms. */

import { axisTime, clock } from "./numbers.js";

const LANE_PX = 17;
const AXIS_PX = 18;
const LEAST_SPAN_S = 0.5;
const HANDS_OFF_MS = 4000; // how long a person's scrolling is left alone
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
    this.scrolledMs = -Infinity; // when a person last scrolled the lanes
    this.lastActive = -1; // the lane that was brought into view
    this.along = false; // whether what is zoomed to goes along with the run
    this.hoverX = -1;
    this.dragging = false;
    this.width = 0; // of the canvas [px]
    this.box = /** @type {HTMLElement} */ (document.getElementById("lanes"));
    this.box.addEventListener("scroll", () => store.frames.mark("lanes"), { passive: true });
    for (const name of ["wheel", "pointerdown"])
      this.box.addEventListener(
        name,
        (event) => {
          if (name === "wheel" || event.target === this.box) this.scrolledMs = performance.now(); // also by its bar
        },
        { passive: true },
      );
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
    const [a, b] = this.view;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      this.look(a + ((event.deltaX || event.deltaY) / 800) * (b - a), b - a);
    else this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(event.offsetX));
  }

  /** @param {number} factor of the time that is shown @param {number} [at] the moment that stays where it is [s] */
  zoom(factor, at = this.store.t) {
    this.goAlong();
    const [a, b] = this.view,
      width = Math.max(LEAST_SPAN_S, (b - a) * factor);
    this.look(at - ((at - a) / (b - a)) * width, width);
  }

  /** @param {number} start [s] @param {number} width [s] */
  look(start, width) {
    const { from, to } = this.store,
      whole = Math.max(to - from, 1);
    start = Math.min(Math.max(start, from), from + whole - width);
    this.zoomed = width < whole ? [start, start + width] : null;
    this.along = start + width > to - 1e-3;
    this.store.frames.mark("lanes");
  }

  /** What is zoomed to goes along with a run at its end, and with what is played. */
  goAlong() {
    if (!this.zoomed) return;
    const [a, b] = this.zoomed,
      t = this.travel.playing ? this.store.t : this.store.to;
    if ((this.along || this.travel.playing) && t > b) this.zoomed = [t - (b - a), t];
  }

  /** Bring the last lane in which something goes on into view, where there are more than can be seen. @param {import("./types.js").Lane[]} lanes */
  keepInView(lanes) {
    const { box, store } = this;
    if (box.scrollHeight <= box.clientHeight || performance.now() - this.scrolledMs < HANDS_OFF_MS) return;
    const active = lanes.findLastIndex(({ spans }) => {
      const span = spans.findLast(([t0]) => t0 <= store.t + 1e-6);
      return span && (store.t <= span[1] || (span[2] === "RUNNING" && span === spans[spans.length - 1]));
    });
    if (active < 0 || active === this.lastActive) return;
    this.lastActive = active;
    const top = AXIS_PX + active * LANE_PX;
    if (top < box.scrollTop || top + LANE_PX > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 2;
  }

  draw() {
    this.goAlong();
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
    this.keepInView(lanes);
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    const top = this.box.scrollTop, // the axis stays in view
      marks = this.axis(ctx, height);
    const names = namesOf(lanes);
    const seen = [this.box.scrollTop - LANE_PX, this.box.scrollTop + this.box.clientHeight];
    lanes.forEach((lane, i) => {
      const y = AXIS_PX + i * LANE_PX;
      if (y >= seen[0] && y <= seen[1]) this.lane(ctx, lane, names[i], y);
    });
    if (top) {
      ctx.fillStyle = colors.panel;
      ctx.fillRect(0, top, width, AXIS_PX);
    }
    ctx.fillStyle = colors.dim;
    for (const [x, words] of marks) ctx.fillText(words, x, top + 8);
    this.events(ctx, top);
    if (this.hoverX >= this.labels) {
      const t = Math.min(Math.max(this.time(this.hoverX), store.from), store.to);
      this.line(ctx, this.hoverX, height, colors.dim, 1);
      this.tag(ctx, this.hoverX, clock(t), colors.soft, top);
    }
    const x = this.x(store.t);
    if (x >= this.labels - 1) {
      const color = store.past && store.hello?.live ? colors.warn : colors.accent;
      this.line(ctx, x, height, color, 2);
      this.tag(ctx, x, clock(store.t), color, top);
    }
    canvas.setAttribute("aria-valuemax", store.to.toFixed(2));
    canvas.setAttribute("aria-valuenow", store.t.toFixed(2));
    canvas.setAttribute("aria-valuetext", clock(store.t));
  }

  /** Draw the grid. @param {CanvasRenderingContext2D} ctx @param {number} height @returns {[number, string][]} what stands above it, and where */
  axis(ctx, height) {
    const [a, b] = this.view,
      room = this.width - this.labels;
    const step = STEPS_S.find((s) => (s / (b - a)) * room >= 70) ?? 7200;
    /** @type {[number, string][]} */ const marks = [];
    for (let t = Math.ceil(a / step) * step; t <= b; t += step) {
      const x = Math.round(this.x(t)) + 0.5;
      ctx.fillStyle = this.colors.faint;
      ctx.fillRect(x, AXIS_PX - 2, 1, height);
      marks.push([Math.min(x, this.width - 34), axisTime(t)]);
    }
    return marks;
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

  /** @param {CanvasRenderingContext2D} ctx @param {number} top */
  events(ctx, top) {
    for (const [t, text] of this.store.marks) {
      const x = this.x(t);
      if (x < this.labels) continue;
      ctx.fillStyle = text.startsWith("person:") ? this.colors.accent : this.colors.warn;
      ctx.beginPath();
      ctx.moveTo(x - 3.5, top + AXIS_PX - 5);
      ctx.lineTo(x + 3.5, top + AXIS_PX - 5);
      ctx.lineTo(x, top + AXIS_PX + 1);
      ctx.fill();
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} height @param {string} color @param {number} width */
  line(ctx, x, height, color, width) {
    ctx.fillStyle = color;
    ctx.fillRect(x - width / 2, 4, width, height - 4);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} x @param {string} text @param {string} color @param {number} top */
  tag(ctx, x, text, color, top) {
    const w = ctx.measureText(text).width + 10;
    const left = Math.min(Math.max(x - w / 2, this.labels), this.width - w);
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.roundRect(left, top, w, 15, 4);
    ctx.fill();
    ctx.fillStyle = this.colors.panel;
    ctx.fillText(text, left + 5, top + 8);
  }
}
