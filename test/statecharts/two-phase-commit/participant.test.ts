import { describe, expect, test } from 'vitest';
import type { Result } from '../../../statecharts/actor.ts';
import {
  type BranchOperation,
  defaultParticipantTimes,
  type ParticipantBegin,
  type ParticipantContext,
  participant,
  participantContext,
} from '../../../statecharts/two-phase-commit.ts';

/** The input of an actor that is born by itself. */
function inputOf<Input>(input: Input | undefined): Input {
  if (input === undefined) throw new Error('expected an actor to be born');
  return input;
}

const self = 'n2/2pc.participant/tx-1/stock';
const coordinator = 'n1/2pc.coordinator/tx-1';
const successor = 'n3/2pc.coordinator/tx-1';
const peer = 'n1/2pc.participant/tx-1/orders';
const branch = { manager: 'n1', transaction: 'tx-1', branch: 'stock' };
const join: ParticipantBegin = { type: 'join', branch, resource: 'stock', coordinator };
const journal = { type: 'journal' } as const;

const context = (input: ParticipantBegin = join): ParticipantContext => participantContext({ self, input });
const doubtful: ParticipantContext = { ...context(), peers: [peer], receipt: 'xid-7' };

const working = participant.at({ unprepared: 'working' }, context());
const preparing = participant.at({ unprepared: 'preparing' }, { ...context(), peers: [peer] });
const inDoubt = participant.at({ inDoubt: { relying: 'waiting' } }, doubtful);
const cooperating = participant.at({ inDoubt: 'cooperating' }, doubtful);
const committing = participant.at(
  { finishing: { committing: 'asking' } },
  { ...doubtful, outcome: 'committed', acknowledge: true },
);
const rollingBack = participant.at({ finishing: { rollingBack: 'asking' } }, { ...doubtful, outcome: 'aborted' });

const answer = (operation: BranchOperation['type'], result: Result) =>
  ({ type: 'performed', id: `${operation}/tx-1/stock`, result }) as const;
const done = (value: unknown = null): Result => ({ type: 'done', value });
const refused: Result = { type: 'refused', error: 'constraint' };
const unknown: Result = { type: 'unknown', error: 'connection lost' };
const decision = (
  outcome: 'committed' | 'aborted',
  acknowledge = false,
  from: typeof coordinator | typeof successor = coordinator,
) =>
  ({
    type: 'decision',
    branch,
    resource: 'stock',
    outcome,
    receipt: null,
    coordinator: from,
    acknowledge,
    from,
  }) as const;
const asked = {
  type: 'inquiry',
  branch: { ...branch, branch: 'orders' },
  resource: 'orders',
  place: journal,
  from: peer,
} as const;
const vote = (cast: 'yes' | 'no' | 'read-only', receipt: string | null, reason: string) => ({
  type: 'send',
  to: coordinator,
  message: { type: 'vote', branch: 'stock', vote: cast, receipt, reason },
});

