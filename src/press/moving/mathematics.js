// The formulas that the moving figures need, under the names that they have in src/foundations and
// with their operations in the same order. A test compares the two in many states.

/** The dot product of two vectors. */
export function dot(a, b) {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

/** The length of a vector. */
export const norm = (a) => Math.sqrt(dot(a, a));

/** The shadow of a on the line through b, which is not all zeros. */
export function project(a, b) {
  const share = dot(a, b) / dot(b, b);
  return b.map((entry) => share * entry);
}

/** The cosine of the angle between two vectors, neither of them all zeros. */
export const cosineSimilarity = (a, b) => dot(a, b) / (norm(a) * norm(b));

/** The angle between two vectors in degrees, 0 to 180. */
export function angle(a, b) {
  const cosine = Math.min(1, Math.max(-1, cosineSimilarity(a, b)));
  return Math.acos(cosine) * (180 / Math.PI);
}

/** A point as a row, times a matrix of 2 rows: x[0] W[0] + x[1] W[1]. */
export const map = (x, W) => W[0].map((_, column) => x[0] * W[0][column] + x[1] * W[1][column]);

/** Rows times a matrix. */
export const times = (X, W) => X.map((x) => W[0].map((_, column) => dot(x, W.map((row) => row[column]))));

/** The factor by which W, 2×2, multiplies areas; negative where it turns the plane over. */
export const determinant = ([[a, b], [c, d]]) => a * d - b * c;

/** The matrix that turns the plane counterclockwise by theta, in radians. */
export function rotation(theta) {
  const [c, s] = [Math.cos(theta), Math.sin(theta)];
  return [[c, s], [-s, c]];
}

/** What one neuron makes of one example. */
export const neuron = (x, w, b) => dot(x, w) + b;

/** Probabilities e^s / Σ e^s; the largest score is subtracted first. */
export function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The softmax among the scores that the mask allows; zeros where it allows none. */
export function maskedSoftmax(scores, mask) {
  const filled = scores.map((score, i) => (mask[i] ? score : -Infinity));
  const largest = Math.max(...filled);
  const powers = filled.map((score) => Math.exp(score - (largest === -Infinity ? 0 : largest)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / (total || 1));
}

/** Slopes of weights by their scores: entry (i, j) says how fast weight i grows with score j. */
export const softmaxJacobian = (p) => p.map((one, i) => p.map((other, j) => one * ((i === j) - other)));

/** The mean surprise of a distribution, in nats; a probability of 0 adds 0. */
export const entropy = (p) => 0 - p.reduce((sum, one) => sum + (one > 0 ? one * Math.log(one) : 0), 0);

/** A curved valley with its lowest point at (1, 1). */
export function rosenbrock([x, y]) {
  const [rest, rise] = [1 - x, y - x * x];
  return rest * rest + 100 * (rise * rise);
}

/** The gradient of rosenbrock. */
export function rosenbrockGradient([x, y]) {
  return [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)];
}

/** A step against the gradient. */
export class SGD {
  constructor(p, lr) {
    Object.assign(this, { p, lr });
  }

  step(g) {
    for (let i = 0; i < g.length; i++) this.p[i] -= this.lr * g[i];
  }
}

/** A step along the velocity, in PyTorch's convention: the velocity is a sum, not an average. */
export class Momentum {
  constructor(p, lr, beta = 0.9) {
    Object.assign(this, { p, lr, beta, v: p.map(() => 0) });
  }

  step(g) {
    for (let i = 0; i < g.length; i++) {
      this.v[i] = this.beta * this.v[i] + g[i];
      this.p[i] -= this.lr * this.v[i];
    }
  }
}

/** The path of the optimiser's parameter: its start and the points after each step. */
export function descend(optimiser, gradient, steps) {
  const path = [[...optimiser.p]];
  for (let t = 0; t < steps; t++) {
    optimiser.step(gradient(optimiser.p));
    path.push([...optimiser.p]);
  }
  return path;
}

/** Steps until the worst error is at most 1e-6; null where that takes more than `limit`, or for ever. */
export function stepsToAMillionth(optimiser, curvatures, limit) {
  const { p } = optimiser;
  for (let t = 0; t <= limit; t++) {
    if (p.every((error) => Math.abs(error) <= 1e-6)) return t;
    optimiser.step(curvatures.map((curvature, i) => curvature * p[i]));
  }
  return null;
}

/**
 * The stream's root mean square before the first of L pre-LN blocks and after each: c is the mean
 * square that a block adds to a stream of mean square 1, the writing matrices are `shrink` times as large.
 */
export const streamGrowth = (L, c, shrink = 1) =>
  Array.from({ length: L + 1 }, (_, l) => Math.sqrt(1 + l * c * shrink ** 2));
