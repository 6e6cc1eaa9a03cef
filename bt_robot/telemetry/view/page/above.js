/** The ancestors of the topmost row, which stay in view while their children scroll. */

import { Row } from "./row.js";

const GREATEST_SHARE = 0.55; // of the view

export class Above {
  /** @param {import("./tree.js").Tree} tree */
  constructor(tree) {
    this.tree = tree;
    this.box = /** @type {HTMLElement} */ (document.getElementById("above"));
    /** @type {Row[]} */ this.pool = [];
  }

  /** @returns {number} how many rows may stand here */
  get most() {
    return Math.floor((this.tree.box.clientHeight * GREATEST_SHARE) / this.tree.rowPx);
  }

  /** @param {number} place @returns {number} how much of the view is covered once that row is the topmost [px] */
  coverOf(place) {
    const { nodes } = this.tree.store,
      node = nodes[this.tree.outline.rows[place]];
    return node ? Math.min(node.depth, this.most) * this.tree.rowPx : 0;
  }

  /** @returns {number[]} places of the rows that stand here: each the ancestor of the row that it covers */
  places() {
    const { outline, store, box, rowPx } = this.tree,
      rows = outline.rows;
    const top = Math.round(box.scrollTop / rowPx);
    /** @type {number[]} */ const shown = [];
    while (shown.length < this.most) {
      const covered = top + shown.length;
      let i = store.nodes[rows[covered]]?.parent ?? -1;
      while (i >= 0 && store.nodes[i].depth > shown.length) i = store.nodes[i].parent;
      const place = i >= 0 && store.nodes[i].depth === shown.length ? outline.places.get(i) : undefined;
      if (place === undefined || place >= covered) break;
      shown.push(place);
    }
    // Where a subtree ends, its root makes room for what comes next.
    while (shown.length && store.nodes[rows[shown[shown.length - 1]]].end <= (rows[top + shown.length] ?? Infinity))
      shown.pop();
    return shown;
  }

  draw() {
    const places = this.tree.box.scrollTop > 0 ? this.places() : [];
    while (this.pool.length < places.length) {
      const row = new Row(true);
      this.pool.push(row);
      this.box.append(row.element);
    }
    this.pool.forEach((row, i) => {
      const away = i >= places.length;
      if (row.element.hidden !== away) row.element.hidden = away;
      if (away) return;
      this.tree.show(row, places[i], i * this.tree.rowPx);
      row.element.classList.toggle("edge", i === places.length - 1);
    });
  }
}
