/** How the nodes of a store stand: what each says of itself, what they say together, and which do not answer. */

import { expect, test } from 'vitest';
import { type AnsweredNode, judged } from '../../src/cli/status/nodes.ts';
import { freePorts } from '../fixtures/ports.ts';
import { until } from '../fixtures/until.ts';
import { createNodeLab } from '../services/kv-nodes.ts';
import { quorate } from './commands.ts';

test('tells of each node how it stands, and of one that is away, why', async () => {
  const lab = await createNodeLab();
  const [gone = 0] = await freePorts(1);
  const nodes = await Promise.all(['n1', 'n2', 'n3'].map((id) => lab.start(id)));
  await lab.leader();
  const asked = nodes.flatMap(({ httpUrl = '' }) => ['--node', httpUrl.slice('http://'.length)]);

  const report = await until('all nodes to be well', async () => {
    const well = await quorate('status', ...asked, '--json');
    return well.code === 0 ? JSON.parse(well.stdout) : undefined;
  });
  expect(report.nodes.map((it: AnsweredNode) => 'status' in it && it.status.id)).toEqual(['n1', 'n2', 'n3']);
  const leader = expect.stringMatching(/^n[123]$/);
  expect(report).toMatchObject({
    nodes: [1, 2, 3].map(() => ({ status: { cluster: 'test', protocol: 'raft', leader } })),
  });

  const away = await quorate('status', ...asked, '--node', `127.0.0.1:${gone}`);
  expect(away.code).toBe(1);
  expect(away.stdout).toMatch(/^NODE {2}AT .*VERSION\nn1 {4}127.* term \d+ /);
  expect(away.stdout).toContain(`\n127.0.0.1:${gone}: NODE_UNREACHABLE: expected an answer`);
});

const answer = (id: string, changed: object = {}): AnsweredNode => ({
  at: `${id}:4701`,
  status: {
    ...{ id, cluster: 'a', protocol: 'raft', role: 'follower', leader: 'n1', term: 3, commitIndex: 9, appliedIndex: 9 },
    ...{ isCaughtUp: true, revision: 5, peers: [] },
    ...changed,
  },
});
const codesOf = (...answers: readonly AnsweredNode[]): readonly string[] =>
  judged(answers).alarms.map(({ code }) => code);

test('what is behind is behind all that any node knows to be committed', () => {
  const { nodes, alarms } = judged([
    answer('n1', { appliedIndex: 7 }),
    answer('n2', { commitIndex: 12, appliedIndex: 11 }),
  ]);
  expect(nodes.map(({ lag }) => lag)).toEqual([5, 1]);
  expect(alarms).toEqual([]);
});

test('each trouble is an alarm that names its node', () => {
  const standing = { isSuspended: true, refusedBy: { n2: 'it is shorter' }, awaiting: ['n3'] };
  expect(judged([answer('n1', { standing })]).alarms).toEqual([
    {
      node: 'n1',
      code: 'SUSPENDED',
      message: 'its journal may not be what it was: n2 says it is shorter; n3 must vouch for it',
    },
  ]);
  const comparison = { comparedIndex: 9, differing: ['n3'], suspect: 'n3' };
  expect(judged([answer('n1', { comparison })]).alarms).toEqual([
    {
      node: 'n1',
      code: 'STATE_DIFFERS',
      message: 'its state is not that of n3, compared up to entry 9; n3 stands alone: let a new node take its place',
    },
  ]);
  expect(codesOf(answer('n1', { comparison: { comparedIndex: 9, differing: [] } }))).toEqual([]);
  expect(codesOf(answer('n1', { leader: null }))).toEqual(['NO_LEADER']);
  expect(codesOf(answer('n1', { isCaughtUp: false }))).toEqual(['NOT_CAUGHT_UP']);
  expect(codesOf(answer('n1'), answer('n2', { cluster: 'b' }))).toEqual(['CLUSTERS_DIFFER']);
  expect(codesOf(answer('n1'), answer('n2', { protocol: 'paxos' }))).toEqual(['PROTOCOLS_DIFFER']);
  expect(codesOf(answer('n1'), answer('n1'))).toEqual(['NODE_TWICE']);
});
