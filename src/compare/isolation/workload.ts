/**
 * Transactions of several statements, for the judge of isolation: clients that never rest read and write some of four accounts, in
 * the order of their names, so that none waits for locks in a circle. `x` and `x2` are in the first database, `y` and `y2` in the
 * second where there are two.
 */

import { integerBelow, type Random } from '../../environment/random.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import { machines, times } from '../faults.ts';
import type { IsolationAsked, Statements, Step } from './statements.ts';

const accounts = ['x', 'x2', 'y', 'y2'] as const;
/** So many that no two ways to add some of them up are the same by chance: a balance says who wrote it. */
const mostAdded = 2 ** 43;

/** How many clients there are, and when they stop. */
export const meeting = { clients: 6, untilMs: times.workFromMs + 800 } as const;
/** More than any client can do in that time. */
const mostPerClient = 500;

const readOf = (account: string): Step => ({ f: 'read', account, amount: 0 });
const writeOf = (account: string, random: Random): Step => ({
  f: 'write',
  account,
  amount: 1 + integerBelow(random, mostAdded),
});

/** Of four transactions about one reads a pair of accounts, one writes it, and the others do what they draw. */
function stepsFrom(random: Random): readonly Step[] {
  const pair = ['x', 'y'] as const;
  const kind = integerBelow(random, 4);
  if (kind === 0) return pair.map(readOf);
  if (kind === 1) return pair.map((account) => writeOf(account, random));
  const steps = accounts.flatMap((account) => {
    if (integerBelow(random, 2) === 0) return [];
    const [read, write] = [readOf(account), writeOf(account, random)];
    return [[read], [write], [read, write]][integerBelow(random, 3)] ?? [];
  });
  return steps.length > 0 ? steps : pair.map(readOf);
}

/** Transactions of clients that never rest, at one machine each. */
export const planMeeting = (random: Random, asked: IsolationAsked): readonly PlannedOperation[] =>
  Array.from({ length: meeting.clients * mostPerClient }, (_, index) => {
    const client = index % meeting.clients;
    const operation: Statements = { f: 'statements', id: `t${index}`, ...asked, steps: stepsFrom(random) };
    return { client, atMs: times.workFromMs, node: machines[client % machines.length] ?? '', operation };
  });
