/** The chosen node in full, and what can be done to it. */

import { glyph } from "./row.js";
import { number, span } from "./numbers.js";

/** @param {string} tag @param {string} name @param {string} [text] @returns {HTMLElement} */
function made(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

/** @param {string} detail a node's parameters in a few words @returns {[string, string][]} those with a value of their own */
function parameters(detail) {
  const known = detail.split(/ (?=[\w-]+[=→])/).map((part) => /^([\w-]+)=(.*)$/s.exec(part));
  return known.flatMap((found) => (found && !found[2].startsWith('"{') ? [[found[1], found[2]]] : []));
}

export class Inspector {
  /**
   * @param {import("./store.js").Store} store
   * @param {(act: object) => void} act
   */
  constructor(store, act) {
    this.store = store;
    this.act = act;
    this.index = -1;
    this.box = /** @type {HTMLElement} */ (document.getElementById("inspector"));
    const [picture, use] = glyph();
    this.use = use;
    this.path = made("span", "path");
    this.badge = made("span", "badge");
    const head = made("div", "head");
    head.append(picture, this.path, this.badge);
    this.said = made("p", "said");
    this.pairs = made("div", "pairs");
    this.acts = made("div", "acts");
    this.breaks = made("span", "group");
    this.fields = made("span", "group");
    this.acts.append(this.breaks, this.fields);
    this.box.append(head, this.said, this.pairs, this.acts);
    /** @type {Map<string, string>} what was made last for which node */ this.made = new Map();
  }

  /** @param {number} index */
  choose(index) {
    this.index = index;
    this.draw();
  }

  draw() {
    const node = this.store.nodes[this.index];
    this.box.hidden = !node;
    if (!node) return;
    const state = this.store.states[this.index];
    this.box.dataset.status = state.status;
    this.use.setAttribute("href", `#glyph-${state.status}`);
    this.set(this.path, node.path);
    this.badge.dataset.status = state.status;
    this.set(this.badge, state.ticked ? state.status : state.status === "IDLE" ? "IDLE" : `was ${state.status}`);
    const why = this.store.why(this.index);
    this.set(this.said, why);
    const facts = [
      ["type", node.type],
      ["parameters", node.detail],
      ["prompt", node.prompt],
      ["for", state.status === "IDLE" ? "" : span(this.store.t - state.since_s)],
      ["evidence", state.age_s === null ? "" : `${number(state.age_s, 2)} s old`],
      ["confidence", state.confidence === null ? "" : number(state.confidence, 2)],
    ].filter(([, value]) => value);
    while (this.pairs.children.length > facts.length) this.pairs.lastChild?.remove();
    facts.forEach(([what, value], i) => {
      let pair = this.pairs.children[i];
      if (!pair) {
        pair = made("span", "");
        pair.append(made("span", ""), made("b", ""));
        this.pairs.append(pair);
      }
      this.set(pair.children[0], `${what} `);
      this.set(pair.children[1], value);
    });
    this.offer(node);
  }

  /** @param {Element} element @param {string} text */
  set(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /** What a person may do with the node; what somebody types in stays as it is. @param {import("./types.js").NodeInfo} node */
  offer(node) {
    const { control, running } = this.store;
    this.acts.hidden = !running || control === "none";
    const breakpoint = this.store.breakpoints.get(node.path);
    if (this.again("breakpoint", `${node.path} ${breakpoint}`)) this.offerBreak(node.path, breakpoint);
    if (this.again("fields", `${node.path} ${node.prompt} ${node.detail}`)) this.offerFields(node);
    if (this.again("mine", `${control === "yours"} ${node.path} ${node.prompt} ${node.detail} ${breakpoint}`)) {
      for (const button of this.acts.querySelectorAll("button")) button.disabled = control !== "yours";
    }
  }

  /** @param {string} what @param {string} forWhom @returns {boolean} whether it has to be made anew */
  again(what, forWhom) {
    if (this.made.get(what) === forWhom) return false;
    this.made.set(what, forWhom);
    return true;
  }

  /** @param {string} path @param {string|undefined} breakpoint */
  offerBreak(path, breakpoint) {
    if (breakpoint) {
      const act = { act: "unbreak", path, status: breakpoint };
      this.breaks.replaceChildren(this.button(`Remove breakpoint (${breakpoint})`, () => act, "Go on without it (B)"));
      return;
    }
    const status = /** @type {HTMLSelectElement} */ (document.createElement("select"));
    status.setAttribute("aria-label", "Break on");
    for (const value of ["RUNNING", "SUCCESS", "FAILURE", "any"]) status.append(new Option(`on ${value}`, value));
    const act = () => ({ act: "breakpoint", path, status: status.value });
    this.breaks.replaceChildren(this.button("Break", act, "Have it wait there for a person (B)"), status);
  }

  /** @param {import("./types.js").NodeInfo} node */
  offerFields({ path, kind, prompt, detail }) {
    this.fields.replaceChildren(
      this.button("Skip", () => ({ act: "skip", path }), "Succeed without doing it"),
      this.button("Force SUCCESS", () => ({ act: "force", path, status: "SUCCESS" }), "Halt it, and have it succeed"),
      this.button("Force FAILURE", () => ({ act: "force", path, status: "FAILURE" }), "Halt it, and have it fail"),
    );
    if (prompt) this.fields.append(this.field("prompt", prompt, (text) => ({ act: "prompt", path, text })));
    if (kind === "subtree") return; // what was given to a call stands in the nodes of the subtree
    for (const [name, value] of parameters(detail)) {
      this.fields.append(this.field(name, value, (text) => ({ act: "parameter", path, name, value: text })));
    }
  }

  /** @param {string} text @param {() => object} act @param {string} title @returns {HTMLElement} */
  button(text, act, title) {
    const element = made("button", "", text);
    element.title = title;
    element.addEventListener("click", () => this.act(act()));
    return element;
  }

  /** @param {string} name @param {string} value @param {(text: string) => object} act @returns {HTMLElement} */
  field(name, value, act) {
    const form = /** @type {HTMLFormElement} */ (document.createElement("form"));
    const input = /** @type {HTMLInputElement} */ (document.createElement("input"));
    if (value.includes("…")) input.placeholder = value; // cut short: what is set has to be whole
    else input.value = value;
    input.setAttribute("aria-label", name);
    const set = made("button", "", `Set ${name}`);
    form.append(input, set);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.act(act(input.value));
    });
    return form;
  }
}
