/**
 * Transactions that meet on purpose: each script brings an anomaly about where the isolation lets it, by waiting for what
 * must have happened, and never for a time. What waits for a lock instead shows that the isolation does not.
 */

import type { TransactionOperation, TransactionStatus } from '../../../src/history.ts';

/** One transaction, as a line of a history of transactions. */
export interface Line {
  readonly id: string;
  readonly session: string;
  status: TransactionStatus;
  readonly begin: number;
  end: number;
  readonly operations: Omit<TransactionOperation, 'version'>[];
}

/** What a transaction does to lists; `x...` are in the first database, `y...` in the second where there are two. */
export interface ListWork {
  read(key: string): Promise<void>;
  append(key: string): Promise<void>;
}

/** Runs one transaction and notes it, unless it is given up. Resolves when its end is known, however it ended. */
export type Run = (id: string, act: (work: ListWork) => Promise<void>, signal?: AbortSignal) => Promise<void>;

/** What a script can see and do beside its transactions. */
export interface Stage {
  readonly run: Run;
  /** Resolves when `going` has, or waits for a lock at a database. */
  doneOrBlocked(going: Promise<unknown>): Promise<'done' | 'blocked'>;
  /** Resolves when no branch is prepared any more, or `going`, which would be, waits for a lock. */
  settled(going: Promise<unknown>): Promise<void>;
  /** Holds commits of prepared branches back at the second database until what it returns is called. */
  holdSecond(): () => void;
  /** Resolves when the first database has committed its branch, and the second not yet, if there are two. */
  firstCommitted(): Promise<void>;
}

/** What can be waited for, and is once `open` was called. */
function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** A read of one list, then what the others do, then a read of the other list. */
async function readSkew({ run, settled }: Stage): Promise<void> {
  const [hasRead, mayGoOn] = [gate(), gate()];
  const reader = run('reader', async ({ read }) => {
    await read('x');
    hasRead.open();
    await mayGoOn.passed;
    await read('y');
  });
  await hasRead.passed;
  const writer = run('writer', async ({ append }) => {
    await append('x');
    await append('y');
  });
  await settled(writer);
  mayGoOn.open();
  await Promise.all([reader, writer]);
}

/** A read of both lists when one branch of the writer is committed, and the other one is about to be. */
async function betweenTheCommits({ run, doneOrBlocked, holdSecond, firstCommitted }: Stage): Promise<void> {
  const letGo = holdSecond();
  await run('writer', async ({ append }) => {
    await append('x');
    await append('y');
  });
  await firstCommitted();
  const reader = run('reader', async ({ read }) => {
    await read('x');
    await read('y');
  });
  await doneOrBlocked(reader);
  letGo();
  await reader;
}

/** A read of a list that another one appends to before the reader does so itself. */
async function lostUpdate({ run, settled }: Stage): Promise<void> {
  const [hasRead, mayGoOn] = [gate(), gate()];
  const one = run('one', async ({ read, append }) => {
    await read('x');
    hasRead.open();
    await mayGoOn.passed;
    await append('x');
  });
  await hasRead.passed;
  const other = run('other', ({ append }) => append('x'));
  await settled(other);
  mayGoOn.open();
  await Promise.all([one, other]);
}

/** Two transactions, each of which reads what the other one writes. Where both wait for locks of the other, one is given up. */
async function writeSkew({ run, doneOrBlocked }: Stage): Promise<void> {
  const [oneHasRead, otherHasRead] = [gate(), gate()];
  const one = run('one', async ({ read, append }) => {
    await read('y');
    oneHasRead.open();
    await otherHasRead.passed;
    await append('x');
  });
  const given = new AbortController();
  const other = run(
    'other',
    async ({ read, append }) => {
      await read('x');
      otherHasRead.open();
      await oneHasRead.passed;
      await append('y');
    },
    given.signal,
  );
  if ((await doneOrBlocked(Promise.all([one, other]))) === 'blocked') given.abort();
  await Promise.all([one, other]);
}

/** Two readers that see two independent writers in different orders. Where they keep these out, they wait for each other, and one is given up. */
async function longFork({ run, doneOrBlocked }: Stage): Promise<void> {
  const [oneHasRead, otherHasRead, bothHaveWritten] = [gate(), gate(), gate()];
  const reading = (first: string, second: string, hasRead: { open(): void }) => async (work: ListWork) => {
    await work.read(first);
    hasRead.open();
    await bothHaveWritten.passed;
    await work.read(second);
  };
  const given = new AbortController();
  const one = run('one', reading('x', 'y', oneHasRead));
  const other = run('other', reading('y', 'x', otherHasRead), given.signal);
  await Promise.all([oneHasRead.passed, otherHasRead.passed]);
  const writers = Promise.all([run('w1', ({ append }) => append('x')), run('w2', ({ append }) => append('y'))]);
  const areKeptOut = (await doneOrBlocked(writers)) === 'blocked';
  bothHaveWritten.open();
  if (areKeptOut) given.abort();
  await Promise.all([one, other, writers]);
}

/** What is run, by name. */
export const scripts = {
  'read skew': readSkew,
  'between the commits': betweenTheCommits,
  'write skew': writeSkew,
  'long fork': longFork,
  'lost update': lostUpdate,
} as const satisfies Readonly<Record<string, (stage: Stage) => Promise<void>>>;
