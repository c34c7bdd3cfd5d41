// Chapter 2: a 2×2 matrix moves the plane. Its rows are where the two unit steps go.

import { determinant, map, rotation } from "../mathematics.js";
import { shown, vector } from "../stage.js";

const GRID = Array.from({ length: 25 }, (_, at) => at - 12);
/** The letter F of the page, in the unit square. */
const LETTER = [
  [0, 0], [0, 3], [2, 3], [2, 2.4], [0.6, 2.4], [0.6, 1.8], [1.6, 1.8], [1.6, 1.2], [0.6, 1.2], [0.6, 0],
].map(([x, y]) => [0.2 + x * 0.3, 0.05 + y * 0.3]);
const turned = rotation(Math.PI / 6);

export default {
  title: "A matrix of two rows that you can move, and the plane under it",
  start: () => ({ u: [2, 0.5], v: [0.5, 1.5] }),
  build(stage) {
    const ticks = [-3, -2, -1, 0, 1, 2, 3].map((value) => [value]);
    const plane = stage.plane({
      label: "The plane", x: [-3.4, 3.4], y: [-2.4, 2.4], square: true, ticks: [ticks, ticks.slice(1, 6)],
    });
    const square = plane.line("fill-green");
    const grid = plane.add("path", "moved");
    const letter = plane.line("fill-purple");
    const arrows = { u: plane.arrow("blue", 8), v: plane.arrow("orange", 8) };
    const names = { u: plane.label("blue", "u"), v: plane.label("orange", "v") };
    for (const [key, className] of [["u", "blue"], ["v", "orange"]])
      stage.handle(plane, key, {
        label: `Row ${key} of the matrix`, className, ranges: [[-3, 3], [-2, 2]],
      });
    stage.presets("Maps of the page", {
      "as it is": { u: [1, 0], v: [0, 1] },
      "rotation by 30°": { u: turned[0], v: turned[1] },
      shear: { u: [1, 0], v: [0.6, 1] },
      projection: { u: [0.8, 0.4], v: [0.4, 0.2] },
      "rows exchanged": { u: [0, 1], v: [1, 0] },
    });
    const lines = {
      rows: stage.line("W", "rows"),
      determinant: stage.line("det W", "determinant"),
      area: stage.line("the unit square", "area"),
      corner: stage.line("(1, 1) goes to", "corner"),
    };

    return ({ u, v }) => {
      const W = [u, v];
      const numbers = { W, determinant: determinant(W), corner: map([1, 1], W) };
      const size = Math.abs(numbers.determinant);
      grid.setAttribute("d", GRID.flatMap((at) => [
        plane.route([map([at, -12], W), map([at, 12], W)]),
        plane.route([map([-12, at], W), map([12, at], W)]),
      ]).join(""));
      square([[0, 0], u, numbers.corner, v], true);
      letter(LETTER.map((point) => map(point, W)), true);
      for (const [key, tip] of Object.entries({ u, v })) {
        arrows[key](tip);
        names[key](tip, tip[1] < 0 ? [9, 16] : [9, -8]);
      }

      const [[a, b], [c, d]] = W.map((row) => row.map(factor));
      lines.rows(`u = ${vector(u, 2)}, v = ${vector(v, 2)}`);
      lines.determinant(`${a} × ${d} − ${b} × ${c} = ${shown(numbers.determinant)}`);
      const flat = size < 1e-9;
      const side = numbers.determinant > 0 ? "not turned over" : "turned over";
      lines.area(flat ? "squeezed flat: area 0.00" : `${side}: area ${shown(size)}`);
      lines.corner(vector(numbers.corner, 2));
      const words = flat ? "flat" : side;
      return { numbers, words: `The determinant is ${shown(numbers.determinant)}: ${words}.` };
    };
  },
};

const factor = (entry) => (entry < 0 ? `(${shown(entry)})` : shown(entry));