describe('before the vote', () => {
  test('a prepare is passed on to the resource, with the place of the decision', () => {
    const { effects, snapshot } = participant.step(working, {
      type: 'prepare',
      place: journal,
      peers: [peer],
      from: coordinator,
    });
    expect(effects).toEqual([
      {
        type: 'perform',
        id: 'prepare/tx-1/stock',
        resource: 'stock',
        operation: { type: 'prepare', branch, place: journal },
        deadlineMs: defaultParticipantTimes.resourceDeadlineMs,
      },
    ]);
    expect(snapshot.context.peers).toEqual([peer]);
  });

  test('a yes is sent when the resource has made it durable, and nothing is written down for it', () => {
    const { effects, rules, snapshot } = participant.step(
      preparing,
      answer('prepare', done({ vote: 'yes', receipt: 'xid-7' })),
    );
    expect(snapshot.hasTag('in-doubt')).toBe(true);
    expect(effects).toEqual([vote('yes', 'xid-7', '')]);
    expect(rules).toEqual(['Gray & Reuter §10.4: a yes is durable']);
  });

  test('a branch that changed nothing votes so and is done', () => {
    const { effects, snapshot } = participant.step(preparing, answer('prepare', done({ vote: 'read-only' })));
    expect(snapshot.value).toEqual({ finished: 'readOnly' });
    expect(effects).toEqual([
      vote('read-only', null, ''),
      { type: 'deliver', output: { type: 'finished', branch, outcome: 'read-only' } },
    ]);
  });

  test('a refusal is a no, and nothing remains to be rolled back', () => {
    const { effects, snapshot } = participant.step(preparing, answer('prepare', refused));
    expect(snapshot.value).toEqual({ finished: 'ended' });
    expect(effects).toEqual([
      vote('no', null, 'constraint'),
      { type: 'deliver', output: { type: 'finished', branch, outcome: 'aborted' } },
    ]);
  });

  test.each([
    ['an unknown answer', unknown],
    ['an answer that makes no sense', done('PREPARE TRANSACTION')],
  ])('%s to prepare is a no, and the branch is rolled back for good', (_name, result) => {
    const { effects } = participant.step(preparing, answer('prepare', result));
    expect(effects).toMatchObject([
      vote('no', null, 'whether it is prepared is unknown'),
      { operation: { type: 'rollback' } },
    ]);
  });

  test.each([
    ['a coordinator that keeps silent', working, { timer: 'idleTimeout' }],
    ['the application, which gives up', working, { type: 'abort', reason: 'no' }],
    ['a peer in doubt', working, asked],
    ['a peer in doubt, while the resource prepares', preparing, asked],
  ] as const)('%s: votes no and rolls back, and tells no peer before that is certain', (_name, state, happening) => {
    const { effects, state: gone } = participant.step(state, happening);
    expect(effects).toMatchObject([{ message: { type: 'vote', vote: 'no' } }, { operation: { type: 'rollback' } }]);
    expect(participant.step(gone, asked).effects).toEqual([]);
    const ended = participant.step(gone, answer('rollback', done()));
    expect(participant.step(ended.state, asked).effects).toMatchObject([
      { to: peer, message: { type: 'decision', outcome: 'aborted' } },
    ]);
  });

  test('an abort while the resource prepares rolls back what may come of it', () => {
    const { effects, state } = participant.step(preparing, decision('aborted'));
    expect(effects).toMatchObject([{ operation: { type: 'rollback' } }]);
    const late = participant.step(state, answer('prepare', done({ vote: 'yes', receipt: 'xid-7' })));
    expect(late.effects).toEqual([]);
    expect(late.snapshot.value).toEqual({ finishing: { rollingBack: 'asking' } });
  });

  test('a prepare after the abort is refused', () => {
    const { state } = participant.step(rollingBack, answer('rollback', done()));
    expect(participant.step(state, { type: 'prepare', place: journal, peers: [], from: coordinator }).effects).toEqual([
      vote('no', null, ''),
    ]);
  });

  test('a commit that nobody voted for is not believed', () => {
    expect(participant.step(working, decision('committed')).effects).toEqual([]);
    expect(participant.step(preparing, decision('committed')).snapshot.value).toEqual({ unprepared: 'preparing' });
  });
});

