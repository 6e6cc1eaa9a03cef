/** The tree as a graph on a canvas: a tidy layout from left to right, panned and zoomed by hand. */

const NODE_H = 22;
const ROW_H = 30;
const GAP_X = 34;
const LEAST_SCALE = 0.02;
const GREATEST_SCALE = 2.5;
const HANDS_OFF_MS = 4000; // how long a person's panning is left alone by "follow"
const FOLLOWED_SCALE = 0.8;
const MARGIN_PX = 16;
const TEXT_FROM = 0.38; // below this scale names can't be read, and are left out

export class Graph {
  /**
   * @param {import("./store.js").Store} store @param {import("./theme.js").Theme} theme
   * @param {import("./tree.js").Tree} tree what is folded, found and chosen
   */
  constructor(store, theme, tree) {
    this.store = store;
    this.colors = theme.colors;
    this.tree = tree;
    this.canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("graph"));
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.fitted = false;
    this.lastTip = -1;
    this.movedMs = -Infinity; // when a person last moved it
    this.byHand = false; // whether a person chose what is in view
    /** @type {number} */ this.width = 0;
    /** @type {number} */ this.height = 0;
    /** @type {Map<number, number>|null} the rows it was laid out for */ this.laid = null;
    /** @type {Float64Array} */ this.x = new Float64Array(0);
    /** @type {Float64Array} */ this.y = new Float64Array(0);
    /** @type {Float64Array} */ this.w = new Float64Array(0);
    this.listen();
  }

  renew() {
    this.fitted = this.byHand = false;
    this.laid = null;
  }

  /** Place the nodes: a row per leaf, an inner node in the middle of its children, a column per depth. */
  lay() {
    const { nodes } = this.store,
      rows = this.tree.outline.rows;
    if (this.laid === this.tree.outline.places) return;
    this.laid = this.tree.outline.places;
    const count = nodes.length;
    this.x = new Float64Array(count).fill(NaN);
    this.y = new Float64Array(count);
    this.w = new Float64Array(count);
    const ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    ctx.font = "500 12px system-ui, sans-serif";
    /** @type {number[]} */ const widest = [];
    for (const i of rows) {
      this.w[i] = Math.min(190, ctx.measureText(nodes[i].name).width + 36);
      widest[nodes[i].depth] = Math.max(widest[nodes[i].depth] ?? 0, this.w[i]);
    }
    const columns = [0];
    widest.forEach((width, depth) => {
      columns[depth + 1] = columns[depth] + width + GAP_X;
    });
    let next = 0;
    /** @type {Float64Array} */ const first = new Float64Array(count).fill(Infinity),
      last = new Float64Array(count).fill(-Infinity);
    for (let place = rows.length - 1; place >= 0; place--) {
      // leaves from the last to the first: rows count upwards
      const i = rows[place];
      this.x[i] = columns[nodes[i].depth];
      if (first[i] === Infinity) {
        this.y[i] = next;
        next -= ROW_H;
      } else this.y[i] = (first[i] + last[i]) / 2;
      const parent = nodes[i].parent;
      if (parent >= 0) {
        first[parent] = Math.min(first[parent], this.y[i]);
        last[parent] = Math.max(last[parent], this.y[i]);
      }
    }
    const shift = -next - ROW_H;
    for (const i of rows) this.y[i] += shift;
    this.width = columns[columns.length - 1] - GAP_X;
    this.height = shift + ROW_H;
  }

  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    this.fitted = true;
    this.lastTip = -1;
    this.scale = Math.min(
      1.15,
      Math.max(LEAST_SCALE, Math.min((clientWidth - 2 * MARGIN_PX) / this.width, (clientHeight - 2 * MARGIN_PX) / this.height)),
    );
    this.left = Math.max(MARGIN_PX, (clientWidth - this.width * this.scale) / 2);
    this.top = Math.max(MARGIN_PX, (clientHeight - this.height * this.scale) / 2);
  }

  /** Bring what runs into view, closer where the whole tree is too small to read. */
  keepInView() {
    const { tree } = this;
    if (!tree.follow || tree.outline.words || performance.now() - this.movedMs < HANDS_OFF_MS) return;
    let tip = tree.tip;
    if (tip < 0 || tip === this.lastTip) return;
    this.lastTip = tip;
    while (tip >= 0 && Number.isNaN(this.x[tip])) tip = this.store.nodes[tip].parent;
    this.bring(tip);
  }

  /** Bring a node into view; only as far as needed. @param {number} i */
  bring(i) {
    if (!(i >= 0) || Number.isNaN(this.x[i] ?? NaN)) return;
    const { clientWidth, clientHeight } = this.canvas,
      small = this.scale < TEXT_FROM;
    if (small) this.scale = FOLLOWED_SCALE;
    const start = this.left + this.x[i] * this.scale,
      end = start + this.w[i] * this.scale,
      middle = this.top + (this.y[i] + NODE_H / 2) * this.scale;
    if (small || start < MARGIN_PX / 2 || end > clientWidth - MARGIN_PX / 2)
      this.left = Math.min(MARGIN_PX, clientWidth - MARGIN_PX - (this.x[i] + this.w[i]) * this.scale);
    if (small || middle < 2 * MARGIN_PX || middle > clientHeight - 2 * MARGIN_PX)
      this.top += clientHeight / 2 - middle;
    this.store.frames.mark("layout");
  }

  /** Zoom by keys. @param {number} factor */
  magnify(factor) {
    this.zoom(factor, this.canvas.clientWidth / 2, this.canvas.clientHeight / 2);
  }

  draw() {
    const { canvas, store, colors } = this,
      ratio = devicePixelRatio;
    if (canvas.hidden || !canvas.clientWidth) return;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.lay();
    if (!this.fitted) this.fit();
    this.keepInView();
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.setTransform(this.scale * ratio, 0, 0, this.scale * ratio, this.left * ratio, this.top * ratio);
    const rows = this.tree.outline.rows;
    const lowY = -this.top / this.scale - ROW_H,
      highY = (height - this.top) / this.scale + ROW_H;
    this.edges(ctx, rows, lowY, highY);
    ctx.textBaseline = "middle";
    for (const i of rows) {
      if (this.y[i] < lowY || this.y[i] > highY) continue;
      this.node(ctx, i, store.nodes[i], store.states[i], colors);
    }
  }

  /** @param {number} i @returns {boolean} */
  runs(i) {
    return this.store.states[i].ticked && this.store.states[i].status === "RUNNING";
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number[]} rows @param {number} lowY @param {number} highY */
  edges(ctx, rows, lowY, highY) {
    for (const lit of [false, true]) {
      ctx.strokeStyle = lit ? this.colors.RUNNING : `${this.colors.IDLE}99`;
      ctx.lineWidth = lit ? 2.4 : 1.3;
      ctx.beginPath();
      for (const i of rows) {
        const parent = this.store.nodes[i].parent;
        if (parent < 0 || this.runs(i) !== lit) continue;
        const y0 = this.y[parent] + NODE_H / 2,
          y1 = this.y[i] + NODE_H / 2;
        if (Math.max(y0, y1) < lowY || Math.min(y0, y1) > highY) continue;
        const x0 = this.x[parent] + this.w[parent],
          x1 = this.x[i];
        ctx.moveTo(x0, y0);
        if (this.scale < 0.2) ctx.lineTo(x1, y1);
        else ctx.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
      }
      ctx.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} i @param {import("./types.js").NodeInfo} node @param {import("./types.js").NodeState} state @param {Record<string, string>} colors */
  node(ctx, i, node, state, colors) {
    const [x, y, w] = [this.x[i], this.y[i], this.w[i]],
      runs = this.runs(i);
    const color = colors[state.status];
    ctx.globalAlpha = state.ticked ? 1 : 0.62;
    if (this.scale < 0.15) {
      ctx.fillStyle = color;
      ctx.fillRect(x, y, w, NODE_H);
      ctx.globalAlpha = 1;
      return;
    }
    ctx.beginPath();
    ctx.roundRect(x, y, w, NODE_H, node.kind === "condition" ? NODE_H / 2 : 5);
    const waits = this.store.reached.has(node.path);
    ctx.fillStyle = waits ? colors["warn-soft"] : runs ? colors["RUNNING-soft"] : colors.panel;
    ctx.fill();
    ctx.strokeStyle = i === this.tree.chosen ? colors.accent : color;
    ctx.lineWidth = i === this.tree.chosen ? 3 : runs ? 2 : 1.3;
    ctx.stroke();
    if (node.kind === "subtree") {
      ctx.beginPath();
      ctx.roundRect(x - 3, y - 3, w + 6, NODE_H + 6, 7);
      ctx.lineWidth = 1;
      ctx.stroke();
    }
    this.glyph(ctx, state.status, x + 13, y + NODE_H / 2, color);
    if (this.scale >= TEXT_FROM) {
      ctx.fillStyle = this.tree.outline.found.has(i)
        ? colors.warn
        : runs
          ? colors.RUNNING
          : state.ticked
            ? colors.text
            : colors.dim;
      ctx.font = `${runs ? 650 : 500} 12px system-ui, sans-serif`;
      ctx.fillText(node.name, x + 24, y + NODE_H / 2 + 0.5, w - 30);
      if (this.tree.outline.folded.has(i)) {
        ctx.fillStyle = colors.dim;
        ctx.fillText(`+${node.end - i - 1}`, x + w + 6, y + NODE_H / 2);
      }
    }
    if (this.store.breakpoints.has(node.path)) {
      ctx.fillStyle = colors.limit;
      ctx.beginPath();
      ctx.arc(x, y, waits ? 7 : 5, 0, 7);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {string} status @param {number} x @param {number} y @param {string} color */
  glyph(ctx, status, x, y, color) {
    ctx.fillStyle = ctx.strokeStyle = color;
    ctx.beginPath();
    if (status === "RUNNING") {
      ctx.moveTo(x - 3.5, y - 5);
      ctx.lineTo(x + 5, y);
      ctx.lineTo(x - 3.5, y + 5);
      ctx.closePath();
      ctx.fill();
      return;
    }
    if (status === "IDLE") {
      ctx.arc(x, y, 2.5, 0, 7);
      ctx.lineWidth = 1.3;
      ctx.stroke();
      return;
    }
    if (status === "SUCCESS") ctx.arc(x, y, 5.5, 0, 7);
    else ctx.roundRect(x - 5, y - 5, 10, 10, 2);
    ctx.fill();
    ctx.strokeStyle = this.colors.panel;
    ctx.lineWidth = 1.6;
    ctx.beginPath();
    if (status === "SUCCESS") {
      ctx.moveTo(x - 2.5, y + 0.3);
      ctx.lineTo(x - 0.6, y + 2.2);
      ctx.lineTo(x + 2.6, y - 2);
    } else {
      ctx.moveTo(x - 2.4, y - 2.4);
      ctx.lineTo(x + 2.4, y + 2.4);
      ctx.moveTo(x + 2.4, y - 2.4);
      ctx.lineTo(x - 2.4, y + 2.4);
    }
    ctx.stroke();
  }

  /** @param {number} px @param {number} py @returns {number} the node there, or -1 */
  at(px, py) {
    const x = (px - this.left) / this.scale,
      y = (py - this.top) / this.scale;
    return (
      this.tree.outline.rows.find(
        (i) => x >= this.x[i] && x <= this.x[i] + this.w[i] && y >= this.y[i] && y <= this.y[i] + NODE_H,
      ) ?? -1
    );
  }

  /** @param {number} factor @param {number} px @param {number} py the point that stays where it is */
  zoom(factor, px, py) {
    const scale = Math.min(GREATEST_SCALE, Math.max(LEAST_SCALE, this.scale * factor));
    this.left = px - ((px - this.left) * scale) / this.scale;
    this.top = py - ((py - this.top) * scale) / this.scale;
    this.scale = scale;
    this.handle();
  }

  /** A person moved it. */
  handle() {
    this.movedMs = performance.now();
    this.byHand = true;
    this.store.frames.mark("layout");
  }

  listen() {
    const { canvas } = this;
    /** @type {{x: number, y: number, moved: boolean}|null} */ let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      held = { x: event.offsetX, y: event.offsetY, moved: false };
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("dragged");
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [dx, dy] = [event.offsetX - held.x, event.offsetY - held.y];
      if (!held.moved && Math.hypot(dx, dy) < 4) return;
      held = { x: event.offsetX, y: event.offsetY, moved: true };
      this.left += dx;
      this.top += dy;
      this.handle();
    });
    canvas.addEventListener("pointerup", (event) => {
      canvas.classList.remove("dragged");
      if (held && !held.moved) {
        const i = this.at(event.offsetX, event.offsetY);
        if (i >= 0) this.tree.choose(i);
      }
      held = null;
    });
    canvas.addEventListener("dblclick", (event) => {
      const i = this.at(event.offsetX, event.offsetY);
      if (i >= 0) this.tree.toggle(i);
      else {
        this.fitted = this.byHand = false;
        this.store.frames.mark("layout");
      }
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 500), event.offsetX, event.offsetY);
      },
      { passive: false },
    );
    new ResizeObserver(() => {
      if (!this.byHand) this.fitted = false;
      this.store.frames.mark("layout");
    }).observe(canvas);
  }
}
