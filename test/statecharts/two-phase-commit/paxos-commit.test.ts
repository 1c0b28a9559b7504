/** What coordinator and participant do where acceptors decide, after Gray & Lamport (2006), §4, rule by rule. */

import { describe, expect, test } from 'vitest';
import {
  type CoordinatorBegin,
  type CoordinatorContext,
  coordinator,
  coordinatorContext,
  coordinatorRecords,
  defaultCoordinatorTimes,
  type Instance,
  participant,
  participantContext,
} from '../../../statecharts/two-phase-commit.ts';

const self = 'n1/2pc.coordinator/tx-1' as const;
const heir = 'n2/2pc.coordinator/tx-1' as const;
const acceptorAt = (node: string) => `${node}/2pc.acceptor/tx-1` as const;
const place = { type: 'acceptors' as const, nodes: ['a1', 'a2', 'n1'], retentionMs: 1_000 };
const introduction = { manager: 'n1', place };
const enlisted = (['orders', 'stock'] as const).map((name) => ({
  branch: name,
  address: `n1/2pc.participant/tx-1/${name}` as const,
  resource: name,
  last: false,
}));
const [orders, stock] = enlisted.map(({ address }) => address);
const branches = enlisted.map((it) => ({ ...it, receipt: null, vote: 'awaited' as const, acknowledged: false }));
const yes = (branch: string): Instance => ({ branch, vote: 'yes', receipt: `xid of ${branch}` });
const no = (branch: string): Instance => ({ branch, vote: 'no', receipt: null });
const both = [yes('orders'), yes('stock')];
const ballot = (round: number, proposer: typeof self | typeof heir = self) => ({ round, proposer });
const context = (input: CoordinatorBegin = { type: 'begin', place }): CoordinatorContext => ({
  ...coordinatorContext(null, { self, input }),
});
const polled = {
  ...context(),
  branches,
  registered: true,
  leadership: { ...context().leadership, asksAll: true },
};
const polling = coordinator.at({ undecided: { polling: 'asking' } }, polled);
const accepted = (node: string, instances: readonly Instance[] = both, at = ballot(0)) =>
  ({ type: 'phase-2b', ballot: at, instances, from: acceptorAt(node) }) as const;
const promised = (node: string, said: Partial<{ votes: Instance[]; accepted: ReturnType<typeof proposed> }> = {}) =>
  ({
    type: 'phase-1b',
    ballot: ballot(3),
    branches: said.votes === undefined && said.accepted === undefined ? [] : enlisted,
    votes: said.votes ?? [],
    accepted: said.accepted ?? null,
    from: acceptorAt(node),
  }) as const;
const proposed = (round: number, instances: readonly Instance[]) => ({ ballot: ballot(round, heir), instances });
const sends = (
  effects: readonly { readonly type: string; readonly to?: string; readonly message?: { type: string } }[],
) => effects.flatMap(({ to, message }) => (message === undefined ? [] : `${message.type} to ${to}`));

