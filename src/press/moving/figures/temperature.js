// Chapter 4: the softmax of six scores at a temperature to choose.

import { dot, entropy, softmax } from "../mathematics.js";
import { shown } from "../stage.js";

/** The word vectors of chapter 1. */
const WORDS = {
  king: [0.9, 0.1], queen: [0.85, 0.15], man: [0.8, -0.1], woman: [0.75, -0.05], apple: [-0.2, 0.9],
  orange: [-0.15, 0.85],
};
const NAMES = Object.keys(WORDS);
const W = Object.values(WORDS);

export default {
  title: "The probabilities of six words at a temperature that you choose",
  start: () => ({ temperature: 1, before: 1 }),
  build(stage) {
    const plane = stage.plane({
      label: "Probabilities as bars", x: [-0.6, 5.6], y: [0, 1.08], height: 230,
      ticks: [NAMES.map((name, at) => [at, name]), [0, 0.25, 0.5, 0.75, 1].map((p) => [p, shown(p)])],
      ylabel: "probability",
    });
    const uniform = plane.line("purple dotted");
    const bars = W.map((_, at) => plane.line(at < 4 ? "bar fill-blue" : "bar fill-orange"));
    const tops = W.map(() => plane.label("ink small middle"));
    stage.slider("temperature", {
      label: "temperature T", min: -2, max: 1, step: 0.05, value: (power) => 10 ** power,
      place: (T) => Math.log10(T), say: (T) => `T = ${shown(T, T < 0.1 ? 3 : 2)}`,
    });
    stage.choice("before", { label: "the word before", words: NAMES });
    const lines = {
      entropy: stage.line("entropy", "entropy"),
      ratio: stage.line("first to second", "ratio"),
    };
    uniform([[-1, 1 / 6], [7, 1 / 6]]);

    return ({ temperature, before }) => {
      const scores = W.map((w) => dot(W[before], w));
      const p = softmax(scores.map((score) => score / temperature));
      const order = [...p.keys()].sort((i, k) => scores[k] - scores[i]);
      const [first, second] = order;
      const numbers = {
        temperature, before, scores, p, entropy: entropy(p), best: [first, second],
        ratio: p[first] / p[second],
      };
      p.forEach((share, at) => {
        bars[at]([[at - 0.36, 0], [at - 0.36, share], [at + 0.36, share], [at + 0.36, 0]], true);
        tops[at]([at, share], [0, -5], shown(share, 3));
      });
      const T = shown(temperature, temperature < 0.1 ? 3 : 2);
      const gap = `(${shown(scores[first], 3)} − ${shown(scores[second], 3)}) / ${T}`;
      lines.entropy(`${shown(numbers.entropy, 3)} nats (all alike: ${shown(Math.log(6), 3)})`);
      lines.ratio(`${NAMES[first]} to ${NAMES[second]}: e^(${gap}) = ${shown(numbers.ratio)}`);
      const words = `${NAMES[first]} has probability ${shown(p[first], 3)}`;
      return { numbers, words: `After ${NAMES[before]}, ${words}. The entropy is ${shown(numbers.entropy, 3)}.` };
    };
  },
};
