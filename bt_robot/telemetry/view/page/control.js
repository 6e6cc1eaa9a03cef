/** Control of a live run: who steers, what they may do, and the emergency stop, which everybody may press. */

const AGAIN_MS = 300;
const TELL_MS = 10_000;
const ALIVE_MS = 100; // the lease runs out after 250 ms of silence: a closed or sleeping tab steers nothing

/** @param {string} id @returns {HTMLButtonElement} */
const by = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

export class Control {
  /**
   * @param {import("./store.js").Store} store @param {(message: object) => boolean} send
   * @param {(words: string) => void} tell
   */
  constructor(store, send, tell) {
    this.store = store;
    this.send = send;
    this.tell = tell;
    this.wanted = false; // whether a person took control and did not leave it
    this.toldMs = -Infinity;
    by("take").addEventListener("click", () => this.take());
    by("leave").addEventListener("click", () => {
      this.wanted = false;
      this.send({ type: "leave" });
    });
    by("hold").addEventListener("click", () => this.hold());
    by("step").addEventListener("click", () => this.act({ act: "step" }));
    by("change").addEventListener("click", () => this.act({ act: "step_to_change" }));
    by("stop").addEventListener("click", () => this.stop());
    for (const [id, value] of /** @type {[string, boolean][]} */ ([
      ["yes", true],
      ["no", false],
    ])) {
      by(id).addEventListener("click", () => this.answer(value));
    }
    setInterval(() => {
      if (store.control === "yours") this.send({ type: "alive" });
    }, ALIVE_MS);
  }

  take() {
    this.wanted = true;
    this.send({ type: "take" });
  }

  /** The control changed hands. A lease that ran out while this machine was busy is taken again; the run is safe meanwhile. */
  turn() {
    if (this.store.control === "taken") this.wanted = false;
    if (this.store.control !== "free" || !this.wanted) return;
    if (performance.now() - this.toldMs > TELL_MS) {
      this.toldMs = performance.now();
      this.tell("Control lapsed: this page was too busy to say that it is there. Taking it again …");
    }
    setTimeout(() => {
      if (this.wanted && this.store.control === "free" && !document.hidden) this.take();
    }, AGAIN_MS);
  }

  /** @param {{act: string} & Record<string, unknown>} act */
  act(act) {
    if (this.store.control !== "yours") {
      if (!this.wanted || this.store.control !== "free") {
        this.tell(this.store.control === "taken" ? "Another page steers." : "Take control first.");
        return;
      }
      this.take(); // it lapsed just now, and a person is there
    }
    if (!this.send({ type: "act", ...act })) this.tell("Not connected: nothing was sent.");
  }

  hold() {
    this.act({ act: this.store.mode === "running" ? "hold" : "resume" });
  }

  stop() {
    if (!this.store.hello?.live) return;
    if (!this.store.running) this.tell("The run has ended: there is nothing to stop.");
    else if (this.send({ type: "act", act: "stop" })) this.tell("Emergency stop sent.");
    else this.tell("NOT CONNECTED: the stop was not sent. Use the robot's own switch.");
  }

  /** @param {boolean} value */
  answer(value) {
    const [question] = this.store.questions;
    if (question) this.act({ act: "confirm", id: question.id, value });
  }

  /** Set or remove a breakpoint. @param {string} path */
  toggleBreak(path) {
    const status = this.store.breakpoints.get(path);
    this.act(status ? { act: "unbreak", path, status } : { act: "breakpoint", path, status: "RUNNING" });
  }

  draw() {
    const { store } = this,
      mine = store.control === "yours" || (this.wanted && store.control === "free"), // or lapsed for a moment
      held = store.mode === "held" || store.mode === "stepping";
    by("control").hidden = store.control === "none" || !store.running;
    const focused = document.activeElement === by("take");
    by("take").hidden = mine;
    by("take").disabled = store.control === "taken";
    by("take").textContent = store.control === "taken" ? "Another page steers" : "Take control";
    for (const id of ["leave", "hold", "step", "change"]) by(id).hidden = !mine;
    if (mine && focused) by("hold").focus(); // who took it by keys goes on from there
    by("hold").textContent = held ? "Resume" : "Hold";
    by("hold").classList.toggle("strong", held);
    by("stop").hidden = !store.running;
    document.getElementById("tree")?.classList.toggle("can-break", mine);
  }

  drawQuestion() {
    const [question] = this.store.questions;
    const box = /** @type {HTMLElement} */ (document.getElementById("question"));
    box.hidden = !question;
    if (!question) return;
    /** @type {HTMLElement} */ (document.getElementById("question-text")).textContent = question.text;
    /** @type {HTMLElement} */ (document.getElementById("question-where")).textContent =
      `${question.path}${this.store.control === "yours" ? "" : " · take control to answer"}`;
    for (const id of ["yes", "no"]) by(id).disabled = this.store.control !== "yours";
  }
}
