// Chapter 15: what the scores are divided by, and which of them are hidden, on the toy sentence.

import { grid, row, rowOf } from "../grid.js";
import { dot, entropy, maskedSoftmax, norm, softmaxJacobian, times } from "../mathematics.js";
import { shown } from "../stage.js";
import { E, IDS, WORDS, W_k, W_q, W_v } from "../toy.js";

const words = IDS.map((id) => WORDS[id]);
const X = IDS.map((id) => E[id]);
const [Q, K, V] = [W_q, W_k, W_v].map((W) => times(X, W));
/** Which key a query may look at, under each mask. */
const MASKS = {
  none: () => true,
  causal: (i, j) => j <= i,
  "dog is padding": (i, j) => j < 4,
  "causal and padding": (i, j) => j <= i && j < 4,
};

export default {
  title: "Masked weights of the toy sentence, their scores divided by a number that you choose",
  start: () => ({ divisor: 2, mask: 1, cell: [1, 2] }),
  build(stage) {
    const draw = grid(stage);
    stage.choice("mask", { label: "mask", words: Object.keys(MASKS) });
    stage.slider("divisor", {
      label: "divide by", min: -1, max: 3, step: 0.1, value: (power) => 2 ** power, place: (by) => Math.log2(by),
      say: (by) => shown(by),
    });
    stage.presets("Rules for the divisor", {
      "× √K": { divisor: 0.5 }, raw: { divisor: 1 }, "/ √K": { divisor: 2 }, "/ K": { divisor: 4 },
    });
    const lines = {
      score: stage.line("the score", "score"),
      scores: stage.line("its row", "scores"),
      weights: stage.line("weights", "weights"),
      entropy: stage.line("entropy", "entropy"),
      slopes: stage.line("size of the slopes", "slopes"),
      output: stage.line("output", "output"),
    };

    return ({ divisor, mask, cell }) => {
      const may = Object.values(MASKS)[mask];
      const seen = Q.map((_, i) => K.map((_, j) => may(i, j)));
      const all = Q.map((q) => K.map((k) => dot(q, k) / divisor));
      const table = all.map((scores, i) => maskedSoftmax(scores, seen[i]));
      const [i, j] = [rowOf(cell), cell[0]];
      const [scores, weights] = [all[i], table[i]];
      const numbers = {
        divisor, mask, cell, score: seen[i][j] ? scores[j] : -Infinity,
        scores: scores.filter((_, at) => seen[i][at]), weights, table,
        entropy: entropy(weights), slopes: norm(softmaxJacobian(weights).flat()), output: times([weights], V)[0],
      };
      draw(words, table, cell, seen);

      const open = seen[i].filter(Boolean).length;
      const by = seen[i][j] ? `${shown(dot(Q[i], K[j]), 0)} / ${shown(divisor)} = ${shown(scores[j])}` : "hidden, −∞";
      lines.score(`${words[i]} for ${words[j]}: ${by}`);
      lines.scores(`(${scores.map((score, at) => (seen[i][at] ? shown(score) : "−∞")).join(", ")})`);
      lines.weights(row(weights, 3));
      lines.entropy(`${shown(numbers.entropy, 3)} nats (${open} alike: ${shown(Math.log(open), 3)})`);
      lines.slopes(shown(numbers.slopes, 3));
      lines.output(row(numbers.output, 3));
      const told = `${words[i]} gives ${words[j]} the weight ${shown(weights[j], 3)}${seen[i][j] ? "" : ": hidden"}`;
      return { numbers, words: `${told}. The entropy of its row is ${shown(numbers.entropy, 3)}.` };
    };
  },
};
