/** Numbers as people read them. */

/** @param {number} s @returns {string} a time of the run, e.g. `12.34 s` or `3:05.2` */
export function clock(s) {
  if (!Number.isFinite(s)) return "–";
  if (s < 60) return `${s.toFixed(2)} s`;
  const hours = Math.floor(s / 3600),
    minutes = Math.floor(s / 60) % 60;
  const seconds = (Math.floor((s % 60) * 10) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** @param {number} s @returns {string} a time of the run on an axis, e.g. `2.5 s` or `3:05` */
export function axisTime(s) {
  s = Math.round(s * 100) / 100;
  if (s < 60) return `${s} s`;
  const hours = Math.floor(s / 3600),
    minutes = Math.floor(s / 60) % 60;
  const [whole, part] = String(+(s % 60).toFixed(2)).split(".");
  const seconds = whole.padStart(2, "0") + (part ? `.${part}` : "");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** @param {number} s @returns {string} a span of time in few characters */
export function span(s) {
  if (!Number.isFinite(s) || s < 0) return "";
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.floor(s)} s`;
  return s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}

/** @param {number|null|undefined} value @param {number} [digits] @returns {string} */
export function number(value, digits = 3) {
  return value === null || value === undefined || !Number.isFinite(value)
    ? "–"
    : value.toFixed(digits).replace("-", "−");
}

/** @param {unknown} value @returns {string} a value of the blackboard */
export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
