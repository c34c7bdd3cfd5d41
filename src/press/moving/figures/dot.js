// Chapter 1: two vectors, their dot product, the angle between them, and the shadow of one on the other.

import { angle, cosineSimilarity, dot, norm, project } from "../mathematics.js";
import { shown, vector } from "../stage.js";

const TICKS = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((value) => [value]);

export default {
  title: "Two vectors that you can move, their dot product and their angle",
  start: () => ({ a: [1, 2], b: [4, 2] }),
  build(stage) {
    const plane = stage.plane({
      label: "The plane", x: [-4.6, 4.6], y: [-2.6, 2.6], square: true, ticks: [TICKS, TICKS.slice(2, 7)],
    });
    const axes = [plane.line("axis"), plane.line("axis")];
    const arc = plane.line("soft");
    const rest = plane.line("purple dotted");
    const shadow = plane.line("green band");
    const arrows = { b: plane.arrow("orange", 8), a: plane.arrow("blue", 8) };
    const names = { a: plane.label("blue", "a"), b: plane.label("orange", "b") };
    const theta = plane.label("ink", "θ");
    for (const [key, className] of [["b", "orange"], ["a", "blue"]])
      stage.handle(plane, key, {
        label: `Tip of ${key}`, className, ranges: [[-4.5, 4.5], [-2.5, 2.5]],
      });
    const lines = {
      dot: stage.line("a · b", "dot"),
      norms: stage.line("lengths", "norms"),
      cosine: stage.line("cos θ", "cosine"),
      angle: stage.line("angle θ", "angle"),
      shadow: stage.line("shadow of a on b", "shadow"),
    };
    axes[0]([[-9, 0], [9, 0]]);
    axes[1]([[0, -9], [0, 9]]);

    return ({ a, b }) => {
      const numbers = { a, b, dot: dot(a, b), norms: [norm(a), norm(b)] };
      const directed = numbers.norms.every((length) => length > 0);
      numbers.cosine = directed ? cosineSimilarity(a, b) : null;
      numbers.angle = directed ? angle(a, b) : null;
      numbers.shadow = numbers.norms[1] > 0 ? project(a, b) : null;

      const foot = numbers.shadow ?? [0, 0];
      arrows.a(a);
      arrows.b(b);
      shadow([[0, 0], foot]);
      rest(numbers.shadow ? [a, foot] : []);
      for (const [key, tip] of Object.entries({ a, b })) names[key](tip, tip[1] < 0 ? [9, 16] : [9, -8]);
      const [from, to] = [a, b].map(([x, y]) => Math.atan2(y, x));
      let turn = to - from;
      if (turn > Math.PI) turn -= 2 * Math.PI;
      if (turn < -Math.PI) turn += 2 * Math.PI;
      const bow = (share, radius) => [Math.cos, Math.sin].map((f) => radius * f(from + share * turn));
      arc(directed ? Array.from({ length: 25 }, (_, at) => bow(at / 24, 0.55)) : []);
      theta(bow(0.5, 0.85), [-4, 4], directed ? "θ" : "");

      const [long_a, long_b] = numbers.norms.map((length) => shown(length));
      const product = shown(numbers.dot);
      const none = "none: a vector of zeros has no direction";
      lines.dot(`${factors(a, b)} = ${product}`);
      lines.norms(`‖a‖ = ${long_a}, ‖b‖ = ${long_b}`);
      lines.cosine(directed ? `${product} / (${long_a} × ${long_b}) = ${shown(numbers.cosine, 3)}` : none);
      lines.angle(directed ? `${shown(numbers.angle, 1)}°` : none);
      lines.shadow(numbers.shadow ? vector(numbers.shadow, 2) : none);
      const words = directed ? `The angle is ${shown(numbers.angle, 1)} degrees` : "There is no angle";
      return { numbers, words: `The dot product is ${product}. ${words}.` };
    };
  },
};

/** Pair by pair, as on paper; a negative factor that comes second stands in brackets. */
const factors = (a, b) => a.map((entry, i) =>
  `${i && entry < 0 ? `(${shown(entry, 1)})` : shown(entry, 1)} × ${b[i] < 0 ? `(${shown(b[i], 1)})` : shown(b[i], 1)}`)
  .join(" + ");
