/** The page of a run: puts the parts together. */

import { Cameras } from "./cameras.js";
import { Control } from "./control.js";
import { Frames } from "./frames.js";
import { Graph } from "./graph.js";
import { Inspector } from "./inspector.js";
import { ALWAYS, Keys, typing } from "./keys.js";
import { Link } from "./link.js";
import { Blackboard, Events, drawPrompt } from "./notes.js";
import { clock, span } from "./numbers.js";
import { Plots } from "./plots.js";
import { Policy } from "./policy.js";
import { Store } from "./store.js";
import { Theme } from "./theme.js";
import { Timeline } from "./timeline.js";
import { Travel } from "./travel.js";
import { Tree } from "./tree.js";

const STALE_S = 1; // a live run is heard of more often than that
const TOAST_MS = 5000;

/** @param {string} id @returns {any} */
const by = (id) => document.getElementById(id);

const frames = new Frames();
const theme = new Theme(frames);
const store = new Store(frames);
/** @param {object} message @returns {boolean} */
const send = (message) => link.send(message);
const travel = new Travel(store, send);
const control = new Control(store, send, tell);
const inspector = new Inspector(store, (act) => control.act(/** @type {any} */ (act)));
const tree = new Tree(store, choose, (index) => control.toggleBreak(store.nodes[index].path));
const graph = new Graph(store, theme, tree);
const plots = new Plots(store, theme, travel);
const policy = new Policy(store, theme, plots);
const cameras = new Cameras(store, send);
const timeline = new Timeline(store, theme, travel, reveal);
const events = new Events(store, (t) => travel.to(t));
const blackboard = new Blackboard(store);

/** @type {number|null} the moment that was shown when the connection was lost */
let lostAt = null;
let stale = true; // whether nothing fresh is shown
let known = false; // whether the first moment of this connection is here

const link = new Link(
  hear,
  (camera, t, jpeg) => cameras.take(camera, t, jpeg),
  (up) => {
    if (!up) {
      lostAt = store.past ? store.t : null;
      if (store.control === "yours") store.control = "free";
      control.wanted = false;
      frames.mark("control");
    } else cameras.asked = undefined;
  },
);

/** @param {any} message */
function hear(message) {
  const name = `hear_${message.type}`;
  if (name in store) /** @type {any} */ (store)[name](message);
  if (message.type === "hello") welcome();
  else if (message.type === "layout") {
    tree.renew();
    graph.renew();
    inspector.choose(tree.chosen);
  } else if (message.type === "state") arrive();
  else if (message.type === "range" || message.type === "ended") travel.lead();
  else if (message.type === "control") control.turn();
  else if (message.type === "refused") tell(`Refused: ${message.what}: ${message.why}`);
}

function welcome() {
  const title = store.hello?.title || "bt_robot";
  by("title").textContent = title;
  document.title = `${title} · bt_robot`;
  store.past = known = false;
  if (store.hello?.note) tell(store.hello.note);
  plots.renew();
  cameras.renew();
}

/** A whole moment is here. */
function arrive() {
  document.body.classList.remove("waiting");
  if (!known) {
    known = true;
    travel.again(lostAt);
    lostAt = null;
  } else if (store.past && !travel.playing) tree.lookUp();
  travel.next();
}

/** @param {number} index */
function choose(index) {
  inspector.choose(index);
  if (!graph.canvas.hidden) graph.bring(index);
}

