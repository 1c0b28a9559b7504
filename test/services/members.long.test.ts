/** One node in the place of another: real journals, TCP and HTTP on loopback. */

import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type KeyValueNode, MemberRetiredError } from '../../src/services/kv-node.ts';
import { MalformedRequestError } from '../../src/services/store/errors.ts';
import type { LogProtocolName } from '../../src/services/store/log/protocol-names.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
import { freePort } from '../fixtures/ports.ts';
import { replacingLogs } from '../fixtures/replacing-logs.ts';
import { until } from '../fixtures/until.ts';
import { at, createNodeLab, get, type NodeLab, put, written } from './kv-nodes.ts';

const founders = ['n1', 'n2', 'n3'];

async function startedCluster(protocol: LogProtocolName = 'raft'): Promise<NodeLab> {
  const lab = await createNodeLab(founders, { protocol });
  for (const id of founders) await lab.start(id);
  const leader = await lab.leader();
  await written(leader, 'kept', 'before');
  return lab;
}

/** Starts a node that waits to be taken in. */
async function startJoining(lab: NodeLab, id: string): Promise<{ readonly port: number; readonly node: KeyValueNode }> {
  const port = await freePort();
  const { listen, peers } = lab.optionsOf('n1');
  const node = await lab.start(id, { listen: at(port), peers: { n1: listen, ...peers }, joins: true });
  return { port, node };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a node answers to a change of members, which is asked again where a leader was missing, as operators do. */
const asked = (node: KeyValueNode, kind: string, body: unknown): Promise<Answer> =>
  until(`an answer to '${kind}'`, async () => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${node.httpUrl}/members/${kind}`, { method: 'POST', ...sent });
    const answer = { status: response.status, body: await response.json() };
    return answer.status < 500 ? answer : undefined;
  });

const replace = (node: KeyValueNode, body: unknown): Promise<Answer> => asked(node, 'replace', body);

/** As `replace`, until it is done: on a machine with other work, a newcomer may not catch up in time. */
const replaced = (node: KeyValueNode, body: unknown): Promise<Answer> =>
  until('the change of members', async () => {
    const answer = await replace(node, body);
    return answer.status === 200 ? answer : undefined;
  });

const membersAt = async (node: KeyValueNode): Promise<unknown> => (await fetch(`${node.httpUrl}/members`)).json();

const byNewcomer = (old: string, id: string, port: number) => ({ old, new: { id, host: '127.0.0.1', port } });

const failureOf = (node: KeyValueNode): Promise<unknown> =>
  new Promise((resolve) => void node.failure.subscribe((error) => resolve(error)));

describe.each(replacingLogs)('a node is replaced in a log by %s', (protocol) => {
  test('whose disk is lost; then any two of the three go on, and all start again with the options of before', async () => {
    const lab = await startedCluster(protocol);
    await lab.stop('n3');
    fs.rmSync(join(lab.directory, 'n3'), { recursive: true });
    const { port, node } = await startJoining(lab, 'n4');
    // From a node that may not lead: it passes the request on.
    const answer = await replaced(lab.node('n2'), byNewcomer('n3', 'n4', port));
    expect(answer).toMatchObject({
      status: 200,
      body: { voters: ['n1', 'n2', 'n4'], retired: ['n3'], isSettled: true },
    });
    expect(await replace(lab.node('n1'), byNewcomer('n3', 'n4', port))).toMatchObject({ status: 200 });
    expect(await membersAt(lab.node('n1'))).toMatchObject({
      voters: ['n1', 'n2', 'n4'],
      places: { n4: `127.0.0.1:${port}` },
    });
    expect(await until('a read', () => get(node, 'kept'))).toBe('before');

    await lab.stop('n1');
    await until('the two that are left to take writes', async () => (await put(node, 'kept', 'without n1')) === 200);
    for (const id of ['n2', 'n4']) await lab.stop(id);

    // n1 and n2 are told of n3 and not of n4; their logs know better, where they hold the change.
    await lab.start('n1');
    await lab.start('n2');
    await lab.start('n4', { listen: at(port), peers: {}, joins: true });
    await until('all three', async () => (await get(lab.node('n1'), 'kept')) === 'without n1');
    await lab.stop('n2');
    await until('n1 and n4 to take writes', async () => (await put(lab.node('n1'), 'kept', 'without n2')) === 200);
  });

  test('while another one is away, which comes back when all who could tell it are gone, and is told of the newcomer', async () => {
    const lab = await startedCluster(protocol);
    const leader = await lab.leader();
    const { id } = leader.node;
    const [away = '', old = ''] = founders.filter((it) => it !== id);
    await lab.stop(away);
    const { port, node } = await startJoining(lab, 'n4');
    expect(await replaced(leader, byNewcomer(old, 'n4', port))).toMatchObject({
      status: 200,
      body: { retired: [old] },
    });
    await lab.stop(old);
    await lab.stop(id);
    await lab.start(away, { peers: { ...lab.optionsOf(away).peers, n4: at(port) } });
    await until('the two to take writes', async () => (await put(node, 'kept', 'without others')) === 200);
  });

  test('that leads, and stops for good when it knows', async () => {
    const lab = await startedCluster(protocol);
    const leader = await lab.leader();
    const old = leader.store.status().id;
    const failure = failureOf(leader);
    const { port } = await startJoining(lab, 'n4');
    const others = founders.filter((id) => id !== old);
    const other = lab.node(others[0] ?? '');
    expect(await replaced(other, byNewcomer(old, 'n4', port))).toMatchObject({ status: 200, body: { retired: [old] } });
    expect(await failure).toBeInstanceOf(MemberRetiredError);
    await written(other, 'kept', 'after');
  });

  test('through a client', async () => {
    const lab = await startedCluster(protocol);
    const { port } = await startJoining(lab, 'n4');
    const { host, port: first } = lab.node('n1').bus.address();
    const client = await connect([`${host}:${first}`], { connectMs: 60_000 });
    expect(await client.members()).toMatchObject({ voters: founders, change: null });
    const change = { leaving: 'n2', joining: 'n4', place: `127.0.0.1:${port}` };
    expect(await client.replaceMember(change)).toMatchObject({ voters: ['n1', 'n3', 'n4'] });
    await client.close();
  });
});

describe.each(replacingLogs)('members of a log by %s change one by one', (protocol) => {
  test('a node is added, votes once it has caught up, and the one that led is removed', async () => {
    const lab = await startedCluster(protocol);
    const leader = await lab.leader();
    const { id } = leader.node;
    const other = lab.node(founders.find((it) => it !== id) ?? '');
    const { port, node } = await startJoining(lab, 'n4');
    const placed = { id: 'n4', host: '127.0.0.1', port };
    expect(await asked(other, 'add', placed)).toMatchObject({ status: 200, body: { learners: ['n4'] } });
    await until('the vote', async () => (await asked(other, 'promote', { id: 'n4' })).status === 200);
    const failure = failureOf(leader);
    expect(await asked(other, 'remove', { id })).toMatchObject({ status: 200, body: { retired: [id] } });
    expect(await failure).toBeInstanceOf(MemberRetiredError);
    await until('writes', async () => (await put(node, 'kept', 'after')) === 200);
  });

  test('and what makes no sense is refused by name', async () => {
    const lab = await startedCluster(protocol);
    const node = lab.node('n2');
    const unchanged = { status: 409, body: { code: 'MEMBERS_UNCHANGED', outcome: 'did-not-happen' } };
    expect(await asked(node, 'promote', { id: 'n3' })).toMatchObject({ status: 200 });
    expect(await asked(node, 'promote', { id: 'n9' })).toMatchObject(unchanged);
    expect(await asked(node, 'remove', { id: 'n9' })).toMatchObject(unchanged);
    for (const [kind, body] of [
      ['add', { id: 'n4' }],
      ['move', { id: 'n2', host: '127.0.0.1', port: 0 }],
      ['remove', { id: 'n/3' }],
      ['promote', {}],
    ] as const) {
      expect(await asked(node, kind, body)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
    }
  });
});

describe('leadership is handed over', () => {
  const transfer = (node: KeyValueNode, body?: unknown) => asked(node, 'leader', body);
  /** Asks until one has come to lead: on a machine with other work, it may not in time. */
  const handedOver = (node: KeyValueNode, body?: unknown): Promise<Answer> =>
    until('a hand-over', async () => {
      const answer = await transfer(node, body);
      return answer.status === 200 ? answer : undefined;
    });

  test('to the node that is named, or to some other one, whichever node is asked', async () => {
    const lab = await startedCluster();
    const { id } = (await lab.leader()).node;
    const [to = '', third = ''] = founders.filter((it) => it !== id);
    expect(await handedOver(lab.node(third), { to })).toEqual({ status: 200, body: { leader: to } });
    expect((await lab.leader()).node.id).toBe(to);
    const answer = await handedOver(lab.node(third));
    const next = (await lab.leader()).node.id;
    expect(next).not.toBe(to);
    expect(answer).toEqual({ status: 200, body: { leader: next } });
  });

  test('and not to a node that has no vote, nor by a request that makes no sense', async () => {
    const lab = await startedCluster();
    const leader = await lab.leader();
    const refused = { status: 409, body: { code: 'NOT_HANDED_OVER', outcome: 'did-not-happen' } };
    expect(await transfer(leader, { to: 'n9' })).toMatchObject(refused);
    for (const malformed of [{ to: 'n/2' }, { to: 2 }, { from: 'n1' }, 'n2']) {
      expect(await transfer(leader, malformed)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
    }
    expect((await lab.leader()).node.id).toBe(leader.node.id);
  });
});

describe('a change is refused by name', () => {
  test('where the members stay those that the store began with', async () => {
    const lab = await startedCluster('primary-backup');
    const answer = await replace(lab.node('n2'), byNewcomer('n3', 'n4', 4801));
    expect(answer).toMatchObject({ status: 409, body: { code: 'NOT_REPLACED', outcome: 'did-not-happen' } });
    expect(JSON.stringify(answer.body)).toMatch(/stay those with which it began; .*copy the data to a new cluster/);
    expect(await membersAt(lab.node('n3'))).toMatchObject({ voters: founders, change: null, isSettled: true });
    await expect(startJoining(lab, 'n4')).rejects.toMatchObject({
      code: 'MEMBERS_FIXED',
      message: expect.stringContaining('without --join'),
    });
  });

  test('that makes no sense, and the members stay who they were', async () => {
    const lab = await startedCluster();
    const node = lab.node('n1');
    const refused = (body: unknown) => replace(node, body);
    const notReplaced = { status: 409, body: { code: 'NOT_REPLACED', outcome: 'did-not-happen' } };
    expect(await refused(byNewcomer('n9', 'n4', 1))).toMatchObject(notReplaced);
    expect(await refused(byNewcomer('n3', 'n2', 1))).toMatchObject(notReplaced);
    for (const malformed of [
      undefined,
      {},
      byNewcomer('n3', 'n/4', 1),
      byNewcomer('n3', 'n4', 0),
      byNewcomer('n3', 'n4', 70_000),
      { old: 'n3', new: { id: 'n4', host: 'a b', port: 1 } },
    ]) {
      expect(await refused(malformed)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
    }
    expect(await membersAt(node)).toMatchObject({ voters: founders, retired: [], isSettled: true });
  });

  test('that would have every node look for a member where none can listen, and they go on', async () => {
    const lab = await startedCluster();
    const { host, port } = lab.node('n1').bus.address();
    const client = await connect([`${host}:${port}`], { connectMs: 60_000 });
    for (const place of ['127.0.0.1:0', '127.0.0.1:99999', '[]:4801', 'n4\0:4801']) {
      const change = { leaving: 'n3', joining: 'n4', place };
      await expect(client.replaceMember(change), place).rejects.toBeInstanceOf(MalformedRequestError);
    }
    expect(await client.members()).toMatchObject({ voters: founders, change: null });
    await written(lab.node('n2'), 'kept', 'after');
    await client.close();
  });

  test('without a majority: nothing happens, then or later', async () => {
    const lab = await startedCluster();
    const { port } = await startJoining(lab, 'n4');
    await lab.stop('n2');
    await lab.stop('n3');
    const { store } = lab.node('n1');
    const change = { leaving: 'n3', joining: 'n4', place: `127.0.0.1:${port}` };
    await expect(store.replaceMember(change, { deadlineMs: 3_000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await lab.start('n2');
    await until('writes again', async () => (await put(lab.node('n1'), 'kept', 'again')) === 200);
    expect(await membersAt(lab.node('n1'))).toMatchObject({ voters: founders, change: null, retired: [] });
  });

  test('when the newcomer does not come, after ten seconds or so', async () => {
    const lab = await startedCluster();
    const port = await freePort();
    const answer = await replace(lab.node('n1'), byNewcomer('n3', 'n4', port));
    expect(answer).toMatchObject({ status: 409, body: { code: 'NOT_REPLACED' } });
    expect(JSON.stringify(answer.body)).toContain('did not catch up');
    expect(await membersAt(lab.node('n1'))).toMatchObject({ voters: founders, learners: [], isSettled: true });
    await written(lab.node('n1'), 'kept', 'after');
  });
});
