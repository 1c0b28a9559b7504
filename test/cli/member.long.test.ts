/** A node whose disk is lost is replaced, with the command line alone, as an operator does it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../fixtures/ports.ts';
import { isAlive, type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { quorate as quorateHere } from './commands.ts';

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

function quorate(...args: string[]): Run {
  const it = run(args);
  started.push(it);
  return it;
}

async function ended(it: Run, code: number): Promise<void> {
  expect({ code: await it.end(), stderr: it.stderr }).toMatchObject({ code });
}

test('a node that lost its disk is replaced, and all start again with the options that they had', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-member-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const data = join(directory, 'data');
  const port = await freePort([0, 1, 2, 3, 100, 101, 102, 103]);
  const up = () => quorate('up', '--data', data, '--port', String(port));
  const isReady = /Ctrl-C stops all nodes/;
  const http = (index: number) => `127.0.0.1:${port + index}`;
  const tcp = (index: number) => `127.0.0.1:${port + 100 + index}`;
  const put = async (index: number, value: string) =>
    (await fetch(`http://${http(index)}/kv/kept`, { method: 'PUT', body: value })).status === 200;
  const get = async (index: number) => (await fetch(`http://${http(index)}/kv/kept`)).text();
  const stop = async (it: Run) => {
    it.signal('SIGINT');
    await ended(it, 0);
  };
  const n4 = (...peers: string[]) =>
    quorate(
      ...['node', '--id', 'n4', '--join', '--data', join(directory, 'n4'), '--secret-file', join(data, 'secret')],
      ...['--listen', tcp(3), '--http', http(3), ...peers.flatMap((peer) => ['--peer', peer])],
    );

  const first = up();
  await first.printed(isReady);
  await until('a write', () => put(0, 'before'));
  /** Says it until it is done: on a machine with other work, nodes may take longer than the command waits. */
  const said = (...args: string[]): Promise<string> =>
    until(`member ${args.join(' ')}`, async () => {
      const { code, stdout } = await quorateHere('member', ...args);
      return code === 0 ? stdout : undefined;
    });
  expect(await said('transfer', 'n2', '--node', http(0))).toBe('n2 leads.\n');
  await stop(first);
  rmSync(join(data, 'n3'), { recursive: true });
  const second = up();
  await second.printed(/n3 .*JOURNAL_LOST/);

  const joining = n4(`n1=${tcp(0)}`, `n2=${tcp(1)}`);
  await joining.printed(/n4/);
  expect(await said('replace', 'n3', `n4=${tcp(3)}`, '--node', http(0))).toMatch(
    /^n4 has taken the place of n3\.\nn1 {2}votes.*\nn2 {2}votes.*\nn4 {2}votes .*\nn3 {2}left for good/,
  );
  await until('a read at n4', async () => (await get(3)) === 'before');

  // Once more, and for something that makes no sense.
  await said('replace', 'n3', `n4=${tcp(3)}`, '--node', http(1));
  const refused = await quorateHere('member', 'replace', 'n3', `n5=${tcp(3)}`, '--node', http(1));
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(/^NOT_REPLACED: .*nothing has changed/);

  // A cluster that grows by one, and shrinks again.
  expect(await said('promote', 'n4', '--node', http(0))).toMatch(/^n4 votes\.\n/);
  const unknown = await quorateHere('member', 'remove', 'n9', '--node', http(0));
  expect(unknown).toMatchObject({ code: 1 });
  expect(unknown.stderr).toMatch(/^MEMBERS_UNCHANGED: .*nothing has changed/);
  expect(await said('move', `n2=${tcp(1)}`, '--node', http(0))).toContain(`n2  votes   ${tcp(1)}`);

  await stop(second);
  await stop(joining);
  const third = up();
  const again = n4();
  await third.printed(isReady);
  await again.printed(/n4/);
  await until('a write at n4', () => put(3, 'after'));
  expect(await said('list', '--node', http(3))).toContain(`n4  votes   ${tcp(3)}`);
  await until('a read at n2', async () => (await get(1)) === 'after');
});

test('a node that is not there, and options that make no sense, are named', async () => {
  const absent = await quorateHere('member', 'list', '--node', `127.0.0.1:${await freePort()}`);
  expect(absent.stderr).toMatch(/^NODE_UNREACHABLE: .*--node HOST:HTTPPORT/);
  expect(absent.code).toBe(1);
  for (const change of [['add', 'n4'], ['promote', 'n/4'], ['move', 'n2'], ['remove']]) {
    expect((await quorateHere('member', ...change)).code).toBe(2);
  }
  for (const change of [['n3'], ['n3', 'n4'], ['n3', 'n4=127.0.0.1:0']]) {
    expect((await quorateHere('member', 'replace', ...change)).code).toBe(2);
  }
});