/** Say something for a few seconds. @param {string} words */
function tell(words) {
  const toast = document.createElement("div");
  toast.textContent = words;
  by("toasts").append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

/** @returns {[string, string]} how the page stands to the run: a word for its look, and what is read */
function modeShown() {
  if (stale) return ["stale", "old"];
  if (store.reading) return ["reading", "reading the recording …"];
  if (!store.hello?.live) return ["recorded", "recording"];
  if (store.past) return ["past", `${span(store.to - store.t)} ago`];
  const [waits] = store.reached;
  if (waits && store.running) return ["held", `a breakpoint holds ${waits.slice(waits.lastIndexOf("/") + 1)}`];
  if (store.mode === "running") return ["live", "live"];
  return [store.mode === "ended" ? "ended" : "held", store.mode];
}

function drawHeader() {
  const { tick } = store;
  if (!tick) return;
  const words = clock(store.t);
  if (by("clock").value !== words) by("clock").value = words;
  by("status").hidden = false;
  const status = (store.t >= store.to && store.ending?.status) || tick.status; // an end may come between two ticks
  by("status").dataset.status = status;
  if (by("status").textContent !== status) by("status").textContent = status;
  const [mode, text] = modeShown();
  by("mode").dataset.mode = mode;
  if (by("mode").textContent !== text) by("mode").textContent = text;
  by("live").hidden = !store.past || !store.hello?.live;
  by("live").textContent = store.running ? "Live" : "To the end";
  by("play").textContent = travel.playing ? "‖" : "▶";
  by("play").disabled = store.running && !store.past;
  by("range").value = `${clock(store.t)} of ${clock(store.to)}`;
}

function drawEnding() {
  const { ending } = store;
  by("ending").hidden = !ending;
  if (!ending) return;
  by("ending").dataset.status = ending.status;
  const words = [ending.status && `Ended: ${ending.status}`, ending.path, ending.reason].filter(Boolean).join(" · ");
  by("ending").textContent = words;
  by("ending").title = `${words}${ending.path ? " (click: show the node)" : ""}`;
}

/** Show a node in the tree. @param {string} path */
function reveal(path) {
  const index = store.nodes.findIndex((node) => node.path === path);
  if (index < 0) return;
  tree.outline.reveal(index);
  tree.goTo(index);
}

/** Say how old everything is when nothing is heard. */
function watch() {
  const silent = link.silenceS,
    before = stale;
  stale = !link.up || (store.running && silent > STALE_S);
  if (stale !== before) frames.mark("range");
  document.body.classList.toggle("stale", stale && !!store.tick);
  by("banner").hidden = !stale || (silent < STALE_S && !!store.tick);
  const age = `${Math.floor(silent)} s`;
  const words = link.up
    ? `Nothing heard from the run for ${age}: what you see is old.`
    : [
        store.tick ? `Not connected: what you see is ${age} old.` : "Not connected.",
        link.why && `The server said: ${link.why}.`,
        // A browser is not told why a connection could not be opened.
        link.failures > 1 &&
          "Is the run still on? Open the link that was printed, with all of it: it may hold a token.",
        "Trying again …",
      ]
        .filter(Boolean)
        .join(" ");
  if (!by("banner").hidden && by("banner").textContent !== words) by("banner").textContent = words;
  if (store.questions.length) frames.mark("questions");
}
setInterval(watch, 200);

/** @param {number} factor */
function magnify(factor) {
  if (graph.canvas.hidden) tree.magnify(factor);
  else graph.magnify(factor);
}

/** @param {boolean} asGraph */
function drawTreeAs(asGraph) {
  by("tree").hidden = asGraph;
  by("graph").hidden = !asGraph;
  by("as-outline").setAttribute("aria-pressed", String(!asGraph));
  by("as-graph").setAttribute("aria-pressed", String(asGraph));
  frames.mark("tree", "layout");
}

/** Go a few control steps on or back. @param {number} steps */
function nudge(steps) {
  travel.play(false);
  travel.to(travel.shown + steps / (store.hello?.control_hz ?? 30) + 1e-4);
}

function followOn() {
  tree.follow = !tree.follow;
  tree.lastTip = -1;
  tree.scrolledMs = -Infinity;
  by("follow").setAttribute("aria-pressed", String(tree.follow));
  frames.mark("tree");
}

frames.add(["tree", "layout", "theme", "travel"], () => {
  tree.draw();
  graph.draw();
  inspector.draw();
});
frames.add(["tick", "range", "travel", "control", "breakpoints", "ending"], drawHeader);
frames.add(["tick", "plan", "travel", "theme"], () => {
  plots.draw();
  policy.draw();
});
frames.add(["tick"], () => drawPrompt(store));
frames.add(["tick", "pictures", "hello"], () => cameras.draw());
frames.add(["lanes", "range", "tick", "events", "theme", "travel"], () => timeline.draw());
frames.add(["events"], () => events.draw());
frames.add(["blackboard"], () => blackboard.draw());
frames.add(["control", "tick", "hello"], () => control.draw());
frames.add(["questions", "control"], () => control.drawQuestion());
frames.add(["ending", "hello"], drawEnding);
frames.add(["breakpoints", "control"], () => inspector.draw());

// The stop names the key that works now.
for (const name of ["focusin", "focusout"])
  addEventListener(name, () =>
    setTimeout(() => {
      by("stop-key").textContent = typing(document.activeElement) ? ALWAYS : "Space";
    }),
  );
by("search").addEventListener("input", () => tree.search(by("search").value));
by("search").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key !== "Enter" || !tree.outline.found.size) return;
  const found = [...tree.outline.found],
    next = found.find((i) => i > tree.chosen) ?? found[0];
  tree.goTo(next);
});
by("fold").addEventListener("click", () => tree.foldIdle());
by("unfold").addEventListener("click", () => tree.unfoldAll());
by("follow").addEventListener("click", followOn);
by("as-outline").addEventListener("click", () => drawTreeAs(false));
by("as-graph").addEventListener("click", () => drawTreeAs(true));
by("span").addEventListener("change", () => {
  travel.spanS = Number(by("span").value);
  if (store.past) travel.look(store.t);
  frames.mark("plan");
});
by("speed").addEventListener("change", () => {
  travel.speed = Number(by("speed").value);
});
by("play").addEventListener("click", () => travel.play(!travel.playing));
by("live").addEventListener("click", () => travel.live());
by("ending").addEventListener("click", () => reveal(store.ending?.path ?? ""));
by("help").addEventListener("click", () => by("keys").showModal());

