/**
 * The coordinating process of the transfer example. It recovers what its last life left behind, says what all balances
 * are together, and moves money until it is killed. One line of JSON for each thing that happens.
 *
 * With `--die CHART:STATE` it kills itself as soon as an actor of that chart enters that state: `before` its effects are
 * carried out, or `after`.
 */

import { parseArgs } from 'node:util';
import { createMemoryNetwork } from '../src/bus/memory.ts';
import { systemEnvironment } from '../src/environment/environment.ts';
import { integerBelow } from '../src/environment/random.ts';
import { createNode, type Node } from '../src/host/node.ts';
import { openFileJournal } from '../src/journal/file-journal.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Participating } from '../src/services/transactions/work.ts';
import { createTransactionManager, TransactionAbortedError } from '../src/services/transactions.ts';
import { showing } from './dashboard.ts';
import { accountsPerDatabase, type Databases, embeddedDatabases, postgresDatabases } from './transfer-bank.ts';

const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    north: { type: 'string' },
    south: { type: 'string' },
    /** How many transfers; until it is killed, by default. */
    transfers: { type: 'string' },
    concurrency: { type: 'string', default: '8' },
    die: { type: 'string' },
    moment: { type: 'string', default: 'before' },
    /** The port of a page that shows the transactions that are open, and who is waited for. */
    dashboard: { type: 'string' },
  },
});
const environment = systemEnvironment();
const { clock, ids } = environment;
const random = environment.randomness.stream('workload');

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function run<Owned extends Readonly<Record<string, Participating>>>(
  journal: Journal,
  { resources, prepare, ledgers }: Databases<Owned>,
): Promise<void> {
  await prepare();
  const startedMs = clock.nowMs();
  const node = createNode({
    id: 'bank',
    bus: createMemoryNetwork({ clock }).join('bank'),
    journal,
    environment,
    resources,
  });
  node.failure.subscribe((error) => {
    say({ type: 'failed', error: error.message });
    process.exitCode = 1;
  });
  const dashboard = await showing([node], values.dashboard);
  const manager = await createTransactionManager({ node, environment, times: { timeoutMs: 5_000 } });
  manager.notices.subscribe((notice) => say({ ...notice, type: 'notice' }));
  const unfinished = manager.list().length;
  while (manager.list().length > 0) await pause(5);
  const counted = await manager.transact(async (work) => {
    let all = 0;
    for (const ledger of ledgers(work)) {
      for (let account = 1; account <= accountsPerDatabase; account += 1) all += await ledger.balance(account);
    }
    return all;
  });
  const sum = counted.isRepeated ? undefined : counted.value;
  say({ type: 'recovered', unfinished, withinMs: Math.round(clock.nowMs() - startedMs), sum });
  if (values.die !== undefined) dieIn(node, values.die, values.moment === 'after');

  let left = values.transfers === undefined ? Number.POSITIVE_INFINITY : Number(values.transfers);
  const move = async (): Promise<void> => {
    const amount = 1 + integerBelow(random, 50);
    const [from, to] = [1 + integerBelow(random, accountsPerDatabase), 1 + integerBelow(random, accountsPerDatabase)];
    const isNorthbound = random.next() < 0.5;
    try {
      const { transaction } = await manager.transact(async (work) => {
        const [north, south] = ledgers(work);
        // Always in the same order, so that transfers wait for each other's locks, and never in a circle.
        await north.add(from, isNorthbound ? amount : -amount);
        await south.add(to, isNorthbound ? -amount : amount);
      });
      say({ type: 'committed', transaction });
    } catch (error) {
      if (!(error instanceof TransactionAbortedError)) throw error;
      say({ type: 'aborted', transaction: error.transaction, reason: error.reason });
    }
  };
  const teller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await move();
    }
  };
  await Promise.all(Array.from({ length: Number(values.concurrency) }, teller));
  while (manager.list().length > 0) await pause(5);
  manager.close();
  await Promise.all([dashboard.close(), node.stop()]);
  say({ type: 'stopped' });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));

function dieIn(node: Node, where: string, isAfter: boolean): void {
  const [chart = '', state = ''] = where.split(':');
  node.inspection.subscribe((event) => {
    if (event.type !== 'step' || event.actor.split('/')[1] !== chart || pathOf(event.state) !== state) return;
    if (isAfter) clock.enqueue(() => process.kill(process.pid, 'SIGKILL'));
    else process.kill(process.pid, 'SIGKILL');
  });
}

const pathOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, below]) => `${name}.${pathOf(below)}`)
    .join(', ');
};

const { directory, north, south } = values;
if (directory === undefined) throw new TypeError('expected --directory DIR');
const journal = await openFileJournal({ directory, node: 'bank', clock, ids });
if (north !== undefined && south !== undefined) await run(journal, postgresDatabases(north, south));
else await run(journal, embeddedDatabases(journal, clock));
