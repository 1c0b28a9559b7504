/**
 * What the readiness of a standby costs when the primary is lost for ever: a group of three in mode `durable`, of which the
 * second server is hot and the third is hot, warm or cold. Servers in memory start and copy in no time; what is measured is
 * how long managers take until the group acknowledges again.
 */

import * as v from 'valibot';
import { readinesses } from '../../../statecharts/failover.ts';
import { runAsync } from '../../simulator/run.ts';
import { nodeIds, type PlannedOperation } from '../../simulator/schedule.ts';
import { isProbe } from '../operations.ts';
import { inOrder, medianOf, worstOf } from '../store/outages.ts';
import { table } from '../tables.ts';
import type { GroupOperation } from './scenario/operations.ts';
import { failoverScenario } from './scenario.ts';

const machines = nodeIds(3);
/** By then the group is founded, and its first server is primary. */
const diesAtMs = 5_000;
const faultyMs = 15_000;
const everyMs = 100;
export const standbySeeds = [1, 2, 3, 4, 5] as const;

/** How ready a standby is kept. */
type Readiness = (typeof readinesses)[number];

/**
 * How long it takes from the death of the primary until a write is acknowledged that was begun after it, in milliseconds; null
 * when none is before the primary is there again.
 */
export async function measureStandby(readiness: Readiness, seed: number): Promise<number | null> {
  const scenario = failoverScenario({}, { isDurable: true, standby: { r3: readiness } });
  const begunMs = new Map<PlannedOperation, number>();
  let nextMs: number | undefined;
  const { violation } = await runAsync(
    {
      ...scenario,
      stage(parts) {
        const stage = scenario.stage(parts);
        return {
          ...stage,
          watch() {
            const watch = stage.watch();
            return {
              ...watch,
              invoked(operation, nowMs) {
                watch.invoked?.(operation, nowMs);
                begunMs.set(operation, nowMs);
              },
              ended(operation, end, nowMs) {
                watch.ended?.(operation, end, nowMs);
                const isAfter = (begunMs.get(operation) ?? 0) >= diesAtMs && !isProbe(operation);
                if (end.type === 'ok' && isAfter && nowMs < faultyMs) nextMs ??= nowMs - diesAtMs;
              },
            };
          },
        };
      },
    },
    {
      version: 1,
      scenario: scenario.name,
      seed,
      nodes: machines.length,
      faultyMs,
      recoveryMs: 20_000,
      quorum: machines,
      faults: [{ kind: 'outage', server: 'r1', atMs: diesAtMs, untilMs: faultyMs }],
      operations: writes(),
      links: {},
      delayMs: 1,
    },
  );
  if (violation !== undefined) throw new Error(`${violation.kind}: ${violation.problem}`);
  return nextMs === undefined ? null : Math.round(nextMs);
}

const writes = (): readonly PlannedOperation[] =>
  Array.from({ length: faultyMs / everyMs }, (_, round) => ({
    client: round,
    atMs: round * everyMs,
    node: machines[round % machines.length] ?? '',
    operation: { f: 'put', key: `k${round % 10}`, value: round, at: null } satisfies GroupOperation,
  }));

const meanings: Readonly<Record<Readiness, string>> = {
  hot: 'follows, and its confirmations count',
  warm: 'follows, and they do not',
  cold: 'does not run until one is missing',
};

const waits = v.array(v.nullable(v.number()));
const record = v.object({ hot: waits, warm: waits, cold: waits });

/** What `npm run bench:standby` records: by readiness, one figure for each seed. */
export type RecordedStandbys = v.InferOutput<typeof record>;

/** Reads what was recorded. @throws ValiError */
export const recordedStandbys = (value: unknown): RecordedStandbys => v.parse(record, value);

/** The table of the docs. */
export const standbysTable = (recorded: RecordedStandbys): string =>
  table(
    ['the third server', 'which', 'next write: median, ms', 'worst, ms', 'none until the primary was back'],
    readinesses.map((readiness) => {
      const measured = recorded[readiness];
      const sorted = inOrder(measured);
      const shown = (ms: number): string => (Number.isFinite(ms) ? String(ms) : 'none');
      const none = measured.filter((ms) => ms === null).length;
      return [
        readiness,
        meanings[readiness],
        shown(medianOf(sorted)),
        shown(worstOf(sorted)),
        `${none} of ${measured.length}`,
      ];
    }),
    2,
  );
