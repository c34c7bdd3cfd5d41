// Chapter 7: gradient descent in Rosenbrock's valley, at a rate to choose.

import { SGD, descend, norm, rosenbrock, rosenbrockGradient } from "../mathematics.js";
import { measured, shown, vector } from "../stage.js";

const START = [-1, 2];
const STEPS = 2000;
const LEVELS = [0.1, 1, 10, 100, 1000];
const LOST = 1e3; // the page's bound: a loss that is not below it has diverged

export default {
  title: "Gradient descent in Rosenbrock's valley, at a learning rate that you choose",
  start: () => ({ rate: 0.001, steps: STEPS }),
  build(stage) {
    const plane = stage.plane({
      label: "The valley", x: [-1.9, 1.9], y: [-0.7, 2.7], height: 300, xlabel: "x", ylabel: "y",
      ticks: [[-1, 0, 1].map((x) => [x]), [0, 1, 2].map((y) => [y])],
    });
    for (const level of LEVELS) plane.line("soft")(contour(level), true);
    const path = plane.line("purple thin");
    const dots = plane.add("path", "purple dots");
    const first = plane.point("fill-blue");
    const now = plane.point("fill-purple", 5);
    const mark = plane.label("orange star middle", "★");
    mark([1, 1], [0, 5]);
    first(START);
    stage.slider("rate", {
      label: "learning rate", min: 0.0001, max: 0.003, step: 0.00005, say: (rate) => shown(rate, 5),
    });
    stage.slider("steps", { label: "steps", min: 0, max: STEPS, step: 1 });
    stage.play("steps", STEPS, 8000, (part) => (STEPS ** part - 1) / (STEPS - 1)); // the first are slow
    const lines = {
      point: stage.line("(x, y)", "point"),
      loss: stage.line("loss", "loss"),
      slope: stage.line("length of the gradient", "slope"),
      distance: stage.line("distance from (1, 1)", "distance"),
    };
    let walked = { rate: NaN };

    return ({ rate, steps }) => {
      if (walked.rate !== rate)
        walked = { rate, path: descend(new SGD([...START], rate), rosenbrockGradient, STEPS) };
      const point = walked.path[steps];
      const numbers = {
        rate, steps, point, loss: rosenbrock(point), slope: norm(rosenbrockGradient(point)),
        distance: norm([point[0] - 1, point[1] - 1]),
      };
      numbers.diverged = !(numbers.loss < LOST);
      const there = walked.path.slice(0, steps + 1).filter((place) => place.every(Number.isFinite));
      path(there);
      // As in the picture: a dot at the first steps, and then at every 20th.
      const shownSteps = there.filter((_, t) => t <= 20 || t % 20 === 0);
      dots.setAttribute("d", shownSteps.map((place) => `${plane.route([place])}h0`).join(""));
      now(there.at(-1));

      const lost = "not a number any more";
      const show = (value) => (Number.isNaN(value) ? lost : measured(value));
      lines.point(point.some(Number.isNaN) ? lost : numbers.diverged ? "far outside" : vector(point, 3));
      lines.loss(`${show(numbers.loss)}${numbers.diverged ? ": diverged" : ""}`);
      lines.slope(show(numbers.slope));
      lines.distance(show(numbers.distance));
      const words = numbers.diverged ? "the descent has diverged" : `the loss is ${measured(numbers.loss)}`;
      return { numbers, words: `After ${shown(steps, 0)} steps ${words}.` };
    };
  },
};

/** Where the loss is `level`: solved for y, once above the floor y = x² and once below. */
function contour(level) {
  const [reach, count] = [Math.sqrt(level), 240];
  const xs = Array.from({ length: count + 1 }, (_, at) => 1 - reach * Math.cos((Math.PI * at) / count));
  const side = (sign) => xs.map((x) => [x, x * x + (sign * Math.sqrt(Math.max(0, level - (1 - x) ** 2))) / 10]);
  return [...side(1), ...side(-1).reverse()];
}
