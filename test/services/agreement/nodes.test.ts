/** Agreement among real nodes: journals, TCP, HTTP and the command line on loopback. */

import fs from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { agree } from '../../../src/services/agreement.ts';
import type { KeyValueNode } from '../../../src/services/kv-node.ts';
import { quorate } from '../../cli/commands.ts';
import { hasNats, startNats } from '../../fixtures/nats.ts';
import { until } from '../../fixtures/until.ts';
import { createNodeLab, type NodeLab, written } from '../kv-nodes.ts';

const ids = ['n1', 'n2', 'n3'];

async function startedCluster(shared: Parameters<typeof createNodeLab>[1] = {}): Promise<NodeLab> {
  const lab = await createNodeLab(ids, shared);
  for (const id of ids) await lab.start(id, { requestDeadlineMs: 60_000 });
  return lab;
}

interface Told {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function ask(node: KeyValueNode, path: string, init: RequestInit = {}): Promise<Told> {
  const response = await fetch(`${node.httpUrl}/agree/${path}`, init);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}
const put = (node: KeyValueNode, path: string, body: string, type = 'text/plain'): Promise<Told> =>
  ask(node, path, { method: 'PUT', body, headers: { 'content-type': type } });

test.skipIf(!hasNats)('nodes that reach each other over NATS agree on one value, whoever asks first', async () => {
  const server = await startNats();
  onTestFinished(() => server.kill());
  const lab = await startedCluster({ nats: server.url });
  const asked = await Promise.all(ids.map((id) => put(lab.node(id), 'owner', id)));
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(asked.map(({ text }) => text)).size).toBe(1);
  await lab.stop('n1');
  expect(await put(lab.node('n2'), 'owner', 'another')).toMatchObject({ status: 200, text: asked[0]?.text });
  expect(await put(lab.node('n3'), 'second', 'n3')).toMatchObject({ status: 200, text: 'n3' });
});

test('a value is agreed on over HTTP, as text or as JSON, and learned at every node', async () => {
  const lab = await startedCluster();
  expect(await ask(lab.node('n2'), 'owner')).toMatchObject({ status: 404 });
  const text = { status: 200, type: 'text/plain; charset=utf-8', text: 'n1' };
  expect(await put(lab.node('n1'), 'owner', 'n1')).toEqual(text);
  expect(await put(lab.node('n2'), 'owner', 'n2')).toEqual(text);
  expect(await ask(lab.node('n3'), 'owner')).toEqual(text);
  // Asked twice at once with different values, by one node and by another.
  const asked = [lab.node('n1'), lab.node('n1'), lab.node('n2')];
  const told = await Promise.all(asked.map((node, at) => put(node, 'twice', `v${at}`)));
  expect(told.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set(told.map(({ text: value }) => value)).size).toBe(1);
  // As bytes, because `text()` leaves a byte order mark out.
  const marked = await fetch(`${lab.node('n1').httpUrl}/agree/marked`, { method: 'PUT', body: '\ufeffn1' });
  expect(new Uint8Array(await marked.arrayBuffer())).toEqual(new TextEncoder().encode('\ufeffn1'));
  const json = { status: 200, type: 'application/json; charset=utf-8', text: '{"port":1}' };
  expect(await put(lab.node('n1'), 'a/b', '{ "port": 1 }', 'application/json')).toEqual(json);
  expect(await ask(lab.node('n2'), 'a/b')).toEqual(json);
  // As they were given: numbers that doubles hold, long fractions, and digits within text.
  const exact = '[1e21,9007199254740992,0.12345678901234567890,"\\"9007199254740993"]';
  const said = '[1e+21,9007199254740992,0.12345678901234568,"\\"9007199254740993"]';
  expect(await put(lab.node('n1'), 'exact', exact, 'application/json')).toMatchObject({ status: 200, text: said });
});

test('what cannot be is refused over HTTP with what to do', async () => {
  const lab = await startedCluster();
  const node = lab.node('n1');
  await put(node, 'owner', 'n1');
  const refused = async (told: Promise<Told>): Promise<unknown> => {
    const { status, text } = await told;
    return { status, code: JSON.parse(text).code };
  };
  expect(await refused(put(node, 'owner?acceptors=n1,n2', 'x'))).toEqual({
    status: 409,
    code: 'DECISION_ACCEPTORS_DIFFER',
  });
  expect(await refused(put(node, 'owner?acceptors=n1,n1', 'x'))).toEqual({ status: 400, code: 'PAXOS_ACCEPTORS' });
  expect(await refused(put(node, 'k'.repeat(513), 'x'))).toEqual({ status: 400, code: 'DECISION_KEY' });
  expect(await refused(put(node, 'big', 'x'.repeat(70_000)))).toEqual({ status: 413, code: 'DECISION_VALUE_LIMIT' });
  expect(await refused(put(node, 'json', '{', 'application/json'))).toEqual({ status: 400, code: 'DECISION_VALUE' });
  for (const json of [
    '1e999',
    '[-1e999]',
    '"\\ud800"',
    '{"\\udc00":1}',
    '9007199254740993',
    '{"id":-12345678901234567890}',
  ]) {
    expect(await refused(put(node, 'json', json, 'application/json'))).toEqual({ status: 400, code: 'DECISION_VALUE' });
  }
  for (const named of ['acceptor=n1,n2', 'acceptors=n1,n2,n3&quorums=1', '__proto__=1']) {
    expect(await refused(put(node, `owner?${named}`, 'x'))).toEqual({ status: 400, code: 'UNKNOWN_PARAMETER' });
  }
  for (const named of ['acceptors=', 'acceptors=a%20b', 'acceptors=n1&acceptors=n2']) {
    expect(await refused(put(node, `owner?${named}`, 'x'))).toEqual({ status: 400, code: 'MALFORMED_REQUEST' });
  }
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  expect(await refused(put(node, 'deep', deep, 'application/json'))).toEqual({ status: 400, code: 'DECISION_VALUE' });
  await lab.stop('n2');
  await lab.stop('n3');
  await lab.stop('n1');
  const alone = await lab.start('n1', { requestDeadlineMs: 300 });
  expect(await refused(put(alone, 'later', 'x'))).toEqual({ status: 504, code: 'DECISION_UNKNOWN' });
});

