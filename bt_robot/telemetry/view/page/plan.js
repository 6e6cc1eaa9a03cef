/** A policy's chunks on a joint's plot: what is ahead, what was done of them, and what was discarded. */

/**
 * @typedef {object} Stretch A part of a chunk that met one fate.
 * @property {"ahead"|"done"|"discarded"} fate
 * @property {number[]} t
 * @property {number[][]} rows a joint vector per time
 */

/**
 * @param {import("./types.js").Chunk[]} chunks oldest first
 * @param {number} now [s]
 * @param {number} until how far the plan goes [s]; what was planned beyond was dropped
 * @param {number} hz control rate
 * @param {(t: number) => boolean} heldAt whether the arm held, so that what was planned was not done
 * @param {(joint: number, t: number) => number|null} commandedAt where increments are added up from
 * @param {number} gripper the joint whose column is a target in every chunk, or -1
 * @returns {Stretch[]}
 */
export function stretches(chunks, now, until, hz, heldAt, commandedAt, gripper) {
  /** @type {Stretch[]} */ const all = [];
  chunks.forEach((chunk, k) => {
    const next = chunks.slice(k + 1).find((later) => later.outcome === "accepted");
    const rows = chunk.incremental ? added(chunk, commandedAt, gripper, hz) : chunk.actions;
    /** @type {Stretch|null} */ let open = null;
    rows.forEach((row, i) => {
      const t = chunk.observed_t + i / hz;
      const lost =
        chunk.outcome !== "accepted" ||
        i < chunk.skipped ||
        (next !== undefined && t >= next.t) ||
        t > Math.max(now, until) ||
        (t <= now && heldAt(t));
      const fate = lost ? "discarded" : t <= now ? "done" : "ahead";
      if (open?.fate !== fate) {
        if (open) {
          open.t.push(t);
          open.rows.push(row);
        } // no gap between two fates
        open = { fate, t: [], rows: [] };
        all.push(open);
      }
      open.t.push(t);
      open.rows.push(row);
    });
  });
  return all;
}

/**
 * @param {import("./types.js").Chunk} chunk @param {(joint: number, t: number) => number|null} commandedAt
 * @param {number} gripper @param {number} hz @returns {number[][]} targets
 */
function added(chunk, commandedAt, gripper, hz) {
  const start = chunk.observed_t + (chunk.skipped - 1) / hz;
  const sum = (chunk.actions[0] ?? []).map((_, j) => commandedAt(j, start) ?? 0);
  return chunk.actions.map((row, i) =>
    row.map((value, j) => {
      if (j === gripper) return value;
      if (i >= chunk.skipped) sum[j] += value;
      return sum[j];
    }),
  );
}

/**
 * @param {any} plot the uPlot @param {Stretch[]} parts @param {number} joint @param {Record<string, string>} colors
 */
export function drawPlan(plot, parts, joint, colors) {
  const { ctx, bbox } = plot,
    scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const part of parts) {
    const [color, width, dash] =
      part.fate === "ahead"
        ? [colors.planned, 2.2, []]
        : part.fate === "done"
          ? [colors.planned, 1, []]
          : [colors.discarded, 1.2, [3, 3]];
    ctx.strokeStyle = color;
    ctx.lineWidth = /** @type {number} */ (width) * scale;
    ctx.setLineDash(/** @type {number[]} */ (dash).map((length) => length * scale));
    ctx.beginPath();
    part.t.forEach((t, i) => {
      const x = plot.valToPos(t, "x", true),
        y = plot.valToPos(part.rows[i][joint], "y", true);
      if (i) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
    });
    ctx.stroke();
    const last = part.t.length - 1;
    if (part.fate === "ahead" && last >= 0) {
      ctx.fillStyle = color;
      ctx.beginPath();
      ctx.arc(
        plot.valToPos(part.t[last], "x", true),
        plot.valToPos(part.rows[last][joint], "y", true),
        2.4 * scale,
        0,
        7,
      );
      ctx.fill();
    }
  }
  ctx.restore();
}
