/** Which nodes of the tree have a row: all but those below folded ones; or what was searched for, and its ancestors. */
export class Outline {
  /** @param {import("./types.js").NodeInfo[]} nodes */
  constructor(nodes) {
    this.nodes = nodes;
    /** @type {Set<number>} */ this.folded = new Set();
    /** @type {Set<number>} */ this.found = new Set();
    this.words = "";
    /** @type {number[]} */ this.rows = [];
    /** @type {Map<number, number>} */ this.places = new Map();
    this.lay();
  }

  lay() {
    const { nodes, rows } = this;
    rows.length = 0;
    const kept = this.words ? this.withAncestors(this.found) : null;
    for (let i = 0; i < nodes.length;) {
      if (kept && !kept.has(i)) {
        i++;
        continue;
      }
      rows.push(i);
      i = !kept && this.folded.has(i) ? nodes[i].end : i + 1;
    }
    this.places = new Map(rows.map((node, place) => [node, place]));
  }

  /** @param {Iterable<number>} some @returns {Set<number>} */
  withAncestors(some) {
    const all = new Set();
    for (let i of some)
      while (i >= 0 && !all.has(i)) {
        all.add(i);
        i = this.nodes[i].parent;
      }
    return all;
  }

  /** @param {number} i @returns {boolean} */
  hasChildren(i) {
    return this.nodes[i].end > i + 1;
  }

  /** @param {number} i @param {boolean} [on] */
  fold(i, on = !this.folded.has(i)) {
    if (!this.hasChildren(i)) return;
    if (on) this.folded.add(i);
    else this.folded.delete(i);
    this.lay();
  }

  /** Fold all but the ancestors of some. @param {Iterable<number>} some */
  foldAllBut(some) {
    const open = this.withAncestors(some);
    this.folded = new Set(this.nodes.keys());
    for (const i of this.nodes.keys()) if (open.has(i) || !this.hasChildren(i)) this.folded.delete(i);
    this.lay();
  }

  unfoldAll() {
    this.folded.clear();
    this.lay();
  }

  /** Unfold what hides a node. @param {number} node */
  reveal(node) {
    let changed = false;
    for (let i = this.nodes[node].parent; i >= 0; i = this.nodes[i].parent) changed = this.folded.delete(i) || changed;
    if (changed) this.lay();
  }

  /** @param {string} words @param {(i: number) => string} reason */
  search(words, reason) {
    this.words = words.trim().toLowerCase();
    this.found.clear();
    if (this.words) {
      this.nodes.forEach((node, i) => {
        const text =
          `${node.name} ${node.type} ${node.detail} ${node.kind === "subtree" ? node.prompt : ""} ${reason(i)}`.toLowerCase();
        if (text.includes(this.words)) this.found.add(i);
      });
    }
    this.lay();
  }
}
