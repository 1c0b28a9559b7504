/** An incident of payments that were made more than once: replayed over two-phase commit, with idempotency keys. */

import type { StagedScenario } from '../../simulator/scenario.ts';
import { nodeIds, type PlannedOperation, type Schedule } from '../../simulator/schedule.ts';
import type { BankApplication } from '../two-phase-commit/scenario/bank.ts';
import type { Transfer } from '../two-phase-commit/scenario/operations.ts';
import { twoPhaseCommitScenario } from '../two-phase-commit/scenario.ts';
import type { Incident } from './incident.ts';

const machines = nodeIds(1);
const during = { atMs: 2_000, untilMs: 8_000 };
const faultyMs = 14_000;
const charges = 40;
const chargeEveryMs = 250;
/** So often each charge is sent, whatever was heard of it. */
const sends = 5;
const againEveryMs = 600;

const transferOf = (index: number): Transfer => ({
  f: 'transfer',
  note: `charge-${index}`,
  hasKey: true,
  legs: [
    { at: 'cards', account: 'a', amount: -1 },
    { at: 'savings', account: 'b', amount: 1 },
  ],
  thinkMs: 0,
});

const chargeOf = ({ client }: PlannedOperation): Transfer => transferOf(Math.floor(client / sends));

/** Each charge is sent several times under its key, by clients that do not wait for each other. */
const operations = (): readonly PlannedOperation[] =>
  Array.from({ length: charges * sends }, (_, index) => ({
    client: index,
    atMs: Math.floor(index / sends) * chargeEveryMs + (index % sends) * againEveryMs,
    node: machines[0] ?? '',
    operation: transferOf(Math.floor(index / sends)),
  })).sort((a, b) => a.atMs - b.atMs);

/**
 * The bank, in which each charge may have committed once: any two clients that were told of a commit under one key were told
 * of the same transaction.
 */
function chargedOnce(hasKey: boolean): StagedScenario<BankApplication> {
  const bank = twoPhaseCommitScenario();
  return {
    ...bank,
    stage(parts) {
      const stage = bank.stage(parts);
      return {
        ...stage,
        perform(app, planned, done) {
          const operation = planned.client < 0 ? planned.operation : { ...chargeOf(planned), hasKey };
          stage.perform(app, { ...planned, operation }, done);
        },
        watch() {
          const watch = stage.watch();
          const committed = new Map<string, unknown>();
          let twice: string | undefined;
          return {
            ...watch,
            ended(operation, end, nowMs) {
              watch.ended?.(operation, end, nowMs);
              if (end.type !== 'ok' || operation.client < 0) return;
              const { note } = chargeOf(operation);
              if (committed.has(note) && committed.get(note) !== end.value) twice ??= `'${note}' was made twice`;
              committed.set(note, end.value);
            },
            check: (world) => twice ?? watch.check(world),
          };
        },
      };
    },
  };
}

/** Charges that are repeated because the balance could not be updated. */
export const repeatedCharges: Incident = {
  name: 'repeated-charges',
  source: {
    title: 'Billing Incident Post-Mortem: Breakdown, Analysis and Root Cause',
    by: 'Twilio',
    year: 2013,
    url: 'https://www.twilio.com/blog/2013/07/billing-incident-post-mortem-breakdown-analysis-and-root-cause.html',
  },
  happened:
    'Balances could not be written after a restart of their server. Cards were charged all the same, and charged again, because each look at the balance found it too low.',
  replayed: `Two-phase commit over two databases: ${charges} charges, each sent ${sends} times under its key, while the database of the balances is down for 3 s, breaks connections for 3 s, and the coordinator crashes.`,
  because:
    'The charge and the balance are one transaction, and under an idempotency key at most one attempt commits (docs/transactions.md); a repetition hears of that one.',
  seed: 1,
  during,
  scenario: () => chargedOnce(true),
  without: { rule: 'charges have no idempotency key', scenario: () => chargedOnce(false) },
  schedule: (seed): Schedule => ({
    version: 1,
    scenario: '2pc',
    seed,
    nodes: machines.length,
    faultyMs,
    recoveryMs: 30_000,
    quorum: machines,
    faults: [
      { kind: 'outage', server: 'savings', atMs: during.atMs, untilMs: during.atMs + 3_000 },
      { kind: 'crash', node: 'n1', atMs: during.atMs + 3_500, untilMs: during.atMs + 4_000 },
      {
        kind: 'flaky',
        server: 'savings',
        atMs: during.atMs + 3_000,
        untilMs: during.untilMs,
        breakProbability: 0.3,
        maxDelayMs: 50,
      },
    ],
    operations: operations(),
    links: {},
    delayMs: 1,
  }),
  isWrite: ({ client }) => client >= 0,
  mustHappen: ['a repeated transaction was not run again'],
  recoversWithinMs: 3_000,
};
