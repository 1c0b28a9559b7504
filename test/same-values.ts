/**
 * Properties are tried with the same values in each run: a test passes or fails by what it tests, never by what was drawn.
 * FAST_CHECK_SEED=2 (or any other integer) tries others.
 */

import fc from 'fast-check';

const seed = Number(process.env.FAST_CHECK_SEED ?? 1);
if (!Number.isSafeInteger(seed)) {
  throw new Error(`expected an integer as FAST_CHECK_SEED, got '${process.env.FAST_CHECK_SEED}'`);
}
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
