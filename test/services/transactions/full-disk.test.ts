/**
 * A coordinating process whose disk is full: its journal gets the error from the operating system, in the middle of
 * transactions over two real PostgreSQL databases. What it leaves behind is finished by its next life, which has room.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';

const dist = process.env.QUORATE_DIST ?? join(import.meta.dirname, '../../../dist');
const directory = mkdtempSync(join(tmpdir(), 'quorate-full-disk-'));
const databases = ['north', 'south'] as const;
const segmentBytes = 128 * 1_024;
/** Of any file, in a process that is to run out of room: half of a segment can be written. */
const limitBytes = segmentBytes / 2;
let server: TestPostgres;

beforeAll(async () => {
  server = await startPostgres();
  for (const name of databases) {
    await server.createDatabase(name);
    await server.query('create table done (number int primary key)', [], name);
  }
});
afterAll(async () => {
  await server.remove();
  rmSync(directory, { recursive: true, force: true });
});

const imports = (...modules: readonly (readonly [names: string, path: string])[]): string =>
  modules
    .map(([names, path]) => `import { ${names} } from ${JSON.stringify(pathToFileURL(join(dist, path)).href)};`)
    .join('\n');

/** A life of the node: recovers, says what became of `asked`, and runs transactions, numbered from `first`. */
const program = `
${imports(
  ['createNode, systemEnvironment', 'src/index.js'],
  ['createMemoryNetwork', 'src/bus.js'],
  ['openFileJournal', 'src/journal/file-journal.js'],
  ['postgres', 'src/resources/postgres.js'],
  ['createTransactionManager, transactionDefinitions', 'src/services/transactions.js'],
)}
const { directory, urls, segmentBytes, first, count, asked } = JSON.parse(process.argv[1]);
const environment = systemEnvironment();
const { clock } = environment;
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
const journal = await openFileJournal({ directory, node: 'n1', segmentBytes, ...environment });
const node = createNode({
  id: 'n1',
  bus: createMemoryNetwork({ clock }).join('n1'),
  journal,
  environment,
  resources: { north: postgres(urls.north, { name: 'north' }), south: postgres(urls.south, { name: 'south' }) },
  definitions: transactionDefinitions,
});
let isFailed = false;
node.failure.subscribe((error) => {
  isFailed = true;
  say({ type: 'failed', code: error.code, cause: error.cause?.code });
});
const manager = await createTransactionManager({ node, environment, times: { outcomeTimeoutMs: 2000 } });
await manager.recover();
while (manager.list().length > 0) await new Promise((resolve) => clock.setTimeout(resolve, 5));
for (const id of asked) say({ type: 'found', transaction: id, outcome: (await manager.outcome(id)).outcome });
let next = first;
const work = async () => {
  while (next < first + count && !isFailed) {
    const number = next++;
    try {
      const { transaction } = await manager.transact(async ({ north, south }) => {
        await Promise.all([north, south].map((it) => it.query('insert into done values ($1)', [number])));
      });
      say({ type: 'ended', number, outcome: 'committed', transaction });
    } catch (error) {
      const outcome = error.code === 'TRANSACTION_ABORTED' ? 'aborted' : 'unknown';
      say({ type: 'ended', number, outcome, transaction: error.transaction, code: error.code });
    }
  }
};
await Promise.all(Array.from({ length: 8 }, work));
say({ type: 'last' });
manager.close();
await node.stop().catch(() => undefined);
await journal.close().catch(() => undefined);
process.exit(0);`;

interface Line {
  readonly type: 'failed' | 'ended' | 'found' | 'last';
  readonly number?: number;
  readonly outcome?: string;
  readonly transaction?: string;
  readonly code?: string;
  readonly cause?: string;
}

async function live(
  how: { readonly first?: number; readonly count?: number; readonly asked?: readonly string[] },
  isLimited = false,
): Promise<readonly Line[]> {
  const urls = Object.fromEntries(databases.map((name) => [name, server.url(name)]));
  const input = { first: 0, count: 0, asked: [], ...how, directory, segmentBytes, urls };
  const node = [process.execPath, '--input-type=module', '-e', program, JSON.stringify(input)];
  const [command = '', ...args] = isLimited
    ? ['bash', '-c', `ulimit -f ${limitBytes / 1_024}; exec "$@"`, 'bash', ...node]
    : node;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const lines: Line[] = [];
  try {
    for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line));
  } finally {
    clearTimeout(deadline);
  }
  return lines;
}

const numbersAt = async (database: string): Promise<ReadonlySet<number>> =>
  new Set((await server.query('select number from done', [], database)).map((row) => Number(row.number)));

test.skipIf(process.platform === 'win32')(
  'a disk that is full ends transactions by name, leaves none half done, and what is unknown is known once there is room',
  async () => {
    // The journal is made while there is room for all of it.
    expect(await live({ count: 1 })).toMatchObject([{ type: 'ended', outcome: 'committed' }, { type: 'last' }]);

    const lines = await live({ first: 1, count: 10_000 }, true);
    expect(lines.at(-1)).toEqual({ type: 'last' });
    expect(lines.filter((it) => it.type === 'failed')).toEqual([
      { type: 'failed', code: expect.any(String), cause: 'JOURNAL_FULL' },
    ]);
    const ended = lines.filter((it) => it.type === 'ended');
    const by = (outcome: string): readonly Line[] => ended.filter((it) => it.outcome === outcome);
    expect(by('committed').length).toBeGreaterThan(10);
    expect(by('committed').length).toBeLessThan(10_000);
    for (const { code } of by('aborted')) expect(code).toBe('TRANSACTION_ABORTED');
    for (const { code } of by('unknown')) expect(code).toBe('TRANSACTION_OUTCOME_UNKNOWN');
    const unsuccessful = [...by('aborted'), ...by('unknown')];
    expect(unsuccessful.length).toBeGreaterThan(0);

    const asked = unsuccessful.flatMap(({ transaction }) => (transaction === undefined ? [] : [transaction]));
    expect(asked).toHaveLength(unsuccessful.length);
    const found = await live({ first: 20_000, count: 1, asked });
    expect(found.at(-2)).toMatchObject({ type: 'ended', outcome: 'committed' });
    expect(await server.query("select gid from pg_prepared_xacts where gid like 'quorate:n1:%'")).toEqual([]);
    const [north, south] = [await numbersAt('north'), await numbersAt('south')];
    expect([...north].sort()).toEqual([...south].sort());
    const settled = new Map(found.map((it) => [it.transaction, it.outcome]));
    for (const { number = -1, outcome, transaction } of ended) {
      const last = outcome === 'committed' ? 'committed' : settled.get(transaction);
      if (outcome === 'aborted') expect(last).toBe('aborted');
      expect({ transaction, last, isThere: north.has(number) }).toEqual({
        transaction,
        last: last === 'committed' ? 'committed' : 'aborted',
        isThere: last === 'committed',
      });
    }
  },
  600_000,
);