describe('ballot 0 of a coordinator', () => {
  test('asks to prepare, and names who takes part and F + 1 acceptors, the own one among them', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches });
    const { effects, rules, state } = coordinator.step(active, { type: 'commit' });
    const poll = { nodes: ['n1', 'a1'], branches: enlisted };
    expect(effects).toEqual([
      { type: 'send', to: orders, message: { type: 'prepare', place, peers: [stock], poll } },
      { type: 'send', to: stock, message: { type: 'prepare', place, peers: [orders], poll } },
    ]);
    expect(rules).toEqual(['Gray & Lamport §4.2: ballot 0']);
    // Who has not been heard of in time may have voted with an acceptor that is dead: now all of them are asked.
    const again = coordinator.step(state, { timer: 'voteRetryInterval' });
    expect(again.effects).toMatchObject([
      { to: orders, message: { poll: { nodes: place.nodes } } },
      { to: stock, message: { poll: { nodes: place.nodes } } },
    ]);
  });

  test('commits when a majority has accepted every vote, and writes nothing itself', () => {
    const first = coordinator.step(polling, accepted('a1'));
    expect(first.effects).toEqual([]);
    const { effects, rules, snapshot } = coordinator.step(first.state, accepted('n1'));
    expect(snapshot.matches({ decided: 'committing' })).toBe(true);
    expect(effects).toMatchObject([
      { type: 'deliver', output: { type: 'committed', transaction: 'tx-1' } },
      { to: orders, message: { outcome: 'committed', receipt: 'xid of orders', acknowledge: true } },
      { to: stock, message: { outcome: 'committed', receipt: 'xid of stock', acknowledge: true } },
    ]);
    expect(rules).toEqual(['Gray & Lamport §4.2: all instances chosen as prepared commit']);
  });

  test('counts each acceptor once, and only those of the transaction, and only this ballot', () => {
    let { state } = coordinator.step(polling, accepted('a1'));
    for (const heard of [accepted('a1'), accepted('x1'), accepted('a2', both, ballot(0, heir))]) {
      state = coordinator.step(state, heard).state;
    }
    expect(state.snapshot.matches({ undecided: 'polling' })).toBe(true);
  });

  test('aborts at once when a participant refuses: nobody else could have its instance prepared', () => {
    const { effects, snapshot } = coordinator.step(polling, { type: 'vote', ...no('orders'), reason: 'constraint' });
    expect(snapshot.matches({ decided: 'aborting' })).toBe(true);
    expect(effects[0]).toMatchObject({ type: 'deliver', output: { type: 'aborted', reason: { code: 'refused' } } });
    expect(sends(effects)).toEqual([`decision to ${orders}`, `decision to ${stock}`]);
  });

  test('does not abort alone when it loses patience, is told to, or is outvoted', () => {
    const impatient = coordinator.step(polling, { timer: 'voteTimeout' });
    const told = coordinator.step(polling, { type: 'abort', reason: 'changed my mind' });
    for (const { effects, snapshot, rules } of [impatient, told]) {
      expect(snapshot.matches({ undecided: { leading: { preparing: 'asking' } } })).toBe(true);
      expect(effects).toEqual([
        {
          type: 'persist',
          record: {
            type: 'led',
            manager: 'n1',
            idempotencyKey: null,
            place,
            times: defaultCoordinatorTimes,
            round: 1,
          },
        },
        ...place.nodes.map((node) => ({
          type: 'send',
          to: acceptorAt(node),
          message: { type: 'phase-1a', ...introduction, ballot: ballot(1) },
        })),
      ]);
      expect(rules).toEqual(['Gray & Lamport §4.2: a leader proposes aborted']);
    }
    const later = ballot(4, heir);
    const outvoted = coordinator.step(polling, { type: 'outvoted', ballot: ballot(0), promised: later });
    expect([outvoted.effects, outvoted.snapshot.value]).toEqual([[], { undecided: { leading: 'pausing' } }]);
    const { effects } = coordinator.step(outvoted.state, { timer: 'leadPause' });
    expect(effects[0]).toMatchObject({ type: 'persist', record: { type: 'led', round: 5 } });
  });

  test('aborts without asking anybody while nobody was asked to prepare', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches });
    const { effects } = coordinator.step(active, { type: 'abort', reason: '' });
    expect(effects[0]).toMatchObject({ type: 'deliver', output: { type: 'aborted' } });
    expect(effects.some(({ type }) => type === 'persist')).toBe(false);
  });

  test('a last resource has no place beside acceptors', () => {
    const last = branches.map((it) => ({ ...it, last: it.branch === 'stock' }));
    const { effects } = coordinator.step(coordinator.at({ undecided: 'active' }, { ...context(), branches: last }), {
      type: 'commit',
    });
    expect(effects[0]).toMatchObject({ output: { type: 'aborted', reason: { code: 'unsupported' } } });
  });
});

