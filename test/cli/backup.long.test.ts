/** A store is backed up while it is written to, and restored as a new cluster, with real processes and each log. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import { freePort } from '../fixtures/ports.ts';
import { isAlive, type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { quorate } from './commands.ts';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const started: Run[] = [];
afterEach(async () => {
  for (const it of started.splice(0)) {
    const pids = [...it.stdout.matchAll(/:\d+\s+127\.0\.0\.1:\d+\s+(\d+)|, process (\d+)/g)];
    it.signal('SIGKILL');
    await it.end();
    await until('the children to be gone', () => !pids.some(([, one, other]) => isAlive(Number(one ?? other))));
  }
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-backup-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const isReady = /Ctrl-C stops all nodes/;

async function up(data: string, ...more: string[]): Promise<{ readonly it: Run; http(index: number): string }> {
  const port = await freePort([0, 1, 2, 100, 101, 102]);
  const it = run(['up', '--data', data, '--port', String(port), ...more]);
  started.push(it);
  await it.printed(isReady);
  return { it, http: (index) => `127.0.0.1:${port + index}` };
}

async function put(at: string, key: string, value: string, query = ''): Promise<number> {
  return await until(`a write of ${key}`, async () => {
    const response = await fetch(`http://${at}/kv/${key}${query}`, { method: 'PUT', body: value });
    const text = await response.text();
    return response.ok ? Number(JSON.parse(text).version) : undefined;
  });
}

const entriesOf = async (at: string, query: string): Promise<unknown> =>
  until('a range', async () => {
    const response = await fetch(`http://${at}/kv?${query}`);
    const text = await response.text();
    return response.ok ? JSON.parse(text).entries : undefined;
  });

test.each(logProtocolNames)(
  'a store by %s is backed up while it runs, and restored with all versions',
  async (protocol) => {
    const directory = temporary();
    const file = join(directory, 'store.backup');
    const old = await up(join(directory, 'old'), '--protocol', protocol);
    for (let index = 0; index < 20; index += 1) await put(old.http(index % 3), `kept/${index}`, `value ${index}`);
    await put(old.http(0), 'kept/0', 'x'.repeat(200_000));
    const kept = await entriesOf(old.http(0), 'prefix=kept/&limit=1000');

    // Written to meanwhile; what is acknowledged before is in it.
    let isOver = false;
    const writing = (async () => {
      for (let index = 0; !isOver; index += 1) await put(old.http(index % 3), 'meanwhile', String(index));
    })();
    const backedUp = await quorate('backup', file, '--node', old.http(1), '--json');
    isOver = true;
    await writing;
    expect(backedUp).toMatchObject({ code: 0, stderr: '' });
    const told = JSON.parse(backedUp.stdout);
    expect(told).toMatchObject({
      file,
      cluster: 'quorate',
      node: 'n2',
      protocol,
      sizeBytes: readFileSync(file).length,
    });
    expect(await quorate('backup', file, '--node', old.http(1))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^FILE: .*already/),
    });

    const data = join(directory, 'new');
    const restored = await quorate('restore', file, '--data', data, '--json');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    const { cluster, revision } = JSON.parse(restored.stdout);
    expect(cluster).toMatch(/^quorate-.{8}$/);
    expect(revision).toBe(told.revision);
    expect(await quorate('restore', file, '--data', data)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^DATA_DIRECTORY: /),
    });

    // The old cluster runs on.
    const fresh = await up(data, '--cluster', cluster);
    expect(await entriesOf(fresh.http(2), 'prefix=kept/&limit=1000')).toEqual(kept);
    const next = await put(fresh.http(0), 'kept/1', 'new');
    expect(next).toBeGreaterThan(revision);
    expect(await entriesOf(old.http(0), 'prefix=kept/&limit=1000')).toEqual(kept);
    const status = await (await fetch(`http://${fresh.http(1)}/status`)).json();
    expect(status).toMatchObject({ cluster, restoration: { cluster, from: 'quorate', revision, index: told.index } });

    // Started again, from disk alone.
    fresh.it.signal('SIGINT');
    expect(await fresh.it.end()).toBe(0);
    const again = await up(data, '--cluster', cluster);
    expect(await entriesOf(again.http(0), 'key=kept/1')).toMatchObject([{ version: next, value: 'new' }]);
  },
);

test('a file that is not what was written restores nothing', async () => {
  const directory = temporary();
  const file = join(directory, 'store.backup');
  const old = await up(join(directory, 'old'));
  await put(old.http(0), 'kept', 'x'.repeat(100_000));
  expect(await quorate('backup', file, '--node', old.http(0))).toMatchObject({ code: 0 });
  const whole = readFileSync(file);
  const data = join(directory, 'new');
  const restoring = async (bytes: Uint8Array, ...more: string[]) => {
    const other = join(directory, 'other.backup');
    writeFileSync(other, bytes);
    const { code, stderr } = await quorate('restore', other, '--data', data, ...more);
    expect([existsSync(data), existsSync(`${data}.restoring`)]).toEqual([false, false]);
    return { code, stderr };
  };
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(50_000) ^ 1, 50_000);
  const later = Buffer.from(whole);
  later.writeUInt32LE(2, 8);
  expect(await restoring(flipped)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^BACKUP_DAMAGED: /) });
  expect(await restoring(whole.subarray(0, -1))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^BACKUP_TRUNCATED: /),
  });
  expect(await restoring(later)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^BACKUP_VERSION: /) });
  expect(await restoring(Buffer.from('something else'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^BACKUP_FOREIGN: /),
  });
  expect(await restoring(whole, '--cluster', 'quorate')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^CLUSTER_OPTIONS: expected another name/),
  });
});