test('keys beyond the limit of a node are refused over HTTP, by name and visibly, and the store goes on', async () => {
  const lab = await createNodeLab(['n1']);
  const node = await lab.start('n1', { agreementKeys: 2 });
  for (const key of ['a', 'b']) expect(await put(node, key, 'v')).toMatchObject({ status: 200, text: 'v' });
  const { status, text } = await put(node, 'c', 'v');
  expect({ status, ...JSON.parse(text) }).toMatchObject({
    status: 507,
    code: 'ROOM_FULL',
    outcome: 'did-not-happen',
    message:
      "expected at most 2 keys in the room 'agreement' of node 'n1', got one more; use a key that is there, or raise limits.rooms",
  });
  expect(await put(node, 'a', 'w')).toMatchObject({ status: 200, text: 'v' });
  await written(node, 'c', 'v');
  const shown = await (await fetch(`${node.httpUrl}/status`)).json();
  expect(shown).toMatchObject({ occupancy: { rooms: { agreement: { count: 2, limit: 2 } } } });
  const metrics = await (await fetch(`${node.httpUrl}/metrics`)).text();
  expect(metrics).toMatch(/^quorate_room_taken\{room="agreement"\} 2$/m);
  expect(metrics).toMatch(/^quorate_room_limit\{room="actors"\} 100000$/m);
});

test('the command line agrees, and tells, and names what cannot be', async () => {
  const lab = await startedCluster();
  const agreed = async (id: string, ...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await quorate(
      'agree',
      '--node',
      new URL(lab.node(id).httpUrl ?? '').host,
      ...args,
    );
    return code === 0 ? stdout.trimEnd() : { code, refused: stderr.slice(0, stderr.indexOf(':')), stderr };
  };
  expect(await agreed('n1', 'told', 'as JSON', '--json')).toBe('{"key":"told","value":"as JSON"}');
  expect(await agreed('n1', 'owner', 'n1')).toBe('n1');
  expect(await agreed('n2', 'owner', 'n2')).toBe('n1');
  expect(await agreed('n3', 'owner')).toBe('n1');
  expect(await agreed('n3', 'owner', 'x', '--acceptors', 'n1,n2')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^DECISION_ACCEPTORS_DIFFER: .*n1, n2, n3 \(2 to promise/),
  });
  for (const [refused, ...args] of [
    ['NOT_KNOWN_TO_BE_CHOSEN', 'nothing'],
    ['PAXOS_ACCEPTORS', 'owner', 'x', '--acceptors', 'n1,n1'],
    ['MALFORMED_REQUEST', 'owner', 'x', '--acceptors', ''],
    ['MALFORMED_REQUEST', 'owner', '--acceptors', 'n1&quorums=1'],
    ['DECISION_KEY', '', 'x'],
    ['DECISION_KEY', 'k'.repeat(513), 'x'],
    ['DECISION_VALUE_LIMIT', 'big', 'x'.repeat(70_000)],
  ] as const) {
    expect(await agreed('n1', ...args)).toMatchObject({ code: 1, refused });
  }
});

test('an acceptor that lost its journal is refused, and what it forgot is kept by the others', async () => {
  const lab = await startedCluster();
  const asking = { key: 'owner', acceptors: ids, deadlineMs: 60_000 };
  expect(await agree(lab.node('n3').node, { ...asking, value: 'first' })).toBe('first');
  await lab.stop('n3');
  fs.rmSync(join(lab.directory, 'n3'), { recursive: true });
  const wiped = await lab.start('n3');
  const failures: string[] = [];
  wiped.failure.subscribe(({ code }) => failures.push(code));
  await until('a majority to say so', () => failures.includes('JOURNAL_LOST'));
  await until('it to stop', () => !wiped.node.isRunning);
  expect(await agree(lab.node('n2').node, { ...asking, value: 'second' })).toBe('first');
});
