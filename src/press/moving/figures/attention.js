// Chapter 15: attention on the toy sentence; a cell of the grid, and what its row comes to.

import { grid, row, rowOf } from "../grid.js";
import { dot, softmax, times } from "../mathematics.js";
import { shown } from "../stage.js";
import { E, IDS, WORDS, W_k, W_q, W_v } from "../toy.js";

const SENTENCES = [IDS, [3, 1, 2, 3, 0], [2, 3, 0, 1, 3]];
const named = (ids) => ids.map((id) => WORDS[id]);

export default {
  title: "The attention weights of a sentence of five words, and how a row of them is made",
  start: () => ({ sentence: 0, cell: [2, 3] }),
  build(stage) {
    const draw = grid(stage);
    stage.choice("sentence", { label: "sentence", words: SENTENCES.map((ids) => named(ids).join(" ")) });
    const lines = {
      query: stage.line("the query", "query"),
      key: stage.line("the key", "key"),
      product: stage.line("dot product", "product"),
      weight: stage.line("weight", "weight"),
      scores: stage.line("scores", "scores"),
      powers: stage.line("powers", "powers"),
      weights: stage.line("weights", "weights"),
      output: stage.line("output", "output"),
    };

    return ({ sentence, cell }) => {
      const ids = SENTENCES[sentence];
      const words = named(ids);
      const X = ids.map((id) => E[id]);
      const [Q, K, V] = [W_q, W_k, W_v].map((W) => times(X, W));
      const all = Q.map((q) => K.map((k) => dot(q, k) / Math.sqrt(q.length)));
      const table = all.map(softmax);
      const [i, j] = [rowOf(cell), cell[0]];
      const [scores, weights] = [all[i], table[i]];
      const powers = scores.map(Math.exp);
      const output = times([weights], V)[0];
      const product = dot(Q[i], K[j]);
      const numbers = {
        ids, cell, query: Q[i], key: K[j], product, scores, powers, weight: weights[j], weights, output, table,
      };
      draw(words, table, cell);

      const sum = shown(powers.reduce((total, power) => total + power, 0), 3);
      const terms = Q[i].map((entry, at) => entry * K[j][at]);
      lines.query(`${words[i]} ${row(Q[i])}`);
      lines.key(`${words[j]} ${row(K[j])}`);
      lines.product(`${terms.map((term, at) => (at ? (term < 0 ? ` − ${shown(-term, 0)}` : ` + ${shown(term, 0)}`)
        : shown(term, 0))).join("")} = ${shown(product, 0)}`);
      lines.weight(`e^(${shown(product, 0)} / √4) / ${sum} = ${shown(weights[j], 3)}`);
      lines.scores(row(scores));
      lines.powers(row(powers, 3));
      lines.weights(row(weights, 3));
      lines.output(row(output, 3));
      const told = `${words[i]} gives ${words[j]} the weight ${shown(weights[j], 3)}`;
      return { numbers, words: `${told}. The output is ${row(output, 3)}.` };
    };
  },
};
