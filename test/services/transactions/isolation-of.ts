/**
 * What `transact` gives over one and over two databases of a server, by each isolation of its branches: judged from the histories of
 * transactions that meet on purpose, and of many that meet by chance. What is found is recorded, and the documents show it.
 */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { integerBelow, type Random, seededRandomness } from '../../../src/environment/random.ts';
import {
  type Anomaly,
  anomalyInBrief,
  type IsolationName,
  isolationNames,
  readTransactions,
  strongestIsolation,
} from '../../../src/history.ts';
import { createNode, type Resources } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import type { BranchIsolation } from '../../../src/resources/mode.ts';
import type { BranchSession } from '../../../src/resources/transactional.ts';
import {
  createTransactionManager,
  TransactionAbortedError,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { root } from '../../docs/pages.ts';
import { until } from '../../fixtures/until.ts';
import { type Line, type Run, type Stage, scripts } from './isolation-scripts.ts';

/** By which isolation branches run, and whether they lock what they read. */
interface Mode {
  readonly isolation: BranchIsolation;
  readonly locks: boolean;
}

const modes: readonly Mode[] = [
  { isolation: 'read committed', locks: false },
  { isolation: 'repeatable read', locks: false },
  { isolation: 'serializable', locks: false },
  { isolation: 'read committed', locks: true },
];
const modeName = ({ isolation, locks }: Mode): string => `${isolation}${locks ? ', with reads that lock' : ''}`;

/** What was found of one mode over one or two databases. */
interface Found {
  readonly isolation: string;
  readonly databases: number;
  readonly strongest: string;
  /** The shortest that violates the next level. */
  readonly anomaly: string | null;
  /** By each script, what it brought about that the weakest level forbids. */
  readonly met: Readonly<Record<string, string>>;
}

type Violations = ReadonlyMap<IsolationName, Anomaly>;

/** The lists of one database, within a branch. */
export interface Lists {
  read(key: string, locks: boolean): Promise<readonly number[]>;
  append(key: string, value: number): Promise<unknown>;
}

export type Database = 'first' | 'second';

/** Two databases of a server, and a manager over both. */
export interface Ground {
  /** Leaves both databases with empty lists under `keys`. */
  empty(keys: readonly string[]): Promise<void>;
  transact(
    act: (at: (database: Database) => Lists) => Promise<void>,
    how: { readonly isolation: BranchIsolation; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  /** How many transactions are not over. */
  open(): number;
  /** Whether anything waits for the lock of a row. */
  isBlocked(): Promise<boolean>;
  /** How many branches are prepared. */
  prepared(at: Database): Promise<number>;
  /** Holds commits of prepared branches back at the second database. */
  holdSecond(): () => void;
  close(): Promise<void>;
}

const environment = systemEnvironment();
const { clock, ids } = environment;
const keys = ['x', 'x2', 'y', 'y2'] as const;

/** A resource that carries commits of prepared branches out when `gate` says so. */
export function heldBack<Session extends BranchSession>(resource: EnlistedResource<Session>) {
  let gate: Promise<void> = Promise.resolve();
  const held: EnlistedResource<Session> = {
    ...resource,
    perform(operation, answer) {
      if (operation.operation.type !== 'commit') resource.perform(operation, answer);
      else void gate.then(() => resource.perform(operation, answer));
    },
  };
  const hold = (): (() => void) => {
    let letGo = (): void => {};
    gate = new Promise((resolve) => {
      letGo = resolve;
    });
    return letGo;
  };
  return { held, hold };
}

/** A manager of a node of its own over resources. */
export async function managerOver<Owned extends Resources>(resources: Owned) {
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal: createMemoryStorage({ node: 'n1', clock, ids }).open(),
    environment,
    resources,
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment });
  const close = async (): Promise<void> => {
    manager.close();
    await node.stop();
  };
  return { manager, close };
}

/** Begins with empty lists. @returns what runs transactions, and their lines */
async function emptied(
  ground: Ground,
  mode: Mode,
  databases: number,
): Promise<{ readonly run: Run; readonly lines: Line[] }> {
  await settled(ground);
  await ground.empty(keys);
  const lines: Line[] = [];
  let values = 0;
  const databaseOf = (key: string): Database => (databases === 2 && key.startsWith('y') ? 'second' : 'first');
  const run: Run = async (id, act, signal) => {
    const begin = clock.nowMs();
    const line: Line = { id, session: id.split('-')[0] ?? id, status: 'unknown', begin, end: begin, operations: [] };
    lines.push(line);
    try {
      await ground.transact(
        (at) =>
          act({
            async read(key) {
              const value = await at(databaseOf(key)).read(key, mode.locks);
              line.operations.push({ f: 'read', key, value });
            },
            async append(key) {
              values += 1;
              const value = values;
              await at(databaseOf(key)).append(key, value);
              line.operations.push({ f: 'append', key, value });
            },
          }),
        { isolation: mode.isolation, ...(signal === undefined ? {} : { signal }) },
      );
      line.status = 'ok';
    } catch (error) {
      if (!(error instanceof TransactionAbortedError)) throw error;
      line.status = 'aborted';
    }
    line.end = clock.nowMs();
  };
  return { run, lines };
}

const settled = (ground: Ground): Promise<unknown> => until('all transactions to be over', () => ground.open() === 0);

/** Plays a script out, and looks at what is there in the end. */
async function played(
  ground: Ground,
  script: (stage: Stage) => Promise<void>,
  mode: Mode,
  databases: number,
): Promise<Line[]> {
  const { run, lines } = await emptied(ground, mode, databases);
  const preparedAnywhere = async (): Promise<number> =>
    (await ground.prepared('first')) + (await ground.prepared('second'));
  const doneOrBlocked: Stage['doneOrBlocked'] = async (going) => {
    let isDone = false;
    const done = going.finally(() => {
      isDone = true;
    });
    await until('the transaction to end, or to wait for a lock', async () => isDone || (await ground.isBlocked()));
    if (isDone) await done;
    return isDone ? 'done' : 'blocked';
  };
  await script({
    run,
    doneOrBlocked,
    async settled(going) {
      await doneOrBlocked(going);
      await until(
        'the second phase, or a lock',
        async () => (await ground.isBlocked()) || (await preparedAnywhere()) === 0,
      );
    },
    holdSecond: () => ground.holdSecond(),
    firstCommitted: () =>
      until('the commit of the first branch', async () => (await ground.prepared('first')) === 0).then(() => undefined),
  });
  await settled(ground);
  await run('last', async ({ read }) => {
    await read('x');
    await read('y');
  });
  return lines;
}

const clients = 5;
const perClient = 30;

/** Clients that do what they draw, each at its own pace; lists in order, so that locks over both databases go one way. */
async function drawn(ground: Ground, mode: Mode, databases: number, seed: number): Promise<Line[]> {
  const { run, lines } = await emptied(ground, mode, databases);
  const client = async (session: number, random: Random): Promise<void> => {
    for (let nth = 0; nth < perClient; nth += 1) {
      const chosen = keys.filter(() => integerBelow(random, 2) === 0);
      await run(`c${session}-${nth}`, async ({ read, append }) => {
        for (const key of chosen) await (integerBelow(random, 2) === 0 ? read(key) : append(key));
      });
    }
  };
  const randomness = seededRandomness(seed);
  await Promise.all(
    Array.from({ length: clients }, (_, session) => client(session, randomness.stream(`client ${session}`))),
  );
  return lines;
}

/** What a history does not satisfy, and by which anomaly. */
function violated(lines: readonly Line[]): Violations {
  const history = readTransactions(lines.map((line) => JSON.stringify(line)));
  const { results } = strongestIsolation(history, { clock });
  expect(results.map(({ verdict }) => verdict)).not.toContain('undecided');
  return new Map(
    results.flatMap(({ isolation, anomaly }) => (anomaly === undefined ? [] : [[isolation, anomaly] as const])),
  );
}

/** The strongest level that none violates, and what violates the next one: of several the shortest, and of these the first. */
function foundOf(mode: Mode, databases: number, met: ReadonlyMap<string, Violations>): Found {
  const played = [...met.values()];
  const at = isolationNames.findIndex((name) => played.every((it) => !it.has(name)));
  const above = isolationNames[at - 1];
  const anomalies = played.flatMap((it) => (above === undefined ? [] : (it.get(above) ?? [])));
  const [shortest] = anomalies.toSorted((one, other) => one.cycle.length - other.cycle.length);
  return {
    isolation: modeName(mode),
    databases,
    strongest: isolationNames[at] ?? 'none',
    anomaly: shortest === undefined ? null : renumbered(anomalyInBrief(shortest)),
    met: Object.fromEntries([...met].map(([script, violations]) => [script, worstOf(violations)])),
  };
}

/** Values in the order in which the text has them: transactions that meet draw theirs in any order. */
function renumbered(text: string): string {
  const numbers = new Map<string, number>();
  return text.replaceAll(/\b\d+\b/g, (value) => {
    const number = numbers.get(value) ?? numbers.size + 1;
    numbers.set(value, number);
    return String(number);
  });
}

/** The anomaly that the weakest level forbids. */
const worstOf = (violations: Violations): string =>
  isolationNames.toReversed().flatMap((name) => violations.get(name)?.name ?? [])[0] ?? 'none';

/**
 * Defines the tests of a server.
 *
 * @param file of test/proof, where what is found is recorded
 */
export function judgesIsolation(name: string, start: () => Promise<Ground>, file: string): void {
  describe(`transactions over ${name}`, () => {
    const found: Found[] = [];
    let ground: Ground;
    beforeAll(async () => {
      ground = await start();
    });
    afterAll(() => ground.close());

    describe.each(modes.flatMap((mode) => [1, 2].map((databases) => ({ mode, databases, name: modeName(mode) }))))(
      'at $name over $databases',
      ({ mode, databases }) => {
        test('give what those give that meet on purpose, and no less when they meet by chance', {
          timeout: 600_000,
        }, async () => {
          const onPurpose = new Map<string, Violations>();
          for (const [script, play] of Object.entries(scripts)) {
            onPurpose.set(script, violated(await played(ground, play, mode, databases)));
          }
          found.push(foundOf(mode, databases, onPurpose));
          const levels = new Set([...onPurpose.values()].flatMap((it) => [...it.keys()]));
          for (const seed of [1, 2]) {
            const lines = await drawn(ground, mode, databases, seed);
            expect(lines.filter(({ status }) => status === 'ok').length).toBeGreaterThan(clients);
            expect([...violated(lines).keys()].filter((level) => !levels.has(level))).toEqual([]);
          }
        });
      },
    );

    test('were found as they are recorded', async () => {
      expect(found.length).toBe(2 * modes.length);
      await expect(`${JSON.stringify(found, null, 2)}\n`, 'npm run docs:isolation').toMatchFileSnapshot(
        join(root, 'test/proof', file),
      );
    });
  });
}
