/** What clients do in a run: transfers between databases, some of them twice, and machines that take over from others. */

import * as v from 'valibot';
import { chance, integerBelow, pick, type Random } from '../../../environment/random.ts';
import type { PlannedOperation } from '../../../simulator/schedule.ts';
import { shuffled } from '../../../simulator/shuffled.ts';

/** The databases outside of the machines. */
export const databases = ['checking', 'savings', 'cards'] as const;
export type DatabaseName = (typeof databases)[number];
/** The accounts of each database. */
export const accounts = ['a', 'b', 'c', 'd'] as const;
/** Where decisions are kept: in the manager's journal, by the last resource where it takes part, in a register, or with acceptors. */
export type DecidingPlace = 'journal' | 'last' | 'register' | 'paxos';
/** What can be the last resource of a machine; `till` is its embedded store. */
export const deciding = [...databases, 'till'] as const;
export type Deciding = (typeof deciding)[number];
/** What each account holds at the beginning. */
export const openingBalance = 100;

const leg = v.object({
  at: v.picklist(deciding),
  account: v.string(),
  /** Nothing is written when it is 0. */
  amount: v.number(),
});

const transferSchema = v.object({
  f: v.literal('transfer'),
  /** Names it; its idempotency key, if it has one. */
  note: v.string(),
  /** Whether it is asked for again, under its key, while its outcome is unknown. Default true. */
  hasKey: v.optional(v.boolean(), true),
  legs: v.array(leg),
  /** How long the client thinks between two statements. */
  thinkMs: v.number(),
});
export type Transfer = v.InferOutput<typeof transferSchema>;

export const operationSchema = v.variant('f', [
  transferSchema,
  v.object({ f: v.literal('take-over'), of: v.string() }),
  v.object({ f: v.literal('probe') }),
]);
type BankOperation = v.InferOutput<typeof operationSchema>;

const clients = 8;
const transfersPerRun = 48;
const takeOversPerRun = 5;

/** The legs of a transfer sum up to nothing. */
function drawTransfer(note: string, hasTill: boolean, random: Random): Omit<Transfer, 'hasKey'> {
  const [from = 'checking', to = 'savings', third = 'cards'] = shuffled(databases, random);
  const amount = 1 + integerBelow(random, 60);
  const account = (): string => pick(random, accounts) ?? 'a';
  const thinkMs = chance(random, 0.3) ? Math.round(random.next() * 300) : 0;
  const kind = random.next();
  const legs: Transfer['legs'] = [
    { at: from, account: account(), amount: -amount },
    { at: kind < 0.1 ? from : to, account: account(), amount: kind < 0.4 ? amount : amount - 1 },
  ];
  // A single database commits in one phase; a third one takes a part, the machine's own store, or is only read.
  if (kind >= 0.4) {
    const at = hasTill && kind >= 0.8 ? 'till' : third;
    legs.push({ at, account: account(), amount: 1 });
  } else if (kind >= 0.3) legs.push({ at: third, account: account(), amount: 0 });
  return { f: 'transfer', note, legs, thinkMs };
}

/** Whether decisions outlive the machine that began a transaction, so that others take over. */
export const outlives = (place: DecidingPlace): boolean => place === 'register' || place === 'paxos';

/** Draws the operations of a run. Where decisions outlive machines, these also take over, whether or not the other one is dead. */
export function planOperations(
  machines: readonly string[],
  durationMs: number,
  random: Random,
  place: DecidingPlace,
): readonly PlannedOperation[] {
  const takesOver = outlives(place);
  const atMs = (): number => Math.round(random.next() * durationMs);
  const machine = (): string => pick(random, machines) ?? '';
  const planned: PlannedOperation[] = [];
  for (let index = 0; index < transfersPerRun; index += 1) {
    const transfer = drawTransfer(`t${index}`, !takesOver, random);
    const first = { client: index % clients, atMs: atMs(), node: machine() };
    // A client that is not sure asks again, under the same key: the same manager, or any when they share a register.
    const isRepeated = chance(random, 0.25);
    // What has no key leaves nothing in the manager's journal before it is decided.
    const operation: BankOperation = { ...transfer, hasKey: isRepeated || index % 2 === 0 };
    planned.push({ ...first, operation });
    if (!isRepeated) continue;
    const againMs = first.atMs + Math.round(random.next() * 2_000);
    planned.push({ ...first, operation, atMs: againMs, node: place === 'register' ? machine() : first.node });
  }
  for (let index = 0; takesOver && machines.length > 1 && index < takeOversPerRun; index += 1) {
    const node = machine();
    const of =
      pick(
        random,
        machines.filter((it) => it !== node),
      ) ?? '';
    planned.push({ client: clients, atMs: atMs(), node, operation: { f: 'take-over', of } satisfies BankOperation });
  }
  return planned.sort((a, b) => a.atMs - b.atMs);
}

/** The databases outside of the machines at which a transfer writes. */
export const writtenBy = ({ legs }: Transfer): ReadonlySet<string> =>
  new Set(legs.flatMap(({ at, amount }) => (at === 'till' || amount === 0 ? [] : at)));
