// A grid of attention weights, queries down and keys across, in which a handle chooses a cell.

import { set, shown, svg } from "./stage.js";

const SIZE = 5;

/** Makes the grid; `draw(words, weights, cell, mask)` colours it. `cell` of the state is [key, up]. */
export function grid(stage) {
  const places = [...Array(SIZE).keys()];
  let names = [];
  const plane = stage.plane({
    label: "Weights, queries down and keys across", x: [-0.5, SIZE - 0.5], y: [-0.5, SIZE - 0.5], height: 284,
    xlabel: "key", ylabel: "query", bare: true,
    ticks: [places.map((at) => [at, ""]), places.map((at) => [SIZE - 1 - at, ""])],
  });
  const ticks = [...plane.frame.querySelectorAll(".tick")];
  const [width, height] = plane.scale;
  const cells = places.map((row) => places.map((key) => {
    const [x, y] = plane.at([key - 0.5, SIZE - row - 0.5]);
    const made = plane.add("rect", "cell", { x, y, width, height });
    return [made, plane.label("in small middle")];
  }));
  const chosen = plane.line("ink");
  stage.handle(plane, "cell", {
    label: "Query and key", className: "ink", step: 1, drop: 11, ranges: [[0, SIZE - 1], [0, SIZE - 1]],
    say: ([key, up]) => {
      const row = SIZE - 1 - up;
      return `query ${row + 1}, ${names[row]}; key ${key + 1}, ${names[key]}`;
    },
  });
  plane.node.addEventListener("click", (event) => {
    const cell = plane.under(event).map(Math.round);
    if (cell.every((at) => places.includes(at))) stage.change({ cell });
  });

  return (words, weights, cell, mask) => {
    names = words;
    ticks.forEach((tick, at) => { tick.textContent = words[at % SIZE]; });
    for (const row of places)
      for (const key of places) {
        const [square, number] = cells[row][key];
        const seen = !mask || mask[row][key];
        set(square, { "fill-opacity": weights[row][key] / 2 });
        number([key, SIZE - 1 - row], [0, -3], seen ? shown(weights[row][key]) : "×");
      }
    const [left, low] = [-0.48, cell[1] - 0.46];
    chosen([[left, low], [left, low + 0.92], [SIZE - 0.52, low + 0.92], [SIZE - 0.52, low]], true);
  };
}

/** Which row of the grid a cell is in: the state counts upwards, as the arrow keys do. */
export const rowOf = ([, up]) => SIZE - 1 - up;

/** Numbers in brackets, a whole one without decimals. */
export const row = (values, digits) =>
  `(${values.map((value) => shown(value, Number.isInteger(value) ? 0 : digits)).join(", ")})`;
