/** The tree as an outline: only the rows in view exist, so five thousand nodes scroll like five. */

import { Outline } from "./outline.js";
import { Above } from "./above.js";
import { Row } from "./row.js";

const ROW_PX = 25;
const INDENT_PX = 16;
const SPARE_ROWS = 6;
const HANDS_OFF_MS = 4000; // how long a person's scrolling is left alone by "follow"

export class Tree {
  /**
   * @param {import("./store.js").Store} store
   * @param {(index: number) => void} onChoose
   * @param {(index: number) => void} onBreak
   */
  constructor(store, onChoose, onBreak) {
    this.store = store;
    this.onChoose = onChoose;
    this.onBreak = onBreak;
    this.box = /** @type {HTMLElement} */ (document.getElementById("tree"));
    this.list = /** @type {HTMLElement} */ (document.getElementById("rows"));
    this.outline = new Outline([]);
    this.above = new Above(this);
    /** @type {Row[]} */ this.pool = [];
    this.zoom = 1;
    this.chosen = -1;
    this.follow = true;
    this.scrolledMs = -Infinity;
    this.lastTip = -1;
    this.box.addEventListener("scroll", () => store.frames.mark("tree"), { passive: true });
    for (const name of ["wheel", "pointerdown"])
      this.box.addEventListener(
        name,
        () => {
          this.scrolledMs = performance.now();
        },
        { passive: true },
      );
    this.box.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.magnify(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      },
      { passive: false },
    );
    this.box.addEventListener("click", (event) => this.click(/** @type {HTMLElement} */ (event.target)));
    this.box.addEventListener("dblclick", (event) => {
      const row = this.rowOf(/** @type {HTMLElement} */ (event.target));
      if (row && !(/** @type {HTMLElement} */ (event.target).closest(".gutter, .caret"))) this.toggle(row.index);
    });
    new ResizeObserver(() => {
      if (this.chosen >= 0 && this.handsOn) this.scrollTo(this.chosen, true); // also when the inspector opens
      this.lastTip = -1;
      store.frames.mark("tree");
    }).observe(this.box);
  }

  /** A tree took over: keep what was folded and chosen, by path. */
  renew() {
    const { nodes } = this.store;
    const before = this.outline.nodes;
    const folded = new Set([...this.outline.folded].map((i) => before[i].path));
    const chosen = before[this.chosen]?.path;
    this.outline = new Outline(nodes);
    nodes.forEach((node, i) => {
      if (folded.has(node.path)) this.outline.folded.add(i);
    });
    this.outline.lay();
    this.chosen = nodes.findIndex((node) => node.path === chosen);
    this.lastTip = -1;
    this.search(/** @type {HTMLInputElement} */ (document.getElementById("search")).value);
  }

  /** @returns {boolean} whether a person scrolls, and "follow" has to wait */
  get handsOn() {
    return performance.now() - this.scrolledMs < HANDS_OFF_MS;
  }

  /** Another moment is shown: what a person looked for was in the one before. */
  lookUp() {
    this.scrolledMs = -Infinity;
    this.lastTip = -1;
  }

  /** @returns {number} height of a row [px] */
  get rowPx() {
    return Math.round(ROW_PX * this.zoom);
  }

  /** @param {number} factor */
  magnify(factor) {
    const top = this.box.scrollTop / this.rowPx;
    this.zoom = Math.min(1.8, Math.max(0.5, this.zoom * factor));
    this.box.style.setProperty("--row", `${this.rowPx}px`);
    this.box.style.setProperty("--indent", `${INDENT_PX}px`);
    this.draw();
    this.box.scrollTop = top * this.rowPx;
  }

  draw() {
    const { store, outline, box, rowPx } = this;
    const rows = outline.rows;
    const height = `${rows.length * rowPx + 8}px`;
    if (this.list.style.height !== height) this.list.style.height = height;
    if (box.hidden) return;
    this.keepInView();
    const first = Math.max(0, Math.floor(box.scrollTop / rowPx) - SPARE_ROWS);
    const last = Math.min(rows.length, Math.ceil((box.scrollTop + box.clientHeight) / rowPx) + SPARE_ROWS);
    const count = Math.max(0, last - first);
    while (this.pool.length < count) {
      const row = new Row();
      this.pool.push(row);
      this.list.append(row.element);
    }
    for (let place = first; place < last; place++) this.show(this.pool[place % this.pool.length], place);
    this.pool.forEach((row, slot) => {
      // Every slot stands for the places slot, slot + n, …; one whose place is out of view is hidden.
      const place = first + ((((slot - first) % this.pool.length) + this.pool.length) % this.pool.length);
      const away = place >= last;
      if (row.element.hidden !== away) row.element.hidden = away;
    });
    this.above.draw();
    const active = this.chosen >= 0 && outline.places.has(this.chosen) ? `node-${this.chosen}` : "";
    if (active) this.box.setAttribute("aria-activedescendant", active);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {Row} row @param {number} place @param {number} [top] where it stands [px] */
  show(row, place, top = place * this.rowPx) {
    const { store, outline } = this;
    const index = outline.rows[place];
    const node = store.nodes[index];
    let lit = 0;
    for (let i = node.parent; i >= 0; i = store.nodes[i].parent) {
      if (store.states[i].ticked && store.states[i].status === "RUNNING") {
        lit = store.nodes[i].depth + 1;
        break;
      }
    }
    const inner = outline.hasChildren(index);
    row.show({
      index,
      top,
      node,
      state: store.states[index],
      lit,
      indent: INDENT_PX,
      inner,
      hidden: inner && !outline.words && outline.folded.has(index) ? node.end - index - 1 : 0,
      chosen: index === this.chosen,
      found: outline.found.has(index),
      breakpoint: store.breakpoints.get(node.path),
      waits: store.reached.has(node.path),
      why: store.why(index),
      t: store.t,
    });
  }

  /** @returns {number} the deepest node that runs; what explains the failure, once nothing runs */
  get tip() {
    const { nodes, states } = this.store;
    let tip = -1;
    for (let i = 0; i < nodes.length; i++) {
      const state = states[i];
      if (!state.ticked) continue;
      if (state.status === "RUNNING" && (tip < 0 || nodes[i].depth >= nodes[tip].depth)) tip = i;
    }
    return tip < 0 && states[0]?.status === "FAILURE" ? (states[0].cause ?? 0) : tip;
  }

  keepInView() {
    if (!this.follow || this.outline.words || this.handsOn) return;
    let tip = this.tip;
    if (tip === this.lastTip || tip < 0) return;
    this.lastTip = tip;
    while (tip >= 0 && !this.outline.places.has(tip)) tip = this.store.nodes[tip].parent;
    if (tip >= 0) this.scrollTo(tip);
  }

  /** @param {number} index @param {boolean} [near] scroll only as far as needed */
  scrollTo(index, near = false) {
    const place = this.outline.places.get(index);
    if (place === undefined) return;
    const top = place * this.rowPx,
      view = this.box.clientHeight,
      from = this.box.scrollTop;
    const margin = near ? this.rowPx : 3 * this.rowPx,
      cover = this.above.coverOf(place);
    if (top >= from + cover && top + margin <= from + view) return;
    this.box.scrollTop = near
      ? top < from + cover
        ? top - cover
        : top + margin - view
      : Math.max(0, top - view * 0.66);
  }

  /** @param {HTMLElement} target @returns {Row|undefined} */
  rowOf(target) {
    const element = target.closest(".row");
    return [...this.pool, ...this.above.pool].find((row) => row.element === element);
  }

  /** @param {HTMLElement} target */
  click(target) {
    const row = this.rowOf(target);
    if (!row) return;
    if (target.closest(".gutter")) this.onBreak(row.index);
    else if (target.closest(".caret") && this.outline.hasChildren(row.index)) this.toggle(row.index);
    else {
      this.choose(row.index);
      if (row.again) this.goTo(row.index);
    }
  }

  /** @param {number} index */
  choose(index) {
    this.chosen = index === this.chosen ? -1 : index;
    this.scrolledMs = performance.now();
    this.onChoose(this.chosen);
    this.store.frames.mark("tree");
  }

  /** @param {number} index @param {boolean} [on] */
  toggle(index, on) {
    this.outline.fold(index, on);
    this.store.frames.mark("tree");
  }

  foldIdle() {
    const { nodes, states } = this.store;
    const open = [];
    for (let i = 0; i < nodes.length; i++) if (states[i].ticked && states[i].status === "RUNNING") open.push(i);
    this.outline.foldAllBut(open.length ? open : [0]);
    this.lastTip = -1;
    this.store.frames.mark("tree");
  }

  unfoldAll() {
    this.outline.unfoldAll();
    this.lastTip = -1;
    this.store.frames.mark("tree");
  }

  /** @param {string} words */
  search(words) {
    this.outline.search(words, (i) => this.store.states[i].reason);
    const count = this.outline.found.size;
    /** @type {HTMLElement} */ (document.getElementById("found")).textContent = this.outline.words
      ? `${count} found`
      : "";
    this.lastTip = -1;
    this.store.frames.mark("tree");
  }

  /** Move through the rows by keys. @param {KeyboardEvent} event @returns {boolean} whether it meant the tree */
  key(event) {
    const rows = this.outline.rows;
    const place = this.outline.places.get(this.chosen) ?? -1;
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowPx) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step !== undefined) return this.goTo(rows[Math.min(rows.length - 1, Math.max(0, place + step))]);
    if (this.chosen < 0) return false;
    if (event.key === "ArrowRight") {
      if (this.outline.folded.has(this.chosen)) this.toggle(this.chosen, false);
      else if (this.outline.hasChildren(this.chosen)) this.goTo(this.chosen + 1);
      return true;
    }
    if (event.key === "ArrowLeft") {
      if (this.outline.hasChildren(this.chosen) && !this.outline.folded.has(this.chosen))
        this.toggle(this.chosen, true);
      else if (this.store.nodes[this.chosen].parent >= 0) this.goTo(this.store.nodes[this.chosen].parent);
      return true;
    }
    if (event.key === "b") {
      this.onBreak(this.chosen);
      return true;
    }
    return false;
  }

  /** @param {number} index @returns {boolean} */
  goTo(index) {
    if (index === undefined) return true;
    this.scrolledMs = performance.now();
    if (index !== this.chosen) this.choose(index);
    this.scrollTo(index, true);
    return true;
  }
}
