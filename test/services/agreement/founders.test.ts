/** Who decides a key whose acceptors nobody names: the founders of the cluster, whoever is a member now. Real nodes. */

import { expect, test } from 'vitest';
import type { KeyValueNode } from '../../../src/services/kv-node.ts';
import { freePort } from '../../fixtures/ports.ts';
import { replacingLogs } from '../../fixtures/replacing-logs.ts';
import { until } from '../../fixtures/until.ts';
import { at, createNodeLab, type NodeLab } from '../kv-nodes.ts';

const founders = ['n1', 'n2', 'n3'];

async function propose(node: KeyValueNode, key: string, value: string): Promise<unknown> {
  const response = await fetch(`${node.httpUrl}/agree/${key}`, { method: 'PUT', body: value });
  return response.ok ? response.text() : { status: response.status, ...JSON.parse(await response.text()) };
}

/** Starts n4, which is not taken in yet. */
async function startNewcomer(lab: NodeLab): Promise<{ readonly node: KeyValueNode; again(): Promise<KeyValueNode> }> {
  const port = await freePort();
  const { listen, peers } = lab.optionsOf('n1');
  const start = () => lab.start('n4', { listen: at(port), peers: { n1: listen, ...peers }, joins: true });
  return { node: await start(), again: start };
}

async function replaceN3(asked: KeyValueNode, newcomer: KeyValueNode): Promise<void> {
  const { host, port } = newcomer.bus.address();
  const body = JSON.stringify({ old: 'n3', new: { id: 'n4', host, port } });
  // Again where the newcomer did not catch up in time, or a leader was missing.
  const members = await until('the change', async () => {
    const response = await fetch(`${asked.httpUrl}/members/replace`, { method: 'POST', body });
    const answer: unknown = await response.json();
    return response.ok ? answer : undefined;
  });
  expect(members).toMatchObject({ voters: ['n1', 'n2', 'n4'], retired: ['n3'] });
}

test.each(replacingLogs)(
  'a cluster of which a member was replaced agrees on old and new keys (%s)',
  async (protocol) => {
    const lab = await createNodeLab(founders, { protocol });
    for (const id of founders) await lab.start(id);
    await lab.leader();
    expect(await propose(lab.node('n1'), 'old', 'first')).toBe('first');

    const { node: n4, again } = await startNewcomer(lab);
    expect(await propose(n4, 'old', 'second')).toMatchObject({
      status: 503,
      code: 'DECISION_ACCEPTORS_UNKNOWN',
      outcome: 'did-not-happen',
      whatToDo: expect.stringContaining('?acceptors='),
    });

    await replaceN3(lab.node('n2'), n4);
    expect(await propose(n4, 'old', 'second')).toBe('first');
    expect(await propose(n4, 'new', 'third')).toBe('third');
    for (const id of ['n1', 'n2']) expect(await propose(lab.node(id), 'new', 'fourth')).toBe('third');

    // Started again with what they were told at first, and n4 with nothing at all.
    for (const id of ['n1', 'n2', 'n4']) await lab.stop(id);
    for (const id of ['n1', 'n2']) await lab.start(id);
    const later = await again();
    for (const node of [lab.node('n1'), lab.node('n2'), later]) {
      expect(node.store.membership?.founders).toEqual(founders);
      expect(await propose(node, 'new', 'fifth')).toBe('third');
    }
  },
);

test.each(replacingLogs)('nodes that differ about who votes name the same acceptors (%s)', async (protocol) => {
  const lab = await createNodeLab(founders, { protocol });
  for (const id of founders) await lab.start(id);
  await lab.leader();
  const { node: n4 } = await startNewcomer(lab);
  await lab.stop('n2');
  await replaceN3(lab.node('n1'), n4);

  // n2 comes back alone: it has not heard that n4 votes in the place of n3.
  for (const id of ['n1', 'n3']) await lab.stop(id);
  const n2 = await lab.start('n2', { requestDeadlineMs: 300 });
  const votersAt = ({ store }: KeyValueNode) => store.membership?.members().voters;
  expect(votersAt(n2)).toEqual(founders);
  expect(votersAt(n4)).toEqual(['n1', 'n2', 'n4']);
  for (const node of [n2, n4]) {
    expect(await propose(node, 'key', node.node.id)).toMatchObject({
      status: 504,
      code: 'DECISION_UNKNOWN',
      message: expect.stringContaining('too few of n1, n2, n3 answer'),
    });
  }
});

test('where members stay those that the store began with, they are the acceptors', async () => {
  const lab = await createNodeLab(founders, { protocol: 'primary-backup' });
  for (const id of founders) await lab.start(id);
  expect(await propose(lab.node('n1'), 'key', 'first')).toBe('first');
  expect(await propose(lab.node('n3'), 'key', 'second')).toBe('first');
});
