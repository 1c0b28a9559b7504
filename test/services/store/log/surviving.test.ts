/** What one node's journal tells of a log, by hand, for what seldom comes about in a cluster that runs. */

import { expect, test } from 'vitest';
import { type Environment, systemEnvironment } from '../../../../src/environment/environment.ts';
import { RecordsVersionError } from '../../../../src/host/errors.ts';
import type { Journal } from '../../../../src/journal/journal.ts';
import { createMemoryStorage } from '../../../../src/journal/memory.ts';
import { logProtocols } from '../../../../src/services/store/log/protocols.ts';
import type { SurvivingLog } from '../../../../src/services/store/log/surviving.ts';
import { type Address, addressOf, type Tagged } from '../../../../statecharts/actor.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import { foundingMembers } from '../../../../statecharts/replication/members.ts';

const { clock, ids }: Environment = systemEnvironment();
const nodes = ['n1', 'n2', 'n3'] as const;
const on = (name: string): readonly Address[] => nodes.map((node) => addressOf(node, name, 'kv'));
const data = (text: string): Uint8Array => new TextEncoder().encode(text);

type Written = Tagged & Readonly<Record<string, unknown>>;

/** The journal of n2 after these records were written into it. */
async function journalOf(name: string, version: number, records: readonly Written[]): Promise<Journal> {
  const storage = createMemoryStorage({ node: 'n2', clock, ids });
  const journal = storage.open();
  const actor = addressOf('n2', name, 'kv');
  await new Promise<void>((resolve, reject) =>
    journal.append(
      records.map((record) => ({ actor, version, record })),
      (error) => (error === undefined ? resolve() : reject(error)),
    ),
  );
  await journal.close();
  return storage.open();
}

const told = ({ entries }: SurvivingLog): readonly unknown[] =>
  [...entries].map(({ index, token, command }) => [index, token, command && new TextDecoder().decode(command)]);

test('by Raft the log is kept to its end, as the last record of each entry says', async () => {
  const members = foundingMembers(on(raftServer.name));
  const journal = await journalOf(raftServer.name, raftServer.recordsVersion, [
    { type: 'entries', entries: [{ index: 1, term: 0, kind: 'configuration', members }] },
    { type: 'term-and-vote', term: 2, votedFor: null },
    {
      type: 'entries',
      entries: [2, 3, 4].map((index) => ({ index, term: 2, kind: 'command', data: data(`old ${index}`) })),
    },
    { type: 'term-and-vote', term: 3, votedFor: null },
    { type: 'entries', entries: [{ index: 3, term: 3, kind: 'command', data: data('new') }] },
  ]);
  const log = logProtocols.raft.survivingIn(journal, 'kv');
  expect(log).toMatchObject({ voters: nodes, committedIndex: 0, lastIndex: 3, beyondGap: 0, remark: 'in term 3' });
  expect(told(log)).toEqual([
    [1, 0, undefined],
    [2, 2, 'old 2'],
    [3, 3, 'new'],
  ]);
});

test('by Paxos nothing is kept beyond a slot in which nothing was accepted', async () => {
  const [first = addressOf('n1', paxosServer.name, 'kv')] = on(paxosServer.name);
  const members = foundingMembers(on(paxosServer.name));
  const accepted = (round: number, index: number, text: string) => ({
    type: 'accepted',
    ballot: { round, proposer: first },
    entries: [{ index, kind: 'command', data: data(text) }],
  });
  const journal = await journalOf(paxosServer.name, paxosServer.recordsVersion, [
    {
      type: 'accepted',
      ballot: { round: 0, proposer: first },
      entries: [{ index: 1, kind: 'stop', members, sizes: { phase1Size: 2, phase2Size: 2 } }],
    },
    { type: 'chosen', upTo: 1 },
    accepted(1, 2, 'first'),
    accepted(2, 2, 'again'),
    accepted(2, 3, 'next'),
    accepted(2, 5, 'beyond'),
    accepted(2, 6, 'further'),
  ]);
  const log = logProtocols.paxos.survivingIn(journal, 'kv');
  expect(log).toMatchObject({ voters: nodes, committedIndex: 1, lastIndex: 3, beyondGap: 2 });
  expect(log.remark).toBe('in round 2 of n1');
  expect(told(log).slice(1)).toEqual([
    [2, expect.stringMatching(/^2 /), 'again'],
    [3, expect.stringMatching(/^2 /), 'next'],
  ]);
});

test('by primary-backup it is told who was in sync, and what a failover may have skipped', async () => {
  const replicas = on(primaryBackupReplica.name);
  const journal = await journalOf(primaryBackupReplica.name, primaryBackupReplica.recordsVersion, [
    {
      type: 'configuration',
      configuration: {
        version: 3,
        epoch: 2,
        primary: replicas[0],
        inSync: replicas.slice(0, 2),
        replicas,
        mode: 'async',
        maxLoss: 5,
        minInSync: 1,
      },
    },
    {
      type: 'entries',
      entries: [
        { index: 1, epoch: 1, kind: 'command', data: data('one') },
        { index: 2, epoch: 2, kind: 'noop' },
      ],
    },
  ]);
  const log = logProtocols['primary-backup'].survivingIn(journal, 'kv');
  expect(log).toMatchObject({ voters: nodes, lastIndex: 2, remark: 'in epoch 2, in sync n1, n2' });
  expect(log.entries.at(1)?.skips).toBeGreaterThan(0);
});

test('records of a later release are refused by name', async () => {
  const journal = await journalOf(raftServer.name, 99, [{ type: 'term-and-vote', term: 2, votedFor: null }]);
  expect(() => logProtocols.raft.survivingIn(journal, 'kv')).toThrow(RecordsVersionError);
});
