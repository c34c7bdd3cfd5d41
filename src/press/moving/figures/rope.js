// Chapter 17: a query and a key, each turned by its place; the score knows their distance alone.

import { dot, map, rotation } from "../mathematics.js";
import { shown, vector } from "../stage.js";

const [Q, K] = [[2, 0], [1, 1]]; // the page's
const FAR = 12;
const ROUND = Array.from({ length: 61 }, (_, at) => (Math.PI * at) / 30);
const score = (omega, distance) => dot(map(Q, rotation(omega * distance)), K);

export default {
  title: "A query and a key turned by their places, and their score",
  start: () => ({ omega: Math.PI / 2, query: 2, key: 0, start: 0 }),
  build(stage) {
    const ticks = [-2, -1, 0, 1, 2].map((value) => [value]);
    const plane = stage.plane({
      label: "Query and key, turned", x: [-4.2, 4.2], y: [-2.4, 2.4], height: 230,
      ticks: [ticks, ticks], square: true,
    });
    for (const [a, className] of [[Q, "blue dotted"], [K, "orange dotted"]])
      plane.line(className)(ROUND.map((angle) => map([Math.hypot(...a), 0], rotation(angle))));
    const arrows = { k: plane.arrow("orange"), q: plane.arrow("blue") };
    const names = { k: plane.label("orange middle"), q: plane.label("blue middle") };
    const chart = stage.plane({
      label: "The score at each distance", x: [-FAR - 0.5, FAR + 0.5], y: [-3.2, 3.2], height: 150,
      xlabel: "distance t − s", ylabel: "score",
      ticks: [[-12, -8, -4, 0, 4, 8, 12].map((x) => [x]), ticks.filter(([y]) => y % 2 === 0)],
    });
    const wave = chart.line("soft");
    const dots = chart.add("path", "purple dots");
    const here = chart.point("fill-purple", 6);
    stage.slider("omega", {
      label: "angle per place", min: -2, max: 0.5, step: 0.05, value: (power) => 10 ** power,
      place: (omega) => Math.log10(omega), say: (omega) => `${shown((omega * 180) / Math.PI, 1)}°`,
    });
    stage.presets("Angles per place", Object.fromEntries([["90°", Math.PI / 2], ...[1, 0.1, 0.01].map(
      (omega) => [`ω = ${omega}`, omega])].map(([name, omega]) => [name, { omega }])));
    stage.slider("query", { label: "query at t", min: 0, max: FAR, step: 1 });
    stage.slider("key", { label: "key at s", min: 0, max: FAR, step: 1 });
    stage.slider("start", { label: "both moved on", min: 0, max: 40, step: 1, say: (n) => `by ${n}` });
    stage.play("start", 40, 20_000);
    const lines = {
      q: stage.line("the query", "q"),
      k: stage.line("the key", "k"),
      score: stage.line("their score", "score"),
      relative: stage.line("by the distance", "relative"),
    };
    const distances = Array.from({ length: 2 * FAR + 1 }, (_, at) => at - FAR);

    return ({ omega, query, key, start }) => {
      const [t, s] = [query + start, key + start];
      const [q, k] = [map(Q, rotation(omega * t)), map(K, rotation(omega * s))];
      const numbers = { omega, t, s, start, q, k, score: dot(q, k), relative: score(omega, t - s) };
      arrows.q(q);
      arrows.k(k);
      for (const [name, tip, long] of [["q", q, 1.13], ["k", k, 1.2]])
        names[name](tip.map((entry) => entry * long), [0, 5], name);
      wave(Array.from({ length: 501 }, (_, at) => (at - 250) / 20).map((d) => [d, score(omega, d)]));
      dots.setAttribute("d", distances.map((d) => `${chart.route([[d, score(omega, d)]])}h0`).join(""));
      here([t - s, numbers.score]);

      const [[q1, q2], [k1, k2]] = [q, k].map((a) => a.map((entry) => factor(entry)));
      lines.q(`at ${t}, turned to ${vector(q, 2)}`);
      lines.k(`at ${s}, turned to ${vector(k, 2)}`);
      lines.score(`${q1} × ${k1} + ${q2} × ${k2} = ${shown(numbers.score)}`);
      lines.relative(`q R(ω × ${factor(t - s, 0)}) · k = ${shown(numbers.relative)}`);
      const told = `Query at ${t}, key at ${s}: the score is ${shown(numbers.score)}`;
      return { numbers, words: `${told}. The distance is ${shown(t - s, 0)}.` };
    };
  },
};

const factor = (entry, digits = 2) => (entry < 0 ? `(${shown(entry, digits)})` : shown(entry, digits));
