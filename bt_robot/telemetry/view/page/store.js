/** What the page knows of the run: all that came from the server, and which moment is shown. */

import { Ring } from "./ring.js";

const MOST_EVENTS = 1000;
const MOST_CHUNKS = 4;
const MOST_SPANS = 4000; // of a lane, as the server remembers

/** @typedef {import("./types.js").NodeInfo} NodeInfo */
/** @typedef {import("./types.js").NodeState} NodeState */

export class Store {
  /** @param {import("./frames.js").Frames} frames told of what changed */
  constructor(frames) {
    this.frames = frames;
    /** @type {import("./types.js").Hello|null} */ this.hello = null;
    /** @type {NodeInfo[]} */ this.nodes = [];
    /** @type {NodeState[]} */ this.states = [];
    this.revision = -1;
    /** @type {import("./types.js").Tick|null} the tick that is shown */ this.tick = null;
    /** @type {import("./types.js").Link|null} */ this.link = null;
    /** @type {import("./types.js").Health|null} */ this.health = null;
    /** @type {[number, string][]} up to the moment that is shown */ this.events = [];
    /** @type {[number, string][]} all that are known, also later ones */ this.marks = [];
    /** @type {Map<string, Map<string, {value: unknown, t: number}>>} */ this.blackboard = new Map();
    /** @type {import("./types.js").Chunk[]} oldest first */ this.chunks = [];
    /** @type {Map<string, import("./types.js").Lane>} */ this.lanes = new Map();
    /** @type {Ring} */ this.ring = new Ring(0);
    /** @type {import("./types.js").Series|null} what is shown of the past */ this.window = null;
    this.from = 0;
    this.to = 0; // the newest tick
    /** @type {import("./types.js").Mode} */ this.mode = "running";
    this.past = false; // whether another moment than the newest is shown
    /** @type {""|"past"|"now"} the moment whose state was asked for and did not come yet */ this.pending = "";
    /** @type {import("./types.js").Control} */ this.control = "none";
    /** @type {Map<string, string>} path → status */ this.breakpoints = new Map();
    /** @type {Set<string>} paths of breakpoints at which a node waits now */ this.reached = new Set();
    /** @type {import("./types.js").Question[]} */ this.questions = [];
    /** @type {import("./types.js").Ending|null} */ this.ending = null;
  }

  /** @param {import("./types.js").Hello & {control: import("./types.js").Control}} m */
  hear_hello(m) {
    this.hello = m;
    this.control = m.control;
    this.mode = m.mode;
    this.ending = m.ending ?? null;
    [this.from, this.to] = m.range_s;
    this.ring = new Ring(m.joints.length);
    this.lanes.clear();
    this.events = [];
    this.marks = [];
    this.chunks = [];
    this.window = null;
    this.pending = "";
    this.questions = [];
    this.breakpoints.clear();
    this.reached.clear();
    this.frames.mark("hello", "control", "questions", "lanes", "ending");
  }

