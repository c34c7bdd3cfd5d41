// Chapter 3: the line that one neuron draws, and how far a point is from it.

import { dot, neuron, norm } from "../mathematics.js";
import { shown, svg } from "../stage.js";

const HALVES = (low, high) => Array.from({ length: 2 * (high - low) + 1 }, (_, at) => low + at / 2);
const POINTS = HALVES(-2, 3).flatMap((y) => HALVES(-3, 4).map((x) => [x, y]));

export default {
  title: "A neuron with two inputs, its line, and a point that you can move",
  start: () => ({ w: 3, u: 4, b: -5, x: [2, 1] }),
  build(stage) {
    const ticks = [-3, -2, -1, 0, 1, 2, 3, 4].map((value) => [value]);
    const plane = stage.plane({
      label: "The plane of the two inputs", x: [-3.4, 4.4], y: [-2.4, 3.4], square: true,
      ticks: [ticks, ticks.slice(1, 7)], xlabel: "first input", ylabel: "second input",
    });
    const marks = POINTS.map((point) => {
      const [x, y] = plane.at(point);
      const made = svg("path", { transform: `translate(${x} ${y})` });
      plane.content.append(made);
      return made;
    });
    const line = plane.line("green wide");
    const away = plane.line("ink dotted");
    const arrow = plane.arrow("purple");
    const name = plane.label("purple", "w");
    stage.handle(plane, "x", { label: "The point x", className: "ink", ranges: [[-3.4, 4.4], [-2.4, 3.4]] });
    const one = { min: -5, max: 5, step: 0.5, say: (value) => shown(value, 1) };
    stage.slider("w", { label: "weight w₁", ...one });
    stage.slider("u", { label: "weight w₂", ...one });
    stage.slider("b", { label: "bias b", ...one, min: -10, max: 10 });
    const lines = {
      z: stage.line("z at the point x", "z"),
      distance: stage.line("its distance from the line", "distance"),
      positive: stage.line("z is positive", "positive"),
    };

    return (state) => {
      const { b, x } = state;
      const w = [state.w, state.u];
      const values = POINTS.map((point) => neuron(point, w, b));
      const numbers = {
        w, b, x, z: neuron(x, w, b), norm: norm(w), points: POINTS,
        positive: values.filter((value) => value > 0).length,
      };
      const directed = numbers.norm > 0;
      numbers.distance = directed ? numbers.z / numbers.norm : null;
      values.forEach((value, at) => {
        marks[at].setAttribute("class", value > 0 ? "blue dot" : value < 0 ? "orange cross" : "green dot");
        marks[at].setAttribute("d", value < 0 ? "M-3-3L3 3M-3 3L3-3" : "M-2.500 0a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0");
      });
      if (directed) {
        const unit = w.map((entry) => entry / numbers.norm);
        const foot = w.map((entry) => (-b * entry) / dot(w, w));
        const tip = foot.map((entry, i) => entry + unit[i]);
        line([-20, 20].map((far) => [foot[0] - far * unit[1], foot[1] + far * unit[0]]));
        away([x, x.map((entry, i) => entry - numbers.distance * unit[i])]);
        arrow(tip, foot);
        name(tip, [6, -6]);
      } else {
        for (const draw of [line, away]) draw([]);
        arrow([0, 0]);
        name([0, 0], [0, 0], "");
      }

      const [x1, x2] = x.map((entry) => factor(entry));
      const [w1, w2] = w.map((entry) => factor(entry));
      const plus = b < 0 ? `− ${shown(-b, 1)}` : `+ ${shown(b, 1)}`;
      lines.z(`${x1} × ${w1} + ${x2} × ${w2} ${plus} = ${shown(numbers.z)}`);
      lines.distance(directed ? `${shown(numbers.z)} / ${shown(numbers.norm)} = ${shown(numbers.distance)}`
        : "none: without weights there is no line");
      lines.positive(`at ${numbers.positive} of the ${POINTS.length} points`);
      const far = directed ? `, its distance ${shown(numbers.distance)}` : "";
      const count = `Positive at ${numbers.positive} of ${POINTS.length} points`;
      return { numbers, words: `z is ${shown(numbers.z)}${far}. ${count}.` };
    };
  },
};

const factor = (entry) => (entry < 0 ? `(${shown(entry, 1)})` : shown(entry, 1));
