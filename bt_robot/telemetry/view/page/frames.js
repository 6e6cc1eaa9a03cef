/** Draws what changed, at most once per frame of the screen. */
export class Frames {
  constructor() {
    /** @type {Set<string>} */ this.changed = new Set();
    /** @type {{topics: string[], draw: () => void}[]} */ this.panels = [];
    this.asked = false;
  }

  /** Have something drawn when one of the topics changed. @param {string[]} topics @param {() => void} draw */
  add(topics, draw) {
    this.panels.push({ topics, draw });
  }

  /** @param {...string} topics */
  mark(...topics) {
    for (const topic of topics) this.changed.add(topic);
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => this.run());
  }

  run() {
    this.asked = false;
    const changed = this.changed;
    this.changed = new Set();
    for (const panel of this.panels) {
      if (!panel.topics.some((topic) => changed.has(topic))) continue;
      try {
        panel.draw();
      } catch (error) {
        console.error(error);
      } // one panel's fault must not freeze the others
    }
  }
}
