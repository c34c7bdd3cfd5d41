// Chapter 7: momentum in a ravine, a hundred times steeper across than along.

import { Momentum, descend, stepsToAMillionth } from "../mathematics.js";
import { measured, shown, vector } from "../stage.js";

const CURVATURES = [1, 100];
const STEPS = 300;
const LIMIT = 20_000; // more steps to a millionth than this are not counted
const LEVELS = [0.05, 0.5, 2, 5, 10, 20, 35, 50];
const gradient = (p) => CURVATURES.map((curvature, i) => curvature * p[i]);
const worse = (p) => Math.max(...p.map(Math.abs));

export default {
  title: "Momentum in a ravine, at a rate and a β that you choose",
  start: () => ({ rate: 0.01, beta: 0.9, steps: STEPS }),
  build(stage) {
    const plane = stage.plane({
      label: "The ravine", x: [-1.3, 1.3], y: [-1.3, 1.3], height: 230, xlabel: "x", ylabel: "y",
      ticks: [[-1, 0, 1].map((x) => [x]), [-1, 0, 1].map((y) => [y])],
    });
    for (const level of LEVELS) plane.line("soft")(ellipse(level), true);
    const path = plane.line("purple thin");
    const dots = plane.add("path", "purple dots");
    const first = plane.point("fill-blue");
    const now = plane.point("fill-purple", 5);
    const mark = plane.label("orange star middle", "★");
    mark([0, 0], [0, 5]);
    first([1, 1]);
    const powers = [-8, -6, -4, -2, 0].map((power) => [power, `10${raised(power)}`]);
    const chart = stage.plane({
      label: "The error at each step", x: [0, STEPS], y: [-8.5, 1.5], height: 150,
      xlabel: "step", ylabel: "larger error", ticks: [[0, 100, 200, 300].map((t) => [t]), powers],
    });
    const goal = chart.line("green dotted");
    const errors = chart.line("purple");
    const here = chart.point("fill-purple", 4);
    goal([[0, -6], [STEPS, -6]]);
    stage.slider("beta", { label: "momentum β", min: 0, max: 0.99, step: 0.01, say: (beta) => shown(beta) });
    stage.slider("rate", {
      label: "learning rate η", min: 0.001, max: 0.04, step: 0.001, say: (rate) => shown(rate, 3),
    });
    stage.slider("steps", { label: "steps", min: 0, max: STEPS, step: 1 });
    stage.play("steps", STEPS, 10_000, (part) => part ** 1.5);
    const lines = {
      point: stage.line("(x, y)", "point"),
      error: stage.line("the larger error", "error"),
      count: stage.line("steps to a millionth", "count"),
    };
    let walked = { rate: NaN, beta: NaN };

    return ({ rate, beta, steps }) => {
      if (walked.rate !== rate || walked.beta !== beta)
        walked = {
          rate, beta, path: descend(new Momentum([1, 1], rate, beta), gradient, STEPS),
          count: stepsToAMillionth(new Momentum([1, 1], rate, beta), CURVATURES, LIMIT),
        };
      const point = walked.path[steps];
      const numbers = {
        rate, beta, steps, point, error: worse(point), count: walked.count,
      };
      const there = walked.path.slice(0, steps + 1);
      path(there);
      dots.setAttribute("d", there.map((place) => `${plane.route([place])}h0`).join(""));
      now(point);
      const high = ([x, y], t) => [t, Math.log10(worse([x, y]) || 1e-300)];
      errors(there.map(high));
      here(high(point, steps));

      const lost = worse(walked.path.at(-1)) > 1;
      const count = walked.count ?? (lost ? "never: it diverges" : `more than ${shown(LIMIT, 0)}`);
      lines.point(numbers.error > 1e3 ? "far outside" : vector(point, 3));
      lines.error(measured(numbers.error));
      lines.count(walked.count === null ? count : shown(count, 0));
      const words = `Steps to a millionth: ${walked.count ?? count}`;
      return { numbers, words: `After ${steps} steps the error is ${measured(numbers.error)}. ${words}.` };
    };
  },
};

/** Where the loss, half of x² + 100 y², is `level`. */
function ellipse(level) {
  const reach = CURVATURES.map((curvature) => Math.sqrt((2 * level) / curvature));
  return Array.from({ length: 121 }, (_, at) => [
    reach[0] * Math.cos((Math.PI * at) / 60), reach[1] * Math.sin((Math.PI * at) / 60),
  ]);
}

const raised = (power) => String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
