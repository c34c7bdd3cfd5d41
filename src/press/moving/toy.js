// The toy sentence of Part III: src/foundations/toy.py in JavaScript. A test compares the two.

export const WORDS = ["cat", "dog", "saw", "the"];
export const E = [[1, 0, 0, 1], [1, 0, 0, -1], [0, 1, 0, 0], [0, 0, 1, 0]];
export const W_q = [[0, 4, 2, 0], [4, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 2]];
export const W_k = [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
export const W_v = [[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1]];

/** The words of a sentence by their numbers: 3 0 2 3 1 is "the cat saw the dog". */
export const IDS = [3, 0, 2, 3, 1];