describe('a later ballot of a leader', () => {
  const taking = context({ type: 'take-over', manager: 'n1', place, epoch: 0 });
  const leadership = { ...taking.leadership, round: 3 };
  const preparing = coordinator.at({ undecided: { leading: { preparing: 'asking' } } }, { ...taking, leadership });
  /** What is proposed after two promises. */
  const proposalAfter = (...promises: readonly ReturnType<typeof promised>[]) => {
    let state = preparing;
    let last: ReturnType<typeof coordinator.step> | undefined;
    for (const heard of promises) {
      last = coordinator.step(state, heard);
      state = last.state;
    }
    if (last === undefined) throw new Error('no promise was given');
    return { ...last, state };
  };
  const phase2a = (instances: readonly Instance[]) =>
    place.nodes.map((node) => ({
      type: 'send',
      to: acceptorAt(node),
      message: { type: 'phase-2a', ...introduction, ballot: ballot(3), branches: enlisted, instances },
    }));

  test('begins with a record of it, so that no life uses it again', () => {
    const { state } = coordinator.start(null, {
      self: heir,
      input: { type: 'take-over', manager: 'n1', place, epoch: 0 },
    });
    const led = { type: 'led' as const, manager: 'n1', idempotencyKey: null, place, times: defaultCoordinatorTimes };
    const recovered = coordinatorRecords.step(null, { ...led, round: 1 });
    const next = coordinator.start(recovered, { self: heir, input: { type: 'recovered' } });
    expect(state.snapshot.context.leadership.round).toBe(1);
    expect(next.effects[0]).toEqual({ type: 'persist', record: { ...led, round: 2 } });
    expect(sends(next.effects)).toEqual(place.nodes.map((node) => `phase-1a to ${acceptorAt(node)}`));
  });

  test('waits for a majority of promises at this ballot', () => {
    const { snapshot, state } = proposalAfter(promised('a1'), promised('a1'), promised('x1'));
    expect(snapshot.matches({ undecided: { leading: 'preparing' } })).toBe(true);
    // Only those that are silent are asked again.
    const again = coordinator.step(state, { timer: 'leadRetryInterval' });
    expect(sends(again.effects)).toEqual([`phase-1a to ${acceptorAt('a2')}`, `phase-1a to ${acceptorAt('n1')}`]);
  });

  test('proposes each vote of which one of them has heard, and aborted where none has', () => {
    const { effects, rules } = proposalAfter(promised('a1', { votes: [yes('stock')] }), promised('a2'));
    expect(effects).toEqual(phase2a([no('orders'), yes('stock')]));
    expect(rules).toEqual(['Gray & Lamport §4.1: phase 2a']);
    const spread = proposalAfter(promised('a1', { votes: [yes('stock')] }), promised('a2', { votes: [yes('orders')] }));
    expect(spread.effects).toEqual(phase2a(both));
  });

  test('proposes what the latest leader has, whatever votes say', () => {
    const { effects } = proposalAfter(
      promised('a1', { votes: both, accepted: proposed(1, both) }),
      promised('a2', { accepted: proposed(2, [no('orders'), yes('stock')]) }),
    );
    expect(effects).toEqual(phase2a([no('orders'), yes('stock')]));
  });

  test('aborts a transaction of which none has heard, for whoever asks', () => {
    const { effects, state } = proposalAfter(promised('a1'), promised('a2'));
    expect(effects).toHaveLength(3);
    const one = coordinator.step(state, accepted('a1', [], ballot(3)));
    const { effects: told, snapshot } = coordinator.step(one.state, accepted('a2', [], ballot(3)));
    expect(snapshot.context.outcome).toBe('aborted');
    expect(told[0]).toMatchObject({ output: { type: 'aborted', reason: { code: 'elsewhere' } } });
  });

  test('is decided when a majority has accepted, and tells every branch until it acknowledges', () => {
    const { state } = proposalAfter(promised('a1', { votes: both }), promised('a2'));
    const one = coordinator.step(state, accepted('a1', [], ballot(3)));
    expect(one.effects).toEqual([]);
    const { effects, rules } = coordinator.step(one.state, accepted('n1', [], ballot(3)));
    expect(rules).toEqual(['Gray & Lamport §4.1: phase 3']);
    expect(effects).toMatchObject([
      { output: { type: 'committed' } },
      { to: orders, message: { type: 'decision', outcome: 'committed', receipt: 'xid of orders', acknowledge: true } },
      { to: stock, message: { type: 'decision', outcome: 'committed', receipt: 'xid of stock', acknowledge: true } },
    ]);
  });

  test('gives way to a later one for a while that grows', () => {
    const outvoted = { type: 'outvoted', ballot: ballot(3), promised: ballot(9, heir) } as const;
    const { snapshot, state } = coordinator.step(preparing, outvoted);
    expect(snapshot.value).toEqual({ undecided: { leading: 'pausing' } });
    expect(coordinator.step(state, { timer: 'leadPause' }).effects[0]).toMatchObject({ record: { round: 10 } });
    const [timer] = coordinator.timers(state);
    if (timer === undefined) throw new Error('no pause');
    const { retryIntervalMs } = defaultCoordinatorTimes;
    expect(coordinator.rangeOf(timer, state)).toMatchObject({ minMs: retryIntervalMs, maxMs: 9 * retryIntervalMs });
    // What was asked under an earlier ballot of its own is no news.
    const old = coordinator.step(preparing, { ...outvoted, ballot: ballot(0) });
    expect(old.snapshot.matches({ undecided: { leading: 'preparing' } })).toBe(true);
  });

  test('learns from an acceptor that remembers the end', () => {
    const { snapshot } = coordinator.step(preparing, { type: 'remembered', outcome: 'committed' });
    expect(snapshot.context.outcome).toBe('committed');
  });

  test('is begun for a participant in doubt, or an acceptor, when nothing is known', () => {
    const asked = {
      type: 'inquiry',
      branch: { manager: 'n1', transaction: 'tx-1', branch: 'stock' },
      resource: 'stock',
      place,
      from: 'n1/2pc.participant/tx-1/stock',
    } as const;
    const listening = coordinator.at(
      { presuming: 'listening' },
      { ...context({ type: 'inquired', manager: 'n1' }), askers: [] },
    );
    for (const heard of [asked, { type: 'reminder', ...introduction, from: acceptorAt('a1') } as const]) {
      const { snapshot, effects } = coordinator.step(listening, heard);
      expect(snapshot.matches({ undecided: { leading: 'preparing' } })).toBe(true);
      expect(effects[0]).toMatchObject({ type: 'persist', record: { type: 'led', place, round: 1 } });
    }
    const unknown = { ...asked, place: { type: 'journal' } } as const;
    expect(coordinator.step(listening, unknown).snapshot.status).toBe('done');
  });
});

