/** The acceptor's rules, one by one, after Gray & Lamport, Consensus on Transaction Commit (2006), §4. */

import { describe, expect, test } from 'vitest';
import {
  type AcceptorContext,
  type AcceptorRecord,
  acceptor,
  acceptorContext,
  acceptorRecords,
  defaultAcceptorTimes,
} from '../../../statecharts/two-phase-commit.ts';

const self = 'a1/2pc.acceptor/tx-1';
const coordinator = 'n1/2pc.coordinator/tx-1';
const heir = 'n2/2pc.coordinator/tx-1';
const participant = 'n1/2pc.participant/tx-1/orders';
const place = { type: 'acceptors' as const, nodes: ['a1', 'a2', 'a3'], retentionMs: 1_000 };
const branches = (['orders', 'stock'] as const).map((name) => ({
  branch: name,
  address: `n1/2pc.participant/tx-1/${name}` as const,
  resource: name,
  last: false,
}));
const first = { round: 0, proposer: coordinator } as const;
const later = { round: 1, proposer: heir } as const;
const yes = (branch: string) => ({ branch, vote: 'yes' as const, receipt: `xid of ${branch}` });
const no = (branch: string) => ({ branch, vote: 'no' as const, receipt: null });
const introduction = { manager: 'n1', place };
const vote = (branch: string) => ({
  type: 'phase-2a' as const,
  ...introduction,
  ballot: first,
  branches,
  instances: [yes(branch)],
  from: participant as typeof participant,
});
const prepare = (ballot: typeof first | typeof later = later) => ({
  type: 'phase-1a' as const,
  ...introduction,
  ballot,
  from: heir as typeof heir,
});
const propose = (
  ballot: { round: number; proposer: typeof heir | typeof coordinator },
  instances = [no('orders'), no('stock')],
) => ({
  type: 'phase-2a' as const,
  ...introduction,
  ballot,
  branches,
  instances,
  from: heir as typeof heir,
});
const blank: AcceptorContext = acceptorContext(
  null,
  { self, input: { type: 'addressed', ...introduction } },
  defaultAcceptorTimes,
);
const open = (context: Partial<AcceptorContext> = {}) => acceptor.at({ open: 'waiting' }, { ...blank, ...context });

describe('ballot 0', () => {
  test('nothing is written or said before every vote is there', () => {
    const { effects, state } = acceptor.step(open(), vote('orders'));
    expect(effects).toEqual([]);
    expect(state.snapshot.context.votes).toEqual([yes('orders')]);
  });

  test('the last vote writes all of them once, and one message says so to the coordinator', () => {
    const { state } = acceptor.step(open(), vote('orders'));
    const { effects, rules } = acceptor.step(state, vote('stock'));
    const votes = [yes('orders'), yes('stock')];
    expect(effects).toEqual([
      { type: 'persist', record: { type: 'voted', ...introduction, branches, votes } },
      { type: 'send', to: coordinator, message: { type: 'phase-2b', ballot: first, instances: votes } },
    ]);
    expect(rules).toEqual(['Gray & Lamport §4.2: phase 2b of ballot 0']);
  });

  test('a vote that comes again is answered again, and not written again', () => {
    const votes = [yes('orders'), yes('stock')];
    const { effects } = acceptor.step(open({ branches, votes, isWritten: true }), vote('orders'));
    expect(effects).toEqual([
      { type: 'send', to: coordinator, message: { type: 'phase-2b', ballot: first, instances: votes } },
    ]);
  });

  test('a vote after a promise is refused, and its coordinator told which ballot is promised', () => {
    const { effects, snapshot } = acceptor.step(open({ promised: later }), vote('orders'));
    expect(effects).toEqual([
      { type: 'send', to: coordinator, message: { type: 'outvoted', ballot: first, promised: later } },
    ]);
    expect(snapshot.context.votes).toEqual([]);
  });
});

