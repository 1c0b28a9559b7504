/**
 * A promotion in closed form. The in-sync set is what a failover chooses among (KIP-966): a backup drops out of it when none of the
 * heartbeats between two looks of the primary makes its way there and back. The promotion itself is one round with the authority,
 * as that records epochs (Lamport, Malkhi & Zhou, Vertical Paxos, 2009). Downtime: `failoverAvailability`, with the commit as coverage.
 */

import { availability, failoverAvailability } from '../../../odds.ts';
import type { OddsParametersOf } from '../../odds/parameters.ts';
import { type FormulaAnswers, type FormulaValue, formulaOf, notGiven } from '../../odds/quantities.ts';
import { roundTrip, yearMs } from '../../odds/quorums.ts';
import { lossyRounds, roundsOfLook, times } from './times.ts';

type Parameters = OddsParametersOf<'loss' | 'mttfMs' | 'mttrMs'>;

/** Beyond this loss, what the formulas leave out is seen in their last digits. */
const greatestLoss = 0.02;
/** Without a loss: until both hold the write; and the heartbeats before the second look, two messages each. */
const foundingMessages = 8;
const heartbeats = 10;
/** What a primary says until it dies whose backup does not run, give or take one. */
const messagesAlone = 19;

export function promotionFormulas({ loss, mttfMs, mttrMs }: Parameters): FormulaAnswers {
  const up = availability({ mttfMs, mttrMs });
  const heard = roundTrip(loss);
  /** The backup is dropped, and the authority hears it in time. */
  const dropped = (1 - heard) ** roundsOfLook * (1 - loss);
  const prepare = up * (1 - dropped);
  const approximate = (value: number): FormulaValue => ({
    ...formulaOf(value),
    ...(loss > greatestLoss ? { unmetAssumption: 'no backup drops out of the in-sync set' } : {}),
  });
  // From the last heartbeat that the backup hears on, it waits; each one that is lost comes a heartbeat earlier.
  const heardLastMs = times.officeMs + 2 * times.lookMs + times.messageMs;
  const lost = Array.from({ length: lossyRounds }, (_, place) => loss ** (place + 1)).reduce((a, b) => a + b, 0);
  const askedMs = heardLastMs - lost * times.heartbeatMs + times.electionMs;
  const promotedMs = askedMs + heard * 2 * times.messageMs + (1 - heard) * times.attemptMs;
  const promotion = 2 + (1 - loss) * 2 + heard;
  const messages = foundingMessages + 2 * heartbeats - lossyRounds * loss + promotion;
  const commit = prepare * heard;
  return {
    prepare: formulaOf(prepare),
    commitIfPrepared: prepare > 0 ? formulaOf(heard) : notGiven('no backup is ever in sync that is never up'),
    commit: formulaOf(commit),
    blocked: notGiven('an attempt ends before; clients wait for as long as the latency says'),
    latencyMs: approximate(prepare * promotedMs + (1 - prepare) * times.crashMs),
    messages: approximate(up * messages + (1 - up) * messagesAlone),
    // Four of the primary, three of the backup until it asks; and two of the next primary as it takes office.
    flushes: approximate(up * (7 + 2 * heard) + (1 - up) * 4),
    downtimeMsPerYear: formulaOf(
      yearMs * (1 - failoverAvailability({ mttfMs, mttrMs, coverage: commit, switchMs: promotedMs - times.crashMs })),
    ),
  };
}
