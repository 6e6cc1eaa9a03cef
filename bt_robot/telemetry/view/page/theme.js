/** Light or dark, as the system or as chosen; and the colours for what is drawn on canvases. */

const NAMES = [
  "page",
  "panel",
  "raised",
  "line",
  "faint",
  "text",
  "soft",
  "dim",
  "accent",
  "RUNNING",
  "SUCCESS",
  "FAILURE",
  "IDLE",
  "RUNNING-soft",
  "measured",
  "commanded",
  "planned",
  "discarded",
  "limit",
  "warn",
  "warn-soft",
];
const CHOICES = ["system", "light", "dark"];
const KEPT = "bt-view-theme";

export class Theme {
  /** @param {import("./frames.js").Frames} frames */
  constructor(frames) {
    this.frames = frames;
    /** @type {Record<string, string>} */ this.colors = {};
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.choice = this.kept();
    this.button = /** @type {HTMLElement} */ (document.getElementById("theme"));
    this.system.addEventListener("change", () => this.apply());
    this.button.addEventListener("click", () => this.turn());
    this.apply();
  }

  /** @returns {string} */
  kept() {
    try {
      return CHOICES.find((choice) => choice === localStorage.getItem(KEPT)) ?? "system";
    } catch {
      return "system";
    }
  }

  turn() {
    this.choice = CHOICES[(CHOICES.indexOf(this.choice) + 1) % CHOICES.length];
    try {
      localStorage.setItem(KEPT, this.choice);
    } catch {
      /* a private window keeps nothing */
    }
    this.apply();
  }

  apply() {
    const dark = this.choice === "dark" || (this.choice === "system" && this.system.matches);
    document.documentElement.classList.toggle("dark", dark);
    this.button.title = `Colours: ${this.choice}`;
    this.button.textContent = { system: "◐", light: "☀", dark: "☾" }[this.choice] ?? "◐";
    const style = getComputedStyle(document.documentElement);
    for (const name of NAMES) this.colors[name] = style.getPropertyValue(`--${name}`).trim();
    this.frames.mark("theme");
  }
}
