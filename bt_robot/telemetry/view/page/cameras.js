/** The cameras' pictures. Only those in view are asked for; an old picture looks old. */

const OLD_S = 1;
const SHOWN_LATE_S = 0.25; // a picture may be here before the tick in which it was taken is

export class Cameras {
  /** @param {import("./store.js").Store} store @param {(message: object) => boolean} send */
  constructor(store, send) {
    this.store = store;
    this.send = send;
    this.box = /** @type {HTMLElement} */ (document.getElementById("cameras"));
    this.panel = /** @type {HTMLElement} */ (document.getElementById("robot-panel"));
    /** @type {Map<string, {figure: HTMLElement, canvas: HTMLCanvasElement, words: HTMLElement, t: number, busy: boolean, next: Blob|null, nextT: number}>} */
    this.views = new Map();
    this.inView = true;
    /** @type {string|undefined} what was asked for last */ this.asked = undefined;
    new IntersectionObserver(([entry]) => {
      this.inView = entry.isIntersecting;
      this.ask();
    }).observe(this.panel);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  renew() {
    this.box.replaceChildren();
    this.views.clear();
    const names = this.store.hello?.cameras ?? [];
    this.box.hidden = !names.length;
    for (const name of names) {
      const figure = document.createElement("figure"),
        canvas = document.createElement("canvas"),
        words = document.createElement("figcaption");
      words.textContent = name;
      figure.tabIndex = 0;
      figure.setAttribute("role", "button");
      figure.setAttribute("aria-label", `Camera ${name}: larger or smaller`);
      const turn = () => figure.classList.toggle("large");
      figure.addEventListener("click", turn);
      figure.addEventListener("keydown", (event) => {
        if (event.key === "Enter") turn();
      });
      figure.append(canvas, words);
      this.box.append(figure);
      this.views.set(name, { figure, canvas, words, t: NaN, busy: false, next: null, nextT: NaN });
    }
    this.asked = undefined;
    this.ask();
  }

  /** Tell the server which pictures somebody looks at. */
  ask() {
    const names = document.hidden || !this.inView ? [] : [...this.views.keys()];
    const words = names.join("\n");
    if (words === this.asked) return;
    if (this.send({ type: "pictures", cameras: names.length ? names : "none" })) this.asked = words;
  }

  /** @param {string} name @param {number} t @param {Blob} jpeg */
  take(name, t, jpeg) {
    const view = this.views.get(name);
    if (!view) return;
    view.next = jpeg; // the newest wins
    view.nextT = t;
    if (!view.busy) void this.decode(view);
  }

  /** @param {any} view */
  async decode(view) {
    view.busy = true;
    while (view.next) {
      const [blob, t] = [view.next, view.nextT];
      view.next = null;
      try {
        const image = await createImageBitmap(blob);
        if (view.canvas.width !== image.width || view.canvas.height !== image.height) {
          [view.canvas.width, view.canvas.height] = [image.width, image.height];
          view.figure.style.setProperty("--aspect", String(image.width / image.height));
        }
        view.canvas.getContext("2d")?.drawImage(image, 0, 0);
        image.close();
        view.t = t;
        this.store.frames.mark("pictures");
      } catch {
        /* a broken picture: the one before stays, and grows old */
      }
    }
    view.busy = false;
  }

  draw() {
    for (const [name, view] of this.views) {
      const age = this.store.t - view.t,
        later = age < -SHOWN_LATE_S, // none was taken until the moment that is shown
        old = later || !(age < OLD_S);
      const text =
        later || Number.isNaN(view.t)
          ? `${name} · no picture`
          : age > 0.25
            ? `${name} · ${age.toFixed(1)} s old`
            : name;
      if (view.words.textContent !== text) view.words.textContent = text;
      view.figure.classList.toggle("old", old);
    }
  }
}
