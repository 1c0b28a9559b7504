/** The acceptors of a manager, for as long as a command takes: a majority of them must be there, or nothing is decided. */

import { majoritySize } from '../../../statecharts/quorum.ts';
import { pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { journalLosses } from '../../services/peer-journals.ts';
import { AcceptorsUnreachableError } from '../errors.ts';
import type { OwnBus } from './bus.ts';
import type { AcceptorsConfig } from './config.ts';

/** Between looks at who is connected, in milliseconds. */
const lookMs = 20;

/**
 * Waits until a majority of the acceptors is connected; the node itself counts if it is one.
 *
 * @param untilMs until when, by the clock
 * @throws AcceptorsUnreachableError when there is none by then; JournalLostError when one of the others knows the node by
 *   another journal, or by one at all where it was introduced without
 */
export async function awaitAcceptors(
  { bus, isConnected, standings }: OwnBus,
  { nodes, timeoutMs }: AcceptorsConfig,
  { clock }: Environment,
  untilMs: number,
): Promise<void> {
  let lost: unknown;
  const losses = journalLosses(bus).subscribe((error) => {
    lost = error;
  });
  const isReached = (): boolean =>
    nodes.filter((it) => it === bus.node || isConnected(it)).length >= majoritySize(nodes.length);
  try {
    while (lost === undefined && !isReached()) {
      if (clock.nowMs() >= untilMs) {
        throw new AcceptorsUnreachableError(
          `no majority of the acceptors ${nodes.join(', ')} was reached within ${timeoutMs / 1_000} s (${standings()}). Without one nothing is decided, and prepared branches wait: start those nodes and repeat, or raise acceptors.timeoutMs`,
        );
      }
      await pause(clock, lookMs);
    }
    if (lost !== undefined) throw lost;
  } finally {
    losses.unsubscribe();
  }
}
