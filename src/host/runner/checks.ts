/** What a chart may not do, and a runner therefore checks: its actor fails where it did. */

import { type Address, assertPlain, type Step } from '../../../statecharts/actor.ts';

/** @throws NotPlainDataError where a context or an effect is not plain data */
export function assertPlainStep(step: Step, address: Address): void {
  assertPlain(step.state.snapshot.context, `${address}: context`);
  for (const effect of step.effects) assertPlain(effect, `${address}: ${effect.type}`);
}

/** @throws RangeError */
export function assertDelay(name: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw new RangeError(`expected delay '${name}' to be 0 ms or more and finite, got ${ms}`);
}