describe('in doubt', () => {
  const inquiry = { type: 'inquiry', branch, resource: 'stock', place: journal };
  const everywhere = [
    { type: 'send', to: coordinator, message: inquiry },
    { type: 'send', to: peer, message: inquiry },
  ];

  test('only a decision ends it; meanwhile it asks the coordinator, and no peer, which might give up', () => {
    const { effects, snapshot, state, timers } = participant.step(inDoubt, { timer: 'inquiryInterval' });
    expect(effects).toEqual([{ type: 'send', to: coordinator, message: inquiry }]);
    expect(snapshot.hasTag('in-doubt')).toBe(true);
    // Only the one timer is armed again: the wait for the coordinator is not prolonged.
    expect(timers.filter((it) => it.armed).map((it) => it.timer.delay)).toEqual(['inquiryInterval']);
    expect(new Set(participant.timers(state).map((it) => it.delay))).toEqual(
      new Set(['inquiryInterval', 'peerInquiryDelay']),
    );
  });

  test('a coordinator that ought to have decided by now is given up: peers are asked as well, at every interval', () => {
    const given = participant.step(inDoubt, { timer: 'peerInquiryDelay' });
    expect(given.effects).toEqual(everywhere);
    expect(participant.timers(given.state).map((it) => it.delay)).toEqual(['inquiryInterval']);
    const again = participant.step(given.state, { timer: 'inquiryInterval' });
    expect(again.effects).toEqual(everywhere);
    expect(again.rules).toEqual(['Bernstein et al. §7.4: cooperative termination']);
    expect(again.snapshot.hasTag('in-doubt')).toBe(true);
  });

  const unreachable = { type: 'unreachable', node: 'n1' } as const;

  test.each([
    ['the node of the coordinator', { ...unreachable, reason: 'disconnected' }],
    ['the coordinator, which lives no more at its address', { ...unreachable, address: coordinator, reason: 'absent' }],
  ] as const)('%s is out of reach: peers are asked at once', (_name, notice) => {
    const { effects, snapshot } = participant.step(inDoubt, notice);
    expect(effects).toEqual(everywhere);
    expect(snapshot.value).toEqual({ inDoubt: 'cooperating' });
  });

  test.each([
    ['another node', { ...unreachable, node: 'n9', reason: 'disconnected' }],
    ['a peer at the coordinator’s node', { ...unreachable, address: peer, reason: 'absent' }],
  ] as const)('%s is out of reach: that is no reason to ask peers', (_name, notice) => {
    const { effects, snapshot } = participant.step(inDoubt, notice);
    expect([effects, snapshot.value]).toEqual([[], { inDoubt: { relying: 'waiting' } }]);
  });

  test('a message to the coordinator was dropped: that says nothing of the coordinator', () => {
    const notice = { ...unreachable, address: coordinator, reason: 'dropped' } as const;
    expect(participant.step(inDoubt, notice).snapshot.value).toEqual({ inDoubt: { relying: 'waiting' } });
  });

  test('a peer in doubt gets no answer, and a request to give up comes too late', () => {
    for (const state of [inDoubt, cooperating]) {
      for (const happening of [asked, { type: 'abort', reason: 'no' } as const]) {
        const { effects, snapshot } = participant.step(state, happening);
        expect(effects).toEqual([]);
        expect(snapshot.hasTag('in-doubt')).toBe(true);
      }
    }
  });

  test('a coordinator that was given up and comes back is believed', () => {
    expect(participant.step(cooperating, decision('committed', true)).effects).toMatchObject([
      { operation: { type: 'commit' } },
    ]);
  });

  test('the vote is repeated when it was lost', () => {
    expect(
      participant.step(inDoubt, { type: 'prepare', place: journal, peers: [peer], from: coordinator }).effects,
    ).toEqual([vote('yes', 'xid-7', '')]);
  });

  test('a commit is carried out at once', () => {
    const { effects } = participant.step(inDoubt, decision('committed', true));
    expect(effects).toMatchObject([
      { type: 'perform', id: 'commit/tx-1/stock', operation: { type: 'commit', receipt: 'xid-7' } },
    ]);
  });

  test('a decision of a peer that knows is as good as the coordinator’s', () => {
    const { effects } = participant.step(inDoubt, { ...decision('aborted'), from: peer });
    expect(effects).toMatchObject([{ operation: { type: 'rollback' } }]);
  });
});

describe('carrying out the decision', () => {
  test('an unknown answer is never success: the operation is repeated under its id', () => {
    for (const [state, operation] of [
      [committing, 'commit'],
      [rollingBack, 'rollback'],
    ] as const) {
      const waiting = participant.step(state, answer(operation, unknown));
      expect(waiting.effects).toEqual([]);
      expect(participant.step(waiting.state, { timer: 'resourceRetryInterval' }).effects).toMatchObject([
        { type: 'perform', id: `${operation}/tx-1/stock` },
      ]);
    }
  });

  test('the coordinator hears when the branch is committed, and a peer that asks hears of the decision', () => {
    expect(participant.step(committing, asked).effects).toMatchObject([
      { to: peer, message: { type: 'decision', outcome: 'committed' } },
    ]);
    const { effects, state } = participant.step(committing, answer('commit', done()));
    expect(effects).toEqual([
      { type: 'send', to: coordinator, message: { type: 'acknowledgement', branch: 'stock', found: 'committed' } },
      { type: 'deliver', output: { type: 'finished', branch, outcome: 'committed' } },
    ]);
    expect(participant.step(state, decision('committed', true)).effects).toMatchObject([
      { to: coordinator, message: { type: 'acknowledgement' } },
    ]);
  });

  test('an abort that nobody waits for is not acknowledged', () => {
    expect(participant.step(rollingBack, answer('rollback', done())).effects).toEqual([
      { type: 'deliver', output: { type: 'finished', branch, outcome: 'aborted' } },
    ]);
  });

  test('the successor of the coordinator gets the acknowledgement', () => {
    const { state } = participant.step(committing, decision('committed', true, successor));
    expect(participant.step(state, answer('commit', done())).effects).toMatchObject([{ to: successor }, {}]);
  });

  test.each([
    ['committed', committing, 'commit', 'aborted'],
    ['aborted', rollingBack, 'rollback', 'committed'],
  ] as const)('a branch to be %s that is found otherwise is reported', (decided, state, operation, found) => {
    const { effects } = participant.step(state, answer(operation, refused));
    expect(effects).toContainEqual({ type: 'deliver', output: { type: 'hazard', branch, decided, found } });
  });

  test('it answers for a while, then it is gone', () => {
    const { state } = participant.step(committing, answer('commit', done()));
    expect(participant.step(state, { timer: 'linger' }).snapshot.status).toBe('done');
  });
});

