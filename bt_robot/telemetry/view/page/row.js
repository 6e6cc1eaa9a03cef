/** One row of the outline: made once, then told what it shows. It touches the page only where something changed. */

import { span } from "./numbers.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {string} [tag] @returns {HTMLElement} */
function part(name, tag = "span") {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}

/** @returns {[SVGElement, SVGElement]} a glyph of a status, and its use element */
export function glyph() {
  const svg = /** @type {SVGElement} */ (document.createElementNS(SVG, "svg"));
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const use = /** @type {SVGElement} */ (document.createElementNS(SVG, "use"));
  svg.append(use);
  return [svg, use];
}

export class Row {
  /** @param {boolean} [again] whether it only repeats a row that stands elsewhere */
  constructor(again = false) {
    this.again = again;
    this.element = part("row", "div");
    if (again) this.element.setAttribute("aria-hidden", "true");
    else this.element.setAttribute("role", "treeitem");
    this.gutter = part("gutter", "button");
    this.gutter.tabIndex = -1;
    this.lit = part("guides lit");
    this.guides = part("guides");
    this.caret = part("caret");
    const [picture, use] = glyph();
    this.use = use;
    this.name = part("name");
    this.type = part("type");
    this.detail = part("detail");
    this.folded = part("folded");
    this.reason = part("reason");
    this.time = part("time");
    this.element.append(
      this.gutter,
      this.lit,
      this.guides,
      this.caret,
      picture,
      this.name,
      this.type,
      this.detail,
      this.folded,
      this.reason,
      this.time,
    );
    /** @type {Record<string, unknown>} what is on the page now */ this.shown = {};
    this.index = -1;
  }

  /** @param {string} key @param {unknown} value @param {(value: any) => void} set */
  put(key, value, set) {
    if (this.shown[key] === value) return;
    this.shown[key] = value;
    set(value);
  }

  /** @param {HTMLElement} element @param {string} key @param {string} text */
  write(element, key, text) {
    this.put(key, text, () => {
      element.textContent = text;
      element.hidden = !text;
    });
  }

  /**
   * @param {object} what
   * @param {number} what.index
   * @param {number} what.top where it stands [px]
   * @param {import("./types.js").NodeInfo} what.node
   * @param {import("./types.js").NodeState} what.state
   * @param {number} what.lit how many of its ancestors run
   * @param {number} what.indent [px]
   * @param {boolean} what.inner whether it has children
   * @param {number} what.hidden how many nodes are folded away below it
   * @param {boolean} what.chosen
   * @param {boolean} what.found
   * @param {string|undefined} what.breakpoint
   * @param {boolean} what.waits whether it waits there for a person
   * @param {string} what.why its last words, or why it failed
   * @param {number} what.t the moment that is shown [s]
   */
  show({ index, top, node, state, lit, indent, inner, hidden, chosen, found, breakpoint, waits, why, t }) {
    this.index = index;
    const element = this.element;
    this.put("top", top, (value) => {
      element.style.transform = `translateY(${value}px)`;
    });
    const runs = state.ticked && state.status === "RUNNING";
    this.put(
      "class",
      `row${runs ? " lit" : ""}${state.ticked ? "" : " off"}${chosen ? " chosen" : ""}${found ? " found" : ""}${waits ? " waits" : ""}`,
      (value) => {
        element.className = value;
      },
    );
    this.put("status", state.status, (value) => {
      element.dataset.status = value;
      this.use.setAttribute("href", `#glyph-${value}`);
    });
    this.put("node", `${index} ${node.depth} ${node.kind}`, () => {
      if (!this.again) element.id = `node-${index}`;
      element.dataset.kind = node.kind;
      element.setAttribute("aria-level", String(node.depth + 1));
    });
    this.put(
      "label",
      `${node.name}, ${node.type}, ${state.status.toLowerCase()}${why ? `: ${why}` : ""}`,
      (value) => element.setAttribute("aria-label", value),
    );
    this.put("chosen", chosen, (value) => element.setAttribute("aria-selected", String(value)));
    this.put("open", inner ? (hidden ? "false" : "true") : "", (value) => {
      if (value) element.setAttribute("aria-expanded", value);
      else element.removeAttribute("aria-expanded");
      this.caret.textContent = value === "" ? "" : value === "true" ? "▾" : "▸";
    });
    this.put("lit", lit * indent, (value) => {
      this.lit.style.width = `${value}px`;
    });
    this.put("guides", (node.depth - lit) * indent, (value) => {
      this.guides.style.width = `${value}px`;
    });
    this.put("breakpoint", breakpoint ?? "", (value) => {
      this.gutter.classList.toggle("set", !!value);
      const what = value ? `Breakpoint on ${value}: click to remove` : "Set a breakpoint";
      this.gutter.title = what;
      this.gutter.setAttribute("aria-label", what);
    });
    this.write(this.name, "name", node.name);
    this.write(this.type, "type", node.type === node.name ? "" : node.type);
    this.write(this.detail, "detail", node.detail);
    this.write(this.folded, "folded", hidden ? `${hidden}` : "");
    this.write(
      this.reason,
      "reason",
      why || (node.kind === "subtree" && node.prompt ? `“${node.prompt}”` : ""),
    );
    this.put("title", why, (value) => {
      this.reason.title = value;
    });
    this.write(this.time, "time", state.status === "IDLE" && !state.ticked ? "" : span(t - state.since_s));
  }
}
