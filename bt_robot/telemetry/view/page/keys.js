/** The keyboard. Space is the emergency stop of a live run, but in a field one types in: `ALWAYS` is, there as well. */

export const ALWAYS = "F8";

const IN_TREE = [
  ["↑ ↓", "Choose a node; also Page up and down"],
  ["← →", "With the tree in focus: fold and unfold, to the parent, to the first child"],
];

/** @param {EventTarget|null} target @returns {boolean} */
export function typing(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

export class Keys {
  /**
   * @param {[string, string, () => void][]} bindings key, words, what it does
   * @param {(event: KeyboardEvent) => boolean} tree the tree's own keys
   */
  constructor(bindings, tree) {
    this.bindings = new Map(bindings.map(([key, , run]) => [key, run]));
    addEventListener(
      "keydown",
      (event) => {
        if (event.key === ALWAYS) {
          event.preventDefault();
          if (!event.repeat) this.bindings.get(ALWAYS)?.();
          return;
        }
        if (event.key === "Escape" && typing(event.target)) {
          /** @type {HTMLElement} */ (event.target).blur();
          return;
        }
        if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target instanceof HTMLSelectElement && event.key !== " ") return;
        if (event.key !== " " && document.querySelector("dialog[open]")) return;
        const inTree =
          /^(tree|graph)$/.test(document.activeElement?.id ?? "") ||
          (document.activeElement === document.body && !/^(ArrowLeft|ArrowRight|Home|End)$/.test(event.key));
        if (inTree && !event.shiftKey && tree(event)) {
          event.preventDefault();
          return;
        }
        const run = this.bindings.get(
          event.shiftKey && event.key.startsWith("Arrow")
            ? `Shift+${event.key}`
            : event.key.length === 1
              ? event.key.toLowerCase()
              : event.key,
        );
        if (!run) return;
        event.preventDefault();
        event.stopPropagation();
        if (!event.repeat || event.key.startsWith("Arrow")) run();
      },
      true,
    );
    addEventListener(
      "keyup",
      (event) => {
        // a button in focus must not take the Space for a click
        if (event.key === " " && !typing(event.target)) event.preventDefault();
      },
      true,
    );
    const list = /** @type {HTMLElement} */ (document.getElementById("key-list"));
    for (const [key, words] of [...bindings, ...IN_TREE]) {
      if (!words) continue;
      const name = document.createElement("kbd"),
        text = document.createElement("span");
      name.textContent =
        key === " "
          ? "Space"
          : key
              .replace("Arrow", "")
              .replace("Left", "←")
              .replace("Right", "→")
              .toUpperCase()
              .replace("SHIFT+", "Shift ");
      text.textContent = words;
      list.append(name, text);
    }
  }
}
