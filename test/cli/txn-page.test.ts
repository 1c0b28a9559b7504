/** The page of `quorate txn`: what is told to a browser that comes while the command works, and after. */

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { openTransactions } from '../../src/dashboard/model/open-transactions.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import { type Run, run } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { configure, temporary, txn } from './txn-command.ts';
import { leaveHalfFinished } from './txn-left.ts';

const embedded = { type: 'embedded' } as const;

/** What a browser at the page of `command` has been told. */
async function lookAt(command: Run) {
  const [, url = ''] = await command.printed(/See it: (http:\S+#token=\S+)/);
  const { host, origin, hash } = new URL(url);
  const viewer = new WebSocket(`ws://${host}/feed?token=${hash.replace('#token=', '')}`);
  onTestFinished(() => viewer.terminate());
  const timeline = new Timeline();
  viewer.on('message', (data) => timeline.add(JSON.parse(String(data))));
  const everOpen = (): readonly string[] => {
    const texts = new Set<string>();
    for (let position = timeline.first; position <= timeline.end; position += 1) {
      for (const { transaction, phase, waitsFor } of openTransactions(
        timeline.at(position),
        Number.POSITIVE_INFINITY,
      )) {
        texts.add(`${transaction} ${phase}: ${waitsFor.join(', ')}`);
      }
    }
    return [...texts];
  };
  return { origin, timeline, everOpen };
}

/** A node that left a transaction half finished, and the configuration of a command about it. */
async function left(resources: object) {
  const directory = temporary();
  const dataDirectory = join(directory, 'data');
  const transaction = await leaveHalfFinished(dataDirectory);
  return { transaction, config: configure(directory, { dataDirectory, resources }) };
}

test('what is resolved in a moment is seen for as long as one likes, and the node is given back meanwhile', async () => {
  const { transaction, config } = await left({ orders: embedded, stock: embedded });
  const command = run(['txn', 'resolve', transaction, '--config', config, '--dashboard']);
  await command.printed(/Ctrl-C ends it/);
  expect(command.stdout).toContain(`${transaction}: committed`);
  const { origin, timeline, everOpen } = await lookAt(command);
  expect((await (await fetch(origin)).text()).toLowerCase()).toContain('<!doctype html>');
  await until('the transaction', () => everOpen().length > 0);
  expect(timeline.head).toMatchObject({ title: 'transactions of n1', nodes: ['n1'] });
  expect(everOpen()).toContain(`${transaction} committed: stock at n1`);
  const charts = new Set([...timeline.between(0, timeline.end)].flatMap((item) => ('chart' in item ? item.chart : [])));
  expect([...charts]).toEqual(expect.arrayContaining(['2pc.coordinator', '2pc.participant']));
  expect(await txn('list', '--config', config)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No trans/) });
  command.signal('SIGINT');
  expect(await command.end()).toBe(0);
});

test('what is waited for is seen while it is', async () => {
  const { transaction, config } = await left({
    orders: embedded,
    stock: { type: 'postgres', url: 'postgres://u:p@127.0.0.1:1/x' },
  });
  const command = run(['txn', 'resolve', '--config', config, '--dashboard', '0', '--wait', '600', '--json']);
  const { everOpen } = await lookAt(command);
  await until('who is waited for', () => everOpen().includes(`${transaction} committed: stock at n1`));
  expect(command.stdout).toBe('');
  command.signal('SIGKILL');
  await command.end();
});

test('at a terminal a page is named where branches are waited for, and ends with the command', async () => {
  const { config } = await left({ orders: embedded, stock: { type: 'postgres', url: 'postgres://u:p@127.0.0.1:1/x' } });
  const { isTTY } = process.stdout;
  process.stdout.isTTY = true;
  try {
    const { stderr, code } = await txn('resolve', '--config', config, '--wait', '0.2');
    expect({ stderr, code }).toEqual({ stderr: expect.stringMatching(/See it: http:\S+#token=\S+\n$/), code: 1 });
    const [, url = ''] = /See it: (http:\S+)/.exec(stderr) ?? [];
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    const listed = await txn('list', '--config', config);
    expect(listed.stdout).toMatch(/committed/);
    expect(listed.stderr).not.toMatch(/See it|page/);
  } finally {
    process.stdout.isTTY = isTTY;
  }
});

test('there is no page where none is asked for and no person looks', async () => {
  const { config } = await left({ orders: embedded, stock: embedded });
  for (const how of [[], ['--no-dashboard']]) {
    const { stderr, code } = await txn('resolve', '--config', config, ...how);
    expect({ stderr, code }).toEqual({ stderr: expect.not.stringMatching(/See it|page/), code: 0 });
  }
  expect(await txn('list', '--config', config, '--dashboard', 'x')).toMatchObject({ code: 2 });
});