describe('the end', () => {
  test('is written before acceptors hear of it, who may forget then', () => {
    const voted = branches.map((it) => ({ ...it, vote: 'yes' as const, acknowledged: it.branch === 'orders' }));
    const telling = coordinator.at(
      { decided: { committing: 'telling' } },
      { ...polled, branches: voted, outcome: 'committed' },
    );
    const { effects } = coordinator.step(telling, { type: 'acknowledgement', branch: 'stock', found: 'committed' });
    expect(effects).toMatchObject([
      { type: 'deliver', output: { type: 'ended', outcome: 'committed' } },
      { type: 'persist', record: { type: 'ended', outcome: 'committed' }, checkpoint: true, unforced: true },
      ...place.nodes.map((node) => ({ to: acceptorAt(node), message: { type: 'end', outcome: 'committed' } })),
    ]);
  });

  test('is told again to an acceptor that has missed it', () => {
    const retained = coordinator.at({ decided: 'retained' }, { ...polled, outcome: 'aborted' });
    const { effects } = coordinator.step(retained, { type: 'reminder', ...introduction, from: acceptorAt('a2') });
    expect(effects).toEqual([{ type: 'send', to: acceptorAt('a2'), message: { type: 'end', outcome: 'aborted' } }]);
  });
});

describe('a participant', () => {
  const branch = { manager: 'n1', transaction: 'tx-1', branch: 'orders' };
  const joined = participantContext({
    self: enlisted[0]?.address ?? self,
    input: { type: 'join', branch, resource: 'orders', coordinator: self },
  });
  const nobody: (typeof self)[] = [];
  const prepare = (nodes: string[]) =>
    ({ type: 'prepare', place, peers: nobody, poll: { nodes, branches: enlisted }, from: self }) as const;
  const preparing = participant.step(participant.at({ unprepared: 'working' }, joined), prepare(['n1', 'a1'])).state;
  const answered = (value: unknown) =>
    ({ type: 'performed', id: 'prepare/tx-1/orders', result: { type: 'done', value } }) as const;
  const vote = (instance: Instance) => ({
    type: 'phase-2a',
    ...introduction,
    ballot: ballot(0),
    branches: enlisted,
    instances: [instance],
  });

  test('votes with the acceptors that it was told of, when its resource has prepared', () => {
    const { effects, snapshot } = participant.step(preparing, answered({ vote: 'yes', receipt: 'xid of orders' }));
    expect(snapshot.hasTag('in-doubt')).toBe(true);
    expect(effects).toEqual([
      { type: 'send', to: acceptorAt('n1'), message: vote(yes('orders')) },
      { type: 'send', to: acceptorAt('a1'), message: vote(yes('orders')) },
    ]);
  });

  test('votes again with all of them when it is asked again', () => {
    const { state } = participant.step(preparing, answered({ vote: 'yes', receipt: 'xid of orders' }));
    const { effects } = participant.step(state, prepare(place.nodes));
    expect(sends(effects)).toEqual(place.nodes.map((node) => `phase-2a to ${acceptorAt(node)}`));
  });

  test('is prepared for either outcome when it has only read', () => {
    const { effects, state } = participant.step(preparing, answered({ vote: 'read-only' }));
    const instance: Instance = { branch: 'orders', vote: 'read-only', receipt: null };
    expect(effects.slice(0, 2)).toEqual([
      { type: 'send', to: acceptorAt('n1'), message: vote(instance) },
      { type: 'send', to: acceptorAt('a1'), message: vote(instance) },
    ]);
    expect(participant.step(state, prepare(place.nodes)).effects).toHaveLength(3);
  });

  test('tells its coordinator, and no acceptor, that it refuses', () => {
    const refused = { type: 'performed', id: 'prepare/tx-1/orders', result: { type: 'refused', error: 'no' } } as const;
    const { effects } = participant.step(preparing, refused);
    expect(sends(effects)).toEqual([`vote to ${self}`]);
  });
});