  /** @param {{revision: number, nodes: any[][]}} m */
  hear_layout(m) {
    this.revision = m.revision;
    this.nodes = m.nodes.map(([path, type, name, depth, parent, kind, prompt, detail]) => ({
      path,
      type,
      name,
      depth,
      parent,
      kind,
      prompt,
      detail,
      end: 0,
    }));
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const node = this.nodes[i];
      node.end = Math.max(node.end, i + 1);
      if (node.parent >= 0) this.nodes[node.parent].end = Math.max(this.nodes[node.parent].end, node.end);
    }
    this.states = this.nodes.map(() => ({
      status: "IDLE",
      ticked: false,
      reason: "",
      since_s: 0,
      age_s: null,
      confidence: null,
      cause: null,
    }));
    this.frames.mark("layout", "tree");
  }

  /** @param {any[][]} rows */
  apply(rows) {
    for (const [index, status, ticked, reason, since_s, age_s, confidence, cause] of rows) {
      if (index >= this.states.length) continue; // of a tree that was replaced meanwhile
      this.states[index] = { status, ticked, reason, since_s, age_s, confidence, cause };
    }
  }

  /** @param {import("./types.js").Tick & {nodes: any[][], events?: [number, string][], written?: [string, string, unknown][]}} m */
  hear_tick(m) {
    this.to = Math.max(this.to, m.t);
    this.ring.add(m);
    this.frames.mark("range");
    if (this.past || this.pending) return;
    this.apply(m.nodes ?? []);
    this.show(m);
    if (m.events?.length) {
      this.events.push(...m.events);
      this.marks.push(...m.events);
      for (const list of [this.events, this.marks])
        if (list.length > MOST_EVENTS) list.splice(0, list.length - MOST_EVENTS);
      this.frames.mark("events");
    }
    for (const [scope, key, value] of m.written ?? []) this.write(scope, key, value, m.t);
  }

  /** @param {any} m a whole moment, answer to a seek or the first of all */
  hear_state(m) {
    const asked = this.pending;
    this.pending = "";
    if (asked === "past" && !this.past) return; // back to now since: the past must not look like it
    this.apply(m.nodes);
    this.events = m.events ?? [];
    this.note(this.events, m.t);
    this.chunks = m.chunks ?? [];
    this.blackboard.clear();
    for (const [scope, keys] of Object.entries(m.blackboard ?? {})) {
      for (const [key, value] of Object.entries(keys)) this.write(scope, key, value, -Infinity);
    }
    if (!this.past) {
      this.to = Math.max(this.to, m.t);
      this.window = null;
    }
    this.show(m);
    this.frames.mark("events", "blackboard", "plan", "control", "range");
  }

  /** Know the events up to a moment; those before and after them stay known. @param {[number, string][]} events @param {number} t */
  note(events, t) {
    const first = events[0]?.[0] ?? Infinity;
    const before = this.marks.filter((mark) => mark[0] < first && mark[0] <= t),
      after = this.marks.filter((mark) => mark[0] > t);
    this.marks = [...before, ...events, ...after];
  }

  /**
   * A node's last words, and name and words of the node below that explains its failure.
   *
   * @param {number} i @returns {string}
   */
  why(i) {
    const { nodes, states } = this;
    const { reason, cause } = states[i];
    if (cause === null || !states[cause] || (reason && reason.includes(states[cause].reason))) return reason;
    const below = `${nodes[cause].name}: ${states[cause].reason}`;
    return reason ? `${reason}; ${below}` : below;
  }

  /** @param {import("./types.js").Tick} m */
  show(m) {
    this.tick = m;
    if (m.link) this.link = m.link;
    if (m.health) this.health = m.health;
    this.frames.mark("tick", "tree");
  }

  /** @param {string} scope @param {string} key @param {unknown} value @param {number} t */
  write(scope, key, value, t) {
    let keys = this.blackboard.get(scope);
    if (!keys) this.blackboard.set(scope, (keys = new Map()));
    keys.set(key, { value, t });
    this.frames.mark("blackboard");
  }

  /** @param {import("./types.js").Chunk} m */
  hear_chunk(m) {
    if (Number.isFinite(m.latency_s)) this.ring.latency.push([m.t, m.latency_s]);
    if (this.past || this.pending) return;
    this.chunks.push(m);
    if (this.chunks.length > MOST_CHUNKS) this.chunks.shift();
    this.frames.mark("plan");
  }

  /** @param {{lanes: import("./types.js").Lane[], whole?: boolean, range_s?: [number, number]}} m */
  hear_lanes(m) {
    if (m.whole) this.lanes.clear();
    for (const lane of m.lanes) {
      const known = this.lanes.get(lane.path);
      if (!known) {
        this.lanes.set(lane.path, lane);
        continue;
      }
      for (const span of lane.spans) {
        while (known.spans.length && known.spans[known.spans.length - 1][0] >= span[0]) known.spans.pop(); // it grew
        known.spans.push(span);
      }
      if (known.spans.length > MOST_SPANS) known.spans.splice(0, known.spans.length - MOST_SPANS);
    }
    if (m.range_s) {
      this.from = m.range_s[0];
      this.to = Math.max(this.to, m.range_s[1]);
    }
    this.frames.mark("lanes");
  }

  /** @param {import("./types.js").Series & {id: string}} m */
  hear_series(m) {
    if (m.id === "before") this.ring.precede(m);
    else if (this.past) this.window = m;
    this.frames.mark("plan");
  }

  /** @param {{state: import("./types.js").Control}} m */
  hear_control(m) {
    this.control = m.state;
    this.frames.mark("control", "tree");
  }

  /** @param {{list: [string, string, boolean][]}} m */
  hear_breakpoints(m) {
    this.breakpoints = new Map(m.list.map(([path, status]) => [path, status]));
    this.reached = new Set(m.list.filter(([, , reached]) => reached).map(([path]) => path));
    this.frames.mark("breakpoints", "tree");
  }

  /** @param {{list: [string, string, string][]}} m */
  hear_questions(m) {
    this.questions = m.list.map(([id, path, text]) => ({ id, path, text }));
    this.frames.mark("questions");
  }

  /** @param {{mode: import("./types.js").Mode}} m */
  hear_mode(m) {
    this.mode = m.mode;
    this.frames.mark("control", "tick");
  }

  /** @param {import("./types.js").Ending} m */
  hear_ended(m) {
    this.ending = m;
    this.mode = "ended";
    this.frames.mark("ending", "control", "tick");
  }

  /** What a page in the past is told of the run that goes on. @param {{range_s: [number, number], mode: import("./types.js").Mode}} m */
  hear_range(m) {
    [this.from, this.to] = m.range_s;
    this.mode = m.mode;
    this.frames.mark("range", "control");
  }

  /** @returns {number} the moment that is shown [s] */
  get t() {
    return this.tick?.t ?? this.to;
  }

  /** @returns {import("./types.js").Series} the course around the moment that is shown */
  get course() {
    return this.past && this.window ? this.window : this.ring;
  }

  /** @returns {boolean} whether a recording is still read: its end is not here yet */
  get reading() {
    return !!this.hello && !this.hello.live && !this.ending;
  }

  /** @returns {boolean} whether the run goes on */
  get running() {
    return !!this.hello?.live && this.mode !== "ended";
  }
}