new Keys(
  [
    [
      " ",
      "Emergency stop of a live run; play and pause of a recording",
      () => (store.hello?.live ? control.stop() : travel.play(!travel.playing)),
    ],
    [ALWAYS, "Emergency stop, also in a field where Space is a letter", () => control.stop()],
    ["l", "Back to now", () => travel.live()],
    ["p", "Play from the moment shown", () => travel.play(!travel.playing)],
    ["ArrowLeft", "One control step back", () => nudge(-1)],
    ["ArrowRight", "One control step on", () => nudge(1)],
    ["Shift+ArrowLeft", "A second back", () => nudge(-(store.hello?.control_hz ?? 30))],
    ["Shift+ArrowRight", "A second on", () => nudge(store.hello?.control_hz ?? 30)],
    ["Home", "To the beginning", () => travel.to(store.from)],
    ["End", "To the end, or back to now", () => (store.running ? travel.live() : travel.to(store.to))],
    ["/", "Find a node; Enter goes to the next", () => by("search").focus()],
    ["o", "The tree as an outline", () => drawTreeAs(false)],
    ["g", "The tree as a graph", () => drawTreeAs(true)],
    ["f", "Follow what runs", followOn],
    ["-", "Fold all but what runs", () => tree.foldIdle()],
    ["+", "Unfold all", () => tree.unfoldAll()],
    ["[", "Tree smaller", () => magnify(1 / 1.15)],
    ["]", "Tree larger", () => magnify(1.15)],
    ["<", "Timeline: more of the run", () => timeline.zoom(1.25)],
    [">", "Timeline: less, in more detail", () => timeline.zoom(0.8)],
    [",", "To the event before", () => travel.event(-1)],
    [".", "To the next event", () => travel.event(1)],
    [
      "b",
      "Breakpoint on the chosen node",
      () => {
        if (tree.chosen >= 0) control.toggleBreak(store.nodes[tree.chosen].path);
      },
    ],
    ["h", "Hold, or go on", () => control.hold()],
    ["s", "Tick the tree once", () => control.act({ act: "step" })],
    ["c", "Go on until a status changes", () => control.act({ act: "step_to_change" })],
    ["?", "These keys", () => by("keys").showModal()],
    [
      "Escape",
      "",
      () => {
        if (tree.chosen >= 0) tree.choose(tree.chosen);
      },
    ],
  ],
  (event) => tree.key(event),
);
