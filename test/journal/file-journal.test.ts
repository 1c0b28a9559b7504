/** The journal on the machine's own disk. Child processes run what `npm run build` made. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import {
  JournalDirectoryError,
  JournalLockedError,
  JournalOptionsError,
  JournalOwnerError,
} from '../../src/journal/errors.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { a, entry, journalConformance, valuesOf, write } from './conformance.ts';

const environment = systemEnvironment();
const segmentBytes = 65_536;
const built = new URL('../../dist/src/', import.meta.url);

let directory = '';
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-journal-'));
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true, force: true });
});

const open = (node = 'n1', at = directory): Promise<Journal> =>
  openFileJournal({ directory: at, node, ...environment, segmentBytes });

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = environment.clock.nowMs() + 10_000;
  while (!condition()) {
    if (environment.clock.nowMs() > deadlineMs) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(['threadpool', 'blocking'] as const)('in a directory, with %s writes', (writes) => {
  journalConformance(async () => {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-journal-'));
    let current: Journal | undefined;
    return {
      async open(limits) {
        const options = { directory: made, node: 'n1', ...environment, segmentBytes, writes };
        current = await openFileJournal(limits === undefined ? options : { ...options, limits });
        return current;
      },
      // A process that lives on cannot crash; that what is not durable may be lost is proved with child processes.
      async crash() {
        await current?.close();
      },
      until,
      finish: (closed) => closed,
      async dispose() {
        await current?.close();
        fs.rmSync(made, { recursive: true, force: true });
      },
    };
  });
});

test.each(['threadpool', 'blocking'] as const)('%s writes are synced where O_DSYNC cannot be', async (writes) => {
  const options = { directory, node: 'n1', ...environment, segmentBytes, writes, syncs: 'fdatasync' } as const;
  const journal = await openFileJournal(options);
  for (let index = 0; index < 5; index += 1) await write({ until }, journal, entry(a, index));
  await journal.close();
  const again = await open();
  expect(valuesOf(again.take(a))).toEqual([0, 1, 2, 3, 4]);
  await again.close();
});

test('a directory that is not there is made', async () => {
  const journal = await open('n1', path.join(directory, 'a', 'b'));
  expect(journal.isNew).toBe(true);
  await journal.close();
});

test('a file instead of a directory is refused by name', async () => {
  const file = path.join(directory, 'file');
  fs.writeFileSync(file, 'x');
  await expect(open('n1', file)).rejects.toThrow(JournalDirectoryError);
});

test('a directory of other things is refused by name', async () => {
  fs.writeFileSync(path.join(directory, 'letter.txt'), 'x');
  await expect(open()).rejects.toThrow(JournalDirectoryError);
});

test("another node's directory is refused by name, and can be opened by its own afterwards", async () => {
  await (await open('n1')).close();
  await expect(open('n2')).rejects.toThrow(JournalOwnerError);
  await (await open('n1')).close();
});

test('options that cannot work are refused by name', async () => {
  await expect(openFileJournal({ directory, node: 'n 1', ...environment })).rejects.toThrow(JournalOptionsError);
  await expect(openFileJournal({ directory, node: 'n1', ...environment, segmentBytes: 1 })).rejects.toThrow(
    /segmentBytes/,
  );
});

test('a second opening in the same process is refused, by any path, until the first is closed', async () => {
  const journal = await open();
  const link = path.join(os.tmpdir(), `${path.basename(directory)}-link`);
  fs.symlinkSync(directory, link);
  try {
    await expect(open()).rejects.toThrow(JournalLockedError);
    await expect(open('n1', link)).rejects.toThrow(JournalLockedError);
    await write({ until }, journal, entry(a, 1));
  } finally {
    fs.unlinkSync(link);
  }
  await journal.close();
  await (await open()).close();
});

/** Runs `body` as a module of its own process; `journal` is the one in the test's directory. */
function child(body: string, prefix: readonly string[] = []): ChildProcessWithoutNullStreams {
  const code = `
    import { systemEnvironment } from '${new URL('environment/environment.js', built)}';
    import { openFileJournal } from '${new URL('journal/file-journal.js', built)}';
    const journal = await openFileJournal({
      directory: ${JSON.stringify(directory)}, node: 'n1', ...systemEnvironment(), segmentBytes: ${segmentBytes},
    });
    ${body}`;
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, '--input-type=module', '-e', code];
  const started = spawn(command, rest);
  started.stderr.pipe(process.stderr);
  return started;
}

const appendForEver = `
  let next = 0;
  const append = () => {
    const number = next++;
    const record = { type: 'wrote', value: number };
    const actor = 'n1/test.actor/a';
    // Every 100th is a checkpoint that says how many came before.
    journal.append([{ actor, version: 1, record, ...(number % 100 === 0 && { replaces: 'checkpoint' }) }], (error) => {
      if (error) throw error;
      process.stdout.write(number + '\\n');
      append();
    });
  };
  for (let lane = 0; lane < 8; lane++) append();`;

test('a process that is killed releases the lock and loses nothing that was durable', async () => {
  for (let round = 0; round < 3; round += 1) {
    const started = child(appendForEver.replace('let next = 0', `let next = ${round * 100_000}`));
    let last = -1;
    let refusal: Promise<unknown> | undefined;
    for await (const line of createInterface(started.stdout)) {
      last = Number(line);
      if (last % 100_000 === 500) refusal = open().catch((error: unknown) => error);
      if (last % 100_000 === 2000) started.kill('SIGKILL');
    }
    if (started.exitCode === null && started.signalCode === null) await once(started, 'exit');
    expect(await refusal).toBeInstanceOf(JournalLockedError);
    const journal = await open();
    const values = valuesOf(journal.take(a));
    const first = values[0];
    if (typeof first !== 'number') throw new Error('no records');
    expect(first % 100).toBe(0);
    expect(values).toEqual(Array.from({ length: values.length }, (_, index) => first + index));
    expect(first + values.length - 1).toBeGreaterThanOrEqual(last);
    await journal.close();
  }
});

test.skipIf(process.platform === 'win32')('a file system without room ends the journal by name', async () => {
  const limit = ['bash', '-c', `ulimit -f ${segmentBytes / 1024}; exec "$@"`, 'bash'];
  const started = child(
    `
    const append = (value) => new Promise((resolve) => journal.append(
      [{ actor: 'n1/test.actor/a', version: 1, record: { type: 'wrote', value } }],
      (error) => resolve(error?.code ?? 'durable'),
    ));
    console.log(await append('small'));
    console.log(await append(new Uint8Array(200_000)));
    console.log(await append('small'));
    await journal.close();`,
    limit,
  );
  const lines: string[] = [];
  for await (const line of createInterface(started.stdout)) lines.push(line);
  expect(lines).toEqual(['durable', 'JOURNAL_FULL', 'JOURNAL_FULL']);
  const journal = await open();
  expect(valuesOf(journal.take(a))).toEqual(['small']);
  await journal.close();
});