describe('committing in one phase', () => {
  const request = {
    type: 'commit-one-phase',
    branch,
    resource: 'stock',
    idempotencyKey: 'order-7',
    from: coordinator,
  } as const;
  const settled = (outcome: 'committed' | 'aborted', reason = '') => ({
    type: 'send',
    to: coordinator,
    message: { type: 'settled', branch: 'stock', outcome, reason },
  });

  test('the resource decides, and the coordinator hears how', () => {
    const { effects, state } = participant.step(working, request);
    expect(effects).toMatchObject([{ operation: { type: 'commit-one-phase', idempotencyKey: 'order-7' } }]);
    expect(participant.step(state, answer('commit-one-phase', done())).effects[0]).toEqual(settled('committed'));
    expect(participant.step(state, answer('commit-one-phase', refused)).effects[0]).toEqual(
      settled('aborted', 'constraint'),
    );
  });

  test('an unknown answer is settled at the resource, and repeated until it is certain', () => {
    const { state } = participant.step(working, request);
    const settling = participant.step(state, answer('commit-one-phase', unknown));
    expect(settling.effects).toMatchObject([{ id: 'end-one-phase/tx-1/stock' }]);
    const waiting = participant.step(settling.state, answer('end-one-phase', unknown));
    expect(waiting.effects).toEqual([]);
    const again = participant.step(waiting.state, { timer: 'resourceRetryInterval' });
    expect(again.effects).toMatchObject([{ id: 'end-one-phase/tx-1/stock' }]);
    const ended = participant.step(again.state, answer('end-one-phase', done({ outcome: 'committed' })));
    expect(ended.effects[0]).toEqual(settled('committed'));
    expect(participant.step(ended.state, request).effects).toEqual([settled('committed')]);
  });

  test('whoever wants it settled before it was asked to commit ends it', () => {
    const { effects } = participant.step(working, { type: 'settle', branch, resource: 'stock', from: successor });
    expect(effects).toMatchObject([{ operation: { type: 'end-one-phase' } }]);
  });
});

describe('recovery', () => {
  const born = (message: { readonly type: string }) => inputOf(participant.bornOfMessage(message));

  test('from the resource: in doubt, asks, and does not vote, because an earlier life may have given up', () => {
    const found = participant.start(participant.recover([]), {
      self,
      input: { type: 'found', branch, resource: 'stock', place: journal, receipt: 'xid-7' },
    });
    expect(found.effects).toMatchObject([{ type: 'send', to: coordinator, message: { type: 'inquiry', branch } }]);
    expect(found.state.snapshot.context).toMatchObject({ coordinator });
    const asks = participant.transition(found.state, { type: 'prepare', from: coordinator, atMs: 0 });
    expect([asks.effects, asks.state.snapshot.value]).toEqual([[], { inDoubt: { relying: 'waiting' } }]);
  });

  test('from the resource, by somebody who knows the decision: it is carried out at once', () => {
    const found = { type: 'found', branch, resource: 'stock', place: journal, receipt: null } as const;
    const { effects } = participant.start(participant.recover([]), { self, input: { ...found, outcome: 'committed' } });
    expect(effects).toMatchObject([{ operation: { type: 'commit' } }]);
  });

  test('from nothing: a decision that is waited for is carried out, with the receipt that comes along', () => {
    const message = { ...decision('committed', true), receipt: 'xid-7' };
    const { state } = participant.start(participant.recover([]), { self, input: born(message) });
    expect(participant.transition(state, { ...message, atMs: 0 }).effects).toMatchObject([
      { operation: { type: 'commit', receipt: 'xid-7' } },
    ]);
  });

  test('from nothing: a one-phase commit is settled, not started', () => {
    const message = {
      type: 'commit-one-phase',
      branch,
      resource: 'stock',
      idempotencyKey: null,
      from: coordinator,
    } as const;
    const { state } = participant.start(participant.recover([]), { self, input: born(message) });
    expect(participant.transition(state, { ...message, atMs: 0 }).effects).toMatchObject([
      { operation: { type: 'end-one-phase' } },
    ]);
  });

  test('from nothing: neither a prepare, nor an inquiry, nor a presumed abort brings a participant to life', () => {
    for (const message of [{ type: 'prepare', place: journal, peers: [] }, asked, decision('aborted')])
      expect(participant.bornOfMessage(message)).toBeUndefined();
  });
});
