/** What is told in words: the events, the blackboard, the prompt in force. */

import { clock, plain } from "./numbers.js";

const MOST_LINES = 300;
const FRESH_S = 1;

/** @param {string} id @returns {HTMLElement} */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Events {
  /** @param {import("./store.js").Store} store @param {(t: number) => void} onTravel */
  constructor(store, onTravel) {
    this.store = store;
    this.onTravel = onTravel;
    this.list = by("events");
    /** @type {[number, string]|undefined} */ this.last = undefined;
    /** @type {unknown} */ this.source = null;
  }

  draw() {
    const events = this.store.events;
    if (events !== this.source || (this.last && !events.includes(this.last))) {
      this.list.replaceChildren();
      this.last = undefined;
    }
    this.source = events;
    const from = this.last ? events.lastIndexOf(this.last) + 1 : Math.max(0, events.length - MOST_LINES);
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
    this.list.querySelector(".none")?.remove();
    for (const event of events.slice(from)) this.list.append(this.line(event));
    while (this.list.children.length > MOST_LINES) this.list.firstChild?.remove();
    this.last = events[events.length - 1];
    by("event-count").textContent = events.length ? `${events.length}` : "";
    if (!events.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = "Nothing to tell so far.";
      this.list.append(none);
    }
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {[number, string]} event @returns {HTMLElement} */
  line([t, text]) {
    const line = document.createElement("li"),
      time = document.createElement("time"),
      words = document.createElement("span");
    time.textContent = clock(t);
    words.textContent = text;
    if (text.startsWith("person:")) words.className = "person";
    line.append(time, words);
    line.title = "Travel there";
    line.addEventListener("click", () => this.onTravel(t));
    return line;
  }
}

export class Blackboard {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.box = by("blackboard");
    /** @type {Map<string, {line: HTMLElement, value: HTMLElement}>} */ this.lines = new Map();
  }

  draw() {
    const { blackboard, t } = this.store;
    const keys = [...blackboard].flatMap(([scope, values]) =>
      [...values.keys()].map((key) => JSON.stringify([scope, key])),
    );
    by("blackboard-panel").hidden = !keys.length;
    if (keys.join() !== [...this.lines.keys()].join()) this.renew();
    for (const [scope, values] of blackboard) {
      for (const [key, entry] of values) {
        const line = this.lines.get(JSON.stringify([scope, key]));
        if (!line) continue;
        const text = plain(entry.value);
        if (line.value.textContent !== text) line.value.textContent = text;
        line.line.classList.toggle("fresh", t - entry.t < FRESH_S && t >= entry.t);
      }
    }
  }

  renew() {
    this.box.replaceChildren();
    this.lines.clear();
    for (const [scope, values] of this.store.blackboard) {
      const title = document.createElement("h3");
      title.textContent = scope;
      this.box.append(title);
      for (const key of values.keys()) {
        const line = document.createElement("div"),
          name = document.createElement("span"),
          value = document.createElement("code");
        name.textContent = key;
        line.append(name, value);
        this.box.append(line);
        this.lines.set(JSON.stringify([scope, key]), { line, value });
      }
    }
  }
}

/** The prompt in force, and the skill it belongs to. @param {import("./store.js").Store} store */
export function drawPrompt(store) {
  const { tick } = store;
  if (!tick) return;
  const prompt = by("prompt"),
    text = tick.prompt || "No prompt in force";
  if (prompt.textContent !== text) {
    prompt.textContent = text;
    prompt.classList.toggle("none", !tick.prompt);
  }
  if (by("skill").textContent !== tick.skill) by("skill").textContent = tick.skill;
}
