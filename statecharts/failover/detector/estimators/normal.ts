/** The tail of the normal distribution, and its inverse, as precise as accrual detectors want it. */

/**
 * The probability that a standard normal variable exceeds `z`: the complementary error function by its continued
 * fraction where the tail is small, so that it is right relative to itself and not only to 1, else by its series.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 3; term > sum * 1e-17; n += 2) {
      term *= (z * z) / n;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let n = 60; n >= 1; n -= 1) fraction = z + n / fraction;
  return density / fraction;
}

/** A normal variable beyond this many deviations is rarer than a number can say. */
const furthest = 37;

/** The `z` that a standard normal variable exceeds with `probability`, from 0 to 1 exclusive. */
export function normalQuantile(probability: number): number {
  let low = -furthest;
  let high = furthest;
  // Halving 74 so often leaves less than 1e-13.
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
