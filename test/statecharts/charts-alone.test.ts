/** Every chart by itself: what it says without its input, and with the one that its definition makes. */

import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { ActorDefinitionError, type AnyActor, ChartInputError } from '../../statecharts/actor.ts';
import * as failover from '../../statecharts/failover.ts';
import * as paxos from '../../statecharts/paxos.ts';
import * as primaryBackup from '../../statecharts/primary-backup.ts';
import * as raft from '../../statecharts/raft.ts';
import * as twoPhaseCommit from '../../statecharts/two-phase-commit.ts';

const isDefinition = (value: unknown): value is AnyActor =>
  typeof value === 'object' && value !== null && 'chart' in value && 'parseRecord' in value;

/** All definitions that the protocols export, by their names. */
const definitions = [failover, paxos, primaryBackup, raft, twoPhaseCommit]
  .flatMap((entry): readonly unknown[] => Object.values(entry))
  .filter(isDefinition)
  .map((definition) => [definition.name, definition] as const);

test('the protocols export definitions', () => {
  expect(definitions.length).toBeGreaterThan(10);
});

describe.each(definitions)('the chart of %s', (_name, { chart }) => {
  test('says by name that it lacks its input', () => {
    const actor = createActor(chart);
    const errors: unknown[] = [];
    actor.subscribe({ error: (error) => errors.push(error) });
    actor.start();
    expect(errors).toEqual([expect.any(ChartInputError)]);
    expect(String(errors[0])).toContain('definition.contextOf');
  });
});

describe('contexts that definitions build', () => {
  const voters = ['n1', 'n2', 'n3'];
  const at = (name: string) => voters.map((node) => `${node}/${name}/kv` as const);

  test('begin a life under plain XState', () => {
    const [self = 'n1/raft.server/kv'] = at('raft.server');
    const input = raft.raftServer.contextOf({ self, input: { voters: at('raft.server') } });
    const actor = createActor(raft.raftServer.chart, { input });
    actor.start();
    expect(actor.getSnapshot().hasTag('follower')).toBe(true);
    actor.stop();
  });

  test('are what tests change, and put the chart where they need it', () => {
    const [self = 'n1/paxos.server/kv'] = at('paxos.server');
    const context = paxos.paxosServer.contextOf({ self, input: { voters: at('paxos.server') } });
    const state = paxos.paxosServer.at('candidate', { ...context, isLed: true });
    expect(state.snapshot.context.isLed).toBe(true);
  });

  test('remember what records say', () => {
    const [self = 'n1/raft.server/kv'] = at('raft.server');
    const birth = { self, input: { voters: [] } };
    const founding = raft.raftServer.start(raft.raftServer.recover([]), { self, input: { voters: at('raft.server') } });
    const records = founding.effects.flatMap((it) =>
      it.type === 'persist' ? [raft.raftServer.parseRecord(it.record)] : [],
    );
    const vote = { type: 'term-and-vote', term: 7, votedFor: null } as const;
    expect(raft.raftServer.contextOf(birth, [...records, vote]).term).toBe(7);
  });

  test('are refused where a life would be', () => {
    const build = () => raft.raftServer.contextOf({ self: 'n9/raft.server/kv', input: { voters: at('raft.server') } });
    expect(build).toThrow(raft.RaftBootstrapError);
  });
});

test('the bench refuses an event that the chart does not know, in place of a step that does nothing', () => {
  const { raftServer } = raft;
  const self = 'n1/raft.server/kv';
  const state = raftServer.at('leader', raftServer.contextOf({ self, input: { voters: [self] } }));
  const bench: AnyActor & { step(state: unknown, event: { readonly type: string }): unknown } =
    Object.create(raftServer);
  expect(() => bench.step(state, { type: 'appned' })).toThrow(ActorDefinitionError);
  expect(() => bench.step(state, { type: 'appned' })).toThrow(/got 'appned'; it knows .*append/);
});
