/** Tells senders that no actor lives at an address: once per turn and address, and so many times a second at most. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import { createTally } from '../reports.ts';
import { absentFrame } from './wire.ts';

export interface Rejections {
  /** @param to the node that is told */
  add(to: string, address: Address): void;
}

/** Addresses rejected within one turn; beyond it no sender is told, as beyond the rate. */
const addressLimit = 1_000;

/** @param tell hands a frame to the connection that leads to a node, if there is one */
export function createRejections(
  clock: Clock,
  perSecond: number,
  tell: (node: string, frame: Uint8Array) => void,
): Rejections {
  let windowStartMs = clock.nowMs();
  let toldInWindow = new Map<string, number>();
  const tally = createTally<{ count: number; to: string; address: Address }>(clock, ({ to, address, count }) => {
    const nowMs = clock.nowMs();
    if (nowMs - windowStartMs >= 1_000) {
      windowStartMs = nowMs;
      toldInWindow = new Map();
    }
    const told = toldInWindow.get(to) ?? 0;
    if (told >= perSecond) return;
    toldInWindow.set(to, told + 1);
    tell(to, absentFrame(address, count));
  });
  return {
    add(to, address) {
      if (tally.size < addressLimit) tally.add(`${to} ${address}`, { count: 1, to, address });
    },
  };
}
