// Chapter 18: how the residual stream grows with depth, by the formula; and as the page measured it.

import { streamGrowth } from "../mathematics.js";
import { shown } from "../stage.js";

const DEEPEST = 48;
const SCALES = ["s = 1", "s = 1/√(2L)"];
/** Measured on the page, in 24 blocks with s = 1: the stream's RMS, and that of what each branch adds. */
const MEASURED = [
  1.003, 1.726, 2.27, 2.73, 3.133, 3.395, 3.697, 3.982, 4.185, 4.447, 4.802, 5.111, 5.262, 5.412, 5.642, 5.727,
  5.991, 6.182, 6.507, 6.769, 6.859, 7.03, 7.22, 7.457, 7.47,
];
const [ATTENTION, NETWORK] = [0.774, 1.2963];

export default {
  title: "The size of the residual stream after each block, at sizes of the branches that you choose",
  start: () => ({ blocks: 24, attention: ATTENTION, network: NETWORK, scaled: 0 }),
  build(stage) {
    const plane = stage.plane({
      label: "The stream by depth", x: [0, DEEPEST], y: [0, 15], height: 230, xlabel: "block l", ylabel: "RMS",
      ticks: [[0, 12, 24, 36, 48].map((l) => [l]), [0, 5, 10, 15].map((y) => [y])],
    });
    const other = plane.line("purple dotted");
    const curve = plane.line("blue wide");
    for (const [l, y] of MEASURED.entries()) plane.point("fill-orange", 3)([l, y]);
    const names = ["blue", "purple", "orange"].map((className) => plane.label(className));
    stage.slider("blocks", { label: "blocks L", min: 1, max: DEEPEST, step: 1 });
    const size = { min: 0, max: 1.5, step: 0.05, say: (value) => shown(value) };
    stage.slider("attention", { label: "attention adds", ...size });
    stage.slider("network", { label: "network adds", ...size });
    stage.choice("scaled", { label: "written with", words: SCALES });
    const lines = {
      c: stage.line("c", "c"),
      end: stage.line("RMS at the end", "end"),
      share: stage.line("last block adds", "share"),
      ratio: stage.line("gradient, first to last", "ratio"),
    };

    return ({ blocks, attention, network, scaled }) => {
      const c = attention ** 2 + network ** 2;
      const scales = [1, 1 / Math.sqrt(2 * blocks)];
      const s = scales[scaled];
      const [rms, rest] = [s, scales[1 - scaled]].map((factor) => streamGrowth(blocks, c, factor));
      const end = rms.at(-1);
      const numbers = {
        blocks, attention, network, scaled, c, s, rms, end, measured: MEASURED,
        share: (s * Math.sqrt(c)) / rms.at(-2), ratio: end / rms[1],
      };
      curve([...rms.entries()]);
      other([...rest.entries()]);
      const legend = [...(scaled ? [...SCALES].reverse() : SCALES), "measured with 24 blocks, s = 1"];
      names.forEach((name, at) => name([1.5, 13.7 - 1.5 * at], [0, 4], legend[at]));

      const by = scaled ? ` / ${2 * blocks}` : "";
      lines.c(`${shown(attention)}² + ${shown(network)}² = ${shown(c)}`);
      lines.end(`√(1 + ${blocks} × ${shown(c)}${by}) = ${shown(end)}`);
      lines.share(`${shown(s * Math.sqrt(c))} / ${shown(rms.at(-2))} = ${shown(numbers.share, 3)} of the stream`);
      lines.ratio(`${shown(end)} / ${shown(rms[1])} = ${shown(numbers.ratio)}`);
      return { numbers, words: `After ${blocks} blocks the stream's RMS is ${shown(end)}.` };
    };
  },
};