describe('later ballots', () => {
  test('a promise is durable before it is told, and so are the votes that it reports', () => {
    const { effects, rules } = acceptor.step(open({ branches, votes: [yes('orders')] }), prepare());
    const votes = [yes('orders')];
    expect(effects).toEqual([
      { type: 'persist', record: { type: 'voted', ...introduction, branches, votes } },
      { type: 'persist', record: { type: 'promised', ...introduction, ballot: later } },
      { type: 'send', to: heir, message: { type: 'phase-1b', ballot: later, branches, votes, accepted: null } },
    ]);
    expect(rules).toEqual(['Gray & Lamport §4.1: phase 1b']);
  });

  test('the same ballot is promised again without being written again', () => {
    const { effects } = acceptor.step(open({ promised: later }), prepare());
    expect(effects).toEqual([
      {
        type: 'send',
        to: heir,
        message: { type: 'phase-1b', ballot: later, branches: [], votes: [], accepted: null },
      },
    ]);
  });

  test('an earlier ballot gets neither a promise nor an acceptance', () => {
    const promised = { round: 2, proposer: coordinator } as const;
    const outvoted = [{ type: 'send', to: heir, message: { type: 'outvoted', ballot: later, promised } }];
    expect(acceptor.step(open({ promised }), prepare()).effects).toEqual(outvoted);
    expect(acceptor.step(open({ promised }), propose(later)).effects).toEqual(outvoted);
  });

  test('what a leader proposes is accepted for all instances, durably, and reported to later leaders', () => {
    const instances = [no('orders'), no('stock')];
    const { effects, state, rules } = acceptor.step(open({ promised: later }), propose(later));
    expect(effects).toEqual([
      { type: 'persist', record: { type: 'accepted', ...introduction, ballot: later, branches, instances } },
      { type: 'send', to: heir, message: { type: 'phase-2b', ballot: later, instances: [] } },
    ]);
    expect(rules).toEqual(['Gray & Lamport §4.1: phase 2b']);
    const next = { round: 2, proposer: coordinator } as const;
    const { effects: told } = acceptor.step(state, { ...prepare(), ballot: next });
    expect(told.at(-1)).toMatchObject({ to: coordinator, message: { accepted: { ballot: later, instances } } });
  });

  test('a proposal of a later ballot is written down, too, whatever was accepted before', () => {
    const accepted = { ballot: later, instances: [no('orders'), no('stock')] };
    const next = { round: 2, proposer: coordinator } as const;
    const instances = [no('stock'), no('orders')];
    const { effects } = acceptor.step(open({ branches, promised: next, accepted }), propose(next, instances));
    expect(effects).toEqual([
      { type: 'persist', record: { type: 'accepted', ...introduction, ballot: next, branches, instances } },
      { type: 'send', to: coordinator, message: { type: 'phase-2b', ballot: next, instances: [] } },
    ]);
  });

  test('a proposal beyond the promise is accepted, too, and is a promise itself', () => {
    const { snapshot } = acceptor.step(open({ promised: later }), propose({ round: 7, proposer: heir }));
    expect(snapshot.context.promised).toEqual({ round: 7, proposer: heir });
  });

  test('who names other acceptors is not answered', () => {
    const others = { ...place, nodes: ['a1', 'b2', 'b3'] };
    expect(acceptor.step(open(), { ...prepare(), place: others }).effects).toEqual([]);
    const { effects, snapshot } = acceptor.step(open(), { ...propose(later), place: others });
    expect([effects, snapshot.context.accepted]).toEqual([[], null]);
    // The same in another order are the same.
    const same = { ...place, nodes: ['a3', 'a1', 'a2'] };
    expect(acceptor.step(open(), { ...prepare(), place: same }).effects).toHaveLength(2);
  });
});

describe('the end', () => {
  const votes = [yes('orders'), yes('stock')];

  test('leaves the outcome alone, which every later question gets', () => {
    const { effects, state } = acceptor.step(open({ branches, votes, isWritten: true }), {
      type: 'end',
      outcome: 'committed',
    });
    expect(effects).toEqual([
      {
        type: 'persist',
        record: { type: 'ended', ...introduction, outcome: 'committed' },
        checkpoint: true,
        unforced: true,
      },
    ]);
    const remembered = [{ type: 'send', to: heir, message: { type: 'remembered', outcome: 'committed' } }];
    expect(acceptor.step(state, prepare()).effects).toEqual(remembered);
    expect(acceptor.step(state, propose(later)).effects).toEqual(remembered);
    expect(acceptor.step(state, { timer: 'retention' }).snapshot.status).toBe('done');
  });

  test('is asked for again and again where somebody relies on what is held', () => {
    const reminder = { type: 'send', to: coordinator, message: { type: 'reminder', ...introduction } };
    for (const relied of [{ branches, votes, isWritten: true }, { promised: later }]) {
      const { effects, state } = acceptor.step(open(relied), { timer: 'reminderInterval' });
      expect(effects).toEqual([reminder]);
      expect(acceptor.step(state, { timer: 'reminderInterval' }).effects).toEqual([reminder]);
    }
  });

  test('comes by itself where nobody was told of anything', () => {
    const { effects, snapshot } = acceptor.step(open({ branches, votes: [yes('orders')] }), {
      timer: 'reminderInterval',
    });
    expect([effects, snapshot.status]).toEqual([[], 'done']);
  });
});

describe('a new life', () => {
  const revived = (...records: readonly AcceptorRecord[]) => {
    const recovered = records.reduce<ReturnType<typeof acceptorRecords.step> | null>(acceptorRecords.step, null);
    return acceptor.start(recovered, { self, input: { type: 'recovered' } }).state;
  };

  test('keeps its promise, its votes and what it accepted', () => {
    const votes = [yes('orders'), yes('stock')];
    const state = revived(
      { type: 'voted', ...introduction, branches, votes },
      { type: 'promised', ...introduction, ballot: later },
    );
    expect(state.snapshot.context).toMatchObject({ branches, votes, isWritten: true, promised: later, accepted: null });
    const accepted = revived({
      type: 'accepted',
      ...introduction,
      ballot: later,
      branches,
      instances: [no('orders'), no('stock')],
    });
    expect(accepted.snapshot.context).toMatchObject({ branches, promised: later, accepted: { ballot: later } });
  });

  test('remembers the outcome', () => {
    const state = revived({ type: 'ended', ...introduction, outcome: 'aborted' });
    expect(state.snapshot.value).toBe('ended');
    expect(state.snapshot.context.outcome).toBe('aborted');
  });
});
