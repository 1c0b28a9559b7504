import { describe, expect, test } from 'vitest';
import {
  type CoordinatorBegin,
  type CoordinatorContext,
  type CoordinatorRecord,
  coordinator,
  coordinatorContext,
  coordinatorRecords,
  defaultCoordinatorTimes,
} from '../../../statecharts/two-phase-commit.ts';

/** The input of an actor that is born by itself. */
function inputOf<Input>(input: Input | undefined): Input {
  if (input === undefined) throw new Error('expected an actor to be born');
  return input;
}

const self = 'n1/2pc.coordinator/tx-1';
const orders = 'n1/2pc.participant/tx-1/orders';
const stock = 'n2/2pc.participant/tx-1/stock';
const id = (branch: string) => ({ manager: 'n1', transaction: 'tx-1', branch });

const context = (input: CoordinatorBegin = { type: 'begin' }): CoordinatorContext =>
  coordinatorContext(null, { self, input });
const branch = (name: string, address: typeof orders | typeof stock, last = false) => ({
  branch: name,
  address,
  resource: name,
  last,
  receipt: null,
  vote: 'awaited' as const,
  acknowledged: false,
});
const both = [branch('orders', orders), branch('stock', stock)];
const voted = both.map((it) => ({ ...it, vote: 'yes' as const, receipt: `xid of ${it.branch}` }));
const inRegister = { ...context({ type: 'begin', place: { type: 'register', resource: 'raft' } }), registered: true };

const yes = (name: string) =>
  ({ type: 'vote', branch: name, vote: 'yes', receipt: `xid of ${name}`, reason: '' }) as const;
const no = (name: string) => ({ type: 'vote', branch: name, vote: 'no', receipt: null, reason: 'constraint' }) as const;
const decision = (name: string, outcome: 'committed' | 'aborted', acknowledge: boolean, receipt: string | null) => ({
  type: 'decision',
  branch: id(name),
  resource: name,
  outcome,
  receipt,
  coordinator: self,
  acknowledge,
});
const inquiry = (place: CoordinatorContext['place']) =>
  ({ type: 'inquiry', branch: id('stock'), resource: 'stock', place, from: stock }) as const;
const performed = (
  step: string,
  result: { type: 'done'; value: unknown } | { type: 'refused' | 'unknown'; error: string },
) => ({ type: 'performed', id: step, result }) as const;

describe('phase one', () => {
  test('asks every branch to prepare, and tells each who its peers are', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches: both });
    const { effects, snapshot } = coordinator.step(active, { type: 'commit' });
    expect(snapshot.value).toEqual({ undecided: { collecting: 'asking' } });
    expect(effects).toEqual([
      { type: 'send', to: orders, message: { type: 'prepare', place: { type: 'journal' }, peers: [stock] } },
      { type: 'send', to: stock, message: { type: 'prepare', place: { type: 'journal' }, peers: [orders] } },
    ]);
  });

  test('asks again only those who have not voted', () => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    const one = coordinator.step(collecting, yes('orders'));
    expect(one.effects).toEqual([]);
    const again = coordinator.step(one.state, { timer: 'voteRetryInterval' });
    expect(again.effects.map((effect) => effect.type === 'send' && effect.to)).toEqual([stock]);
  });

  test('the last yes commits: the record comes before the caller and before any participant', () => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    const { state } = coordinator.step(collecting, yes('orders'));
    const { effects, rules, snapshot } = coordinator.step(state, yes('stock'));
    expect(snapshot.hasTag('decided')).toBe(true);
    expect(effects).toEqual([
      {
        type: 'persist',
        record: {
          type: 'committed',
          manager: 'n1',
          idempotencyKey: null,
          place: { type: 'journal' },
          times: defaultCoordinatorTimes,
          branches: both.map((it) => ({
            branch: it.branch,
            address: it.address,
            resource: it.resource,
            last: false,
            receipt: `xid of ${it.branch}`,
          })),
        },
      },
      { type: 'deliver', output: { type: 'committed', transaction: 'tx-1' } },
      { type: 'send', to: orders, message: decision('orders', 'committed', true, 'xid of orders') },
      { type: 'send', to: stock, message: decision('stock', 'committed', true, 'xid of stock') },
    ]);
    expect(rules).toEqual(['Gray & Reuter §10.4: all yes commits', 'Gray & Reuter §10.4: commit point']);
  });

  test('one no aborts, nothing is written, and only those who may be prepared are told', () => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    const { effects, snapshot } = coordinator.step(collecting, no('orders'));
    expect(snapshot.value).toEqual({ decided: 'retained' });
    expect(effects).toEqual([
      {
        type: 'deliver',
        output: {
          type: 'aborted',
          transaction: 'tx-1',
          reason: { code: 'refused', branch: 'orders', detail: 'constraint' },
        },
      },
      { type: 'send', to: stock, message: decision('stock', 'aborted', false, null) },
      {
        type: 'deliver',
        output: { type: 'ended', transaction: 'tx-1', outcome: 'aborted', place: { type: 'journal' } },
      },
    ]);
  });

  test.each([
    ['a vote that does not come', { timer: 'voteTimeout' }, 'vote-timeout'],
    [
      'a participant that is not there',
      { type: 'unreachable', node: 'n2', address: stock, reason: 'absent' },
      'absent',
    ],
    ['the application, which changed its mind', { type: 'abort', reason: 'no' }, 'requested'],
  ] as const)('%s aborts', (_name, happening, code) => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    const { snapshot } = coordinator.step(collecting, happening);
    expect(snapshot.context).toMatchObject({ outcome: 'aborted', reason: { code } });
  });

  test('a node that cannot be reached is not a participant that is not there', () => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    const { snapshot } = coordinator.step(collecting, { type: 'unreachable', node: 'n2', reason: 'disconnected' });
    expect(snapshot.context.outcome).toBeNull();
  });

  test('a transaction that nobody asks to commit is aborted', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches: both });
    const { snapshot } = coordinator.step(active, { timer: 'transactionTimeout' });
    expect(snapshot.context).toMatchObject({ outcome: 'aborted', reason: { code: 'transaction-timeout' } });
  });

  test('branches that changed nothing need neither record nor second phase', () => {
    const collecting = coordinator.at(
      { undecided: { collecting: 'asking' } },
      { ...context(), branches: [both[0]].flatMap((it) => it ?? []) },
    );
    const { effects, snapshot } = coordinator.step(collecting, { ...yes('orders'), vote: 'read-only', receipt: null });
    expect(snapshot.value).toEqual({ decided: 'retained' });
    expect(effects.map((effect) => (effect.type === 'deliver' ? effect.output.type : effect.type))).toEqual([
      'committed',
      'ended',
      'persist',
    ]);
  });
});

describe('phase two', () => {
  const committed = { ...context(), outcome: 'committed' as const, branches: voted };
  const acknowledged = (name: string, found: 'committed' | 'aborted' = 'committed') =>
    ({ type: 'acknowledgement', branch: name, found }) as const;

  test('is repeated to those who have not acknowledged', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    const { state } = coordinator.step(committing, acknowledged('orders'));
    const { effects } = coordinator.step(state, { timer: 'decisionRetryInterval' });
    expect(effects).toEqual([
      { type: 'send', to: stock, message: decision('stock', 'committed', true, 'xid of stock') },
    ]);
  });

  test('ends with the last acknowledgement: a small record replaces the decision and its branches', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    const { state } = coordinator.step(committing, acknowledged('orders'));
    const { effects, snapshot } = coordinator.step(state, acknowledged('stock'));
    expect(snapshot.value).toEqual({ decided: 'retained' });
    expect(snapshot.context.branches).toEqual([]);
    expect(effects).toMatchObject([
      { type: 'deliver', output: { type: 'ended', outcome: 'committed' } },
      { type: 'persist', checkpoint: true, record: { type: 'ended', outcome: 'committed' } },
    ]);
  });

  test('an acknowledgement that comes twice counts once', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    const { state } = coordinator.step(committing, acknowledged('orders'));
    expect(coordinator.step(state, acknowledged('orders')).snapshot.value).toEqual({
      decided: { committing: 'telling' },
    });
  });

  test('a branch that was found otherwise is reported', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    const { effects } = coordinator.step(committing, acknowledged('orders', 'aborted'));
    expect(effects).toEqual([
      { type: 'deliver', output: { type: 'hazard', transaction: 'tx-1', branch: 'orders', found: 'aborted' } },
    ]);
  });

  test('a participant in doubt is answered from the decision, and with nothing before it', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    expect(coordinator.step(committing, inquiry({ type: 'journal' })).effects).toEqual([
      { type: 'send', to: stock, message: decision('stock', 'committed', true, 'xid of stock') },
    ]);
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context(), branches: both });
    expect(coordinator.step(collecting, inquiry({ type: 'journal' })).effects).toEqual([]);
  });

  test('a yes that comes after the abort is told so at once', () => {
    const retained = coordinator.at({ decided: 'retained' }, { ...context(), outcome: 'aborted', branches: both });
    expect(coordinator.step(retained, yes('stock')).effects).toEqual([
      { type: 'send', to: stock, message: decision('stock', 'aborted', false, 'xid of stock') },
    ]);
  });

  test('a request to abort after the decision changes nothing', () => {
    const committing = coordinator.at({ decided: { committing: 'telling' } }, committed);
    const { effects, snapshot } = coordinator.step(committing, { type: 'abort', reason: 'too late' });
    expect([effects, snapshot.context.outcome]).toEqual([[], 'committed']);
  });

  test('the outcome is forgotten after the retention', () => {
    const retained = coordinator.at({ decided: 'retained' }, { ...committed, branches: [] });
    expect(coordinator.step(retained, { timer: 'retention' }).snapshot.status).toBe('done');
  });
});

describe('a branch that decides by its own commit', () => {
  test('a single branch is not asked to prepare', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches: [branch('orders', orders)] });
    const { effects, snapshot } = coordinator.step(active, { type: 'commit' });
    expect(snapshot.value).toEqual({ undecided: 'delegating' });
    expect(effects).toEqual([
      {
        type: 'send',
        to: orders,
        message: { type: 'commit-one-phase', branch: id('orders'), resource: 'orders', idempotencyKey: null },
      },
    ]);
  });

  const withLast = [branch('orders', orders, true), branch('stock', stock)];
  const place = { type: 'branch', branch: 'orders', resource: 'orders', address: orders } as const;

  test('the last resource commits only when all others are prepared', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches: withLast });
    const asked = coordinator.step(active, { type: 'commit' });
    expect(asked.effects).toEqual([{ type: 'send', to: stock, message: { type: 'prepare', place, peers: [orders] } }]);
    const { effects } = coordinator.step(asked.state, yes('stock'));
    expect(effects.map((effect) => effect.type === 'send' && [effect.to, effect.message.type])).toEqual([
      [orders, 'commit-one-phase'],
    ]);
  });

  test('its commit is the decision: the caller and the others hear at once, and nothing is written here', () => {
    const branches = withLast.map((it) => (it.last ? it : { ...it, vote: 'yes' as const }));
    const delegating = coordinator.at({ undecided: 'delegating' }, { ...context(), place, branches });
    const { effects, state } = coordinator.step(delegating, {
      type: 'settled',
      branch: 'orders',
      outcome: 'committed',
      reason: '',
    });
    expect(effects).toMatchObject([{ output: { type: 'committed' } }, { type: 'send', to: stock }]);
    const ended = coordinator.step(state, { type: 'acknowledgement', branch: 'stock', found: 'committed' });
    expect(ended.effects).toMatchObject([{ output: { type: 'ended', outcome: 'committed', place } }]);
  });

  test('its refusal aborts the others', () => {
    const branches = withLast.map((it) => (it.last ? it : { ...it, vote: 'yes' as const }));
    const delegating = coordinator.at({ undecided: 'delegating' }, { ...context(), place, branches });
    const { effects } = coordinator.step(delegating, {
      type: 'settled',
      branch: 'orders',
      outcome: 'aborted',
      reason: 'deadlock',
    });
    expect(effects).toMatchObject([
      { output: { type: 'aborted', reason: { code: 'refused', branch: 'orders', detail: 'deadlock' } } },
      { type: 'send', to: stock, message: { outcome: 'aborted' } },
      { output: { type: 'ended' } },
    ]);
  });

  test('two of them cannot be in one transaction', () => {
    const branches = withLast.map((it) => ({ ...it, last: true }));
    const active = coordinator.at({ undecided: 'active' }, { ...context(), branches });
    expect(coordinator.step(active, { type: 'commit' }).snapshot.context).toMatchObject({
      outcome: 'aborted',
      reason: { code: 'unsupported' },
    });
  });
});

describe('a decision register', () => {
  const entry = (outcome: string) => ({ outcome, branches: [] });

  test('knows the transaction before the first prepare', () => {
    const active = coordinator.at({ undecided: 'active' }, { ...inRegister, registered: false, branches: both });
    const { effects, state } = coordinator.step(active, { type: 'commit' });
    expect(effects).toMatchObject([
      { type: 'perform', id: 'register-transaction/tx-1/1', resource: 'raft', operation: { epoch: 1, owner: self } },
    ]);
    const done = coordinator.step(
      state,
      performed('register-transaction/tx-1/1', { type: 'done', value: entry('undecided') }),
    );
    expect(done.effects.map((effect) => effect.type)).toEqual(['send', 'send']);
  });

  test('is asked again while its answer is unknown', () => {
    const registering = coordinator.at({ undecided: { registering: 'asking' } }, { ...inRegister, branches: both });
    const unknown = coordinator.step(
      registering,
      performed('register-transaction/tx-1/1', { type: 'unknown', error: 'timeout' }),
    );
    expect(unknown.effects).toEqual([]);
    expect(coordinator.step(unknown.state, { timer: 'registerRetryInterval' }).effects).toMatchObject([
      { type: 'perform', id: 'register-transaction/tx-1/1' },
    ]);
  });

  test('decides commit: nobody hears of it before', () => {
    const collecting = coordinator.at(
      { undecided: { collecting: 'asking' } },
      {
        ...inRegister,
        branches: voted.map((it) => (it.branch === 'stock' ? { ...it, vote: 'awaited' as const } : it)),
      },
    );
    const { effects, state } = coordinator.step(collecting, yes('stock'));
    expect(effects).toMatchObject([
      { type: 'perform', id: 'decide-transaction/tx-1/1/committed', operation: { outcome: 'committed', epoch: 1 } },
    ]);
    const decided = coordinator.step(
      state,
      performed('decide-transaction/tx-1/1/committed', { type: 'done', value: entry('committed') }),
    );
    expect(decided.effects.map((effect) => effect.type)).toEqual(['deliver', 'send', 'send']);
  });

  test('has the last word: what it holds is the outcome, whoever wanted it', () => {
    const ruling = coordinator.at(
      { undecided: { ruling: 'asking' } },
      { ...inRegister, intent: 'committed', branches: voted },
    );
    const { snapshot } = coordinator.step(
      ruling,
      performed('decide-transaction/tx-1/1/committed', { type: 'done', value: entry('aborted') }),
    );
    expect(snapshot.context).toMatchObject({ outcome: 'aborted', reason: { code: 'elsewhere' } });
  });

  test('decides an abort too, and it is acknowledged, because the one whom participants would ask may be dead', () => {
    const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...inRegister, branches: both });
    const { effects, state } = coordinator.step(collecting, { timer: 'voteTimeout' });
    expect(effects).toMatchObject([{ id: 'decide-transaction/tx-1/1/aborted', operation: { outcome: 'aborted' } }]);
    const { effects: told, snapshot } = coordinator.step(
      state,
      performed('decide-transaction/tx-1/1/aborted', { type: 'done', value: entry('aborted') }),
    );
    expect(snapshot.value).toEqual({ decided: { aborting: 'telling' } });
    expect(told.slice(1)).toMatchObject([{ message: { acknowledge: true } }, { message: { acknowledge: true } }]);
  });

  test('fences an owner that another one has replaced: it only watches, and may claim again when told to', () => {
    const ruling = coordinator.at(
      { undecided: { ruling: 'asking' } },
      { ...inRegister, intent: 'committed', branches: voted },
    );
    const fenced = coordinator.step(
      ruling,
      performed('decide-transaction/tx-1/1/committed', { type: 'refused', error: 'epoch is 2' }),
    );
    expect(fenced.effects).toMatchObject([
      { type: 'deliver', output: { type: 'fenced', detail: 'epoch is 2' } },
      { type: 'perform', operation: { type: 'read-decision' } },
    ]);
    const learned = coordinator.step(
      fenced.state,
      performed('read-decision/tx-1/1', { type: 'done', value: entry('aborted') }),
    );
    expect(learned.snapshot.status).toBe('done');
    expect(learned.effects).toMatchObject([{ type: 'deliver', output: { type: 'aborted' } }]);
    const claiming = coordinator.step(fenced.state, { type: 'take-over', epoch: 3 });
    expect(claiming.effects).toMatchObject([{ id: 'claim-transaction/tx-1/3', operation: { epoch: 3 } }]);
  });

  test('gives an open transaction to a new owner, who aborts it', () => {
    const start = coordinator.start(null, {
      self: 'n3/2pc.coordinator/tx-1',
      input: { type: 'take-over', manager: 'n1', place: { type: 'register', resource: 'raft' }, epoch: 2 },
    });
    expect(start.effects).toMatchObject([{ operation: { type: 'claim-transaction', epoch: 2 } }]);
    const known = both.map(({ vote: _vote, acknowledged: _acknowledged, ...it }) => it);
    const claiming = coordinator.at(
      { undecided: { claiming: 'asking' } },
      {
        ...context({ type: 'take-over', manager: 'n1', place: { type: 'register', resource: 'raft' }, epoch: 2 }),
        self: 'n3/2pc.coordinator/tx-1',
      },
    );
    const { effects } = coordinator.step(
      claiming,
      performed('claim-transaction/tx-1/2', { type: 'done', value: { outcome: 'undecided', branches: known } }),
    );
    expect(effects).toMatchObject([{ operation: { type: 'decide-transaction', outcome: 'aborted', epoch: 2 } }]);
  });

  test('lets one that only answers participants in doubt take over what a dead owner left open', () => {
    const asked = coordinator.at(
      { presuming: 'reading' },
      { ...context({ type: 'inquired', manager: 'n1' }), place: { type: 'register', resource: 'raft' } },
    );
    const claiming = coordinator.step(asked, { type: 'take-over', epoch: 2 });
    expect(claiming.effects).toMatchObject([{ operation: { type: 'claim-transaction', epoch: 2 } }]);
    const known = both.map(({ vote: _vote, acknowledged: _acknowledged, ...it }) => it);
    const { effects } = coordinator.step(
      claiming.state,
      performed('claim-transaction/tx-1/2', { type: 'done', value: { outcome: 'undecided', branches: known } }),
    );
    expect(effects).toMatchObject([{ operation: { type: 'decide-transaction', outcome: 'aborted', epoch: 2 } }]);
    // Where the decision was a journal's, there is nothing to take over.
    const elsewhere = coordinator.at({ presuming: 'listening' }, context({ type: 'inquired', manager: 'n1' }));
    expect(coordinator.step(elsewhere, { type: 'take-over', epoch: 2 }).effects).toEqual([]);
  });

  test('lets a new owner finish a commit with the receipts of the old one', () => {
    const claiming = coordinator.at(
      { undecided: { claiming: 'asking' } },
      context({ type: 'take-over', manager: 'n1', place: { type: 'register', resource: 'raft' }, epoch: 2 }),
    );
    const known = voted.map(({ vote: _vote, acknowledged: _acknowledged, ...it }) => it);
    const { effects } = coordinator.step(
      claiming,
      performed('claim-transaction/tx-1/2', { type: 'done', value: { outcome: 'committed', branches: known } }),
    );
    expect(effects).toMatchObject([
      { type: 'deliver', output: { type: 'committed' } },
      { to: orders, message: { outcome: 'committed', receipt: 'xid of orders', acknowledge: true } },
      { to: stock, message: { outcome: 'committed', receipt: 'xid of stock', acknowledge: true } },
    ]);
  });

  test('a transaction that it refuses is aborted before anybody is asked to prepare', () => {
    const registering = coordinator.at({ undecided: { registering: 'asking' } }, { ...inRegister, branches: both });
    const { snapshot } = coordinator.step(
      registering,
      performed('register-transaction/tx-1/1', { type: 'refused', error: 'the idempotency key is taken' }),
    );
    expect(snapshot.context).toMatchObject({ outcome: 'aborted', reason: { code: 'not-registered' } });
  });
});

describe('recovery', () => {
  const recovered = (records: readonly CoordinatorRecord[]) =>
    coordinator.start(coordinator.recover(records.map((record) => coordinator.parseRecord(record))), {
      self,
      input: inputOf(coordinator.bornOfRecords()),
    });
  const kept = {
    manager: 'n1',
    idempotencyKey: 'order-7',
    place: { type: 'journal' },
    times: defaultCoordinatorTimes,
  } as const;
  const known = voted.map(({ vote: _vote, acknowledged: _acknowledged, ...it }) => it);

  test('from the decision: the caller is told again, and phase two starts over', () => {
    const { effects, state } = recovered([{ type: 'committed', ...kept, branches: known }]);
    expect(effects).toMatchObject([
      { type: 'deliver', output: { type: 'committed' } },
      { to: orders, message: { outcome: 'committed', receipt: 'xid of orders' } },
      { to: stock, message: { outcome: 'committed', receipt: 'xid of stock' } },
    ]);
    expect(state.snapshot.context).toMatchObject({ idempotencyKey: 'order-7' });
  });

  test('from the end: outcome and idempotency key are remembered for the retention', () => {
    const { effects, state } = recovered([
      { type: 'committed', ...kept, branches: known },
      { type: 'ended', ...kept, outcome: 'committed' },
    ]);
    expect(effects).toMatchObject([{ type: 'deliver', output: { type: 'committed' } }]);
    expect(state.snapshot.context).toMatchObject({ idempotencyKey: 'order-7', outcome: 'committed', branches: [] });
    expect(coordinator.timers(state).map((timer) => timer.delay)).toEqual(['retention']);
  });

  test('from nothing: a participant in doubt hears aborted', () => {
    const heard = inquiry({ type: 'journal' });
    const { state } = coordinator.start(null, { self, input: inputOf(coordinator.bornOfMessage(heard)) });
    const { effects, state: end } = coordinator.transition(state, { ...heard, atMs: 0 }, true);
    expect(effects).toEqual([{ type: 'send', to: stock, message: decision('stock', 'aborted', false, null) }]);
    expect(end.snapshot.status).toBe('done');
  });

  test('from nothing, on a node where the transaction did not begin: nothing is presumed', () => {
    const elsewhere = coordinatorContext(null, {
      self: 'n9/2pc.coordinator/tx-1',
      input: { type: 'inquired', manager: 'n1' },
    });
    const presuming = coordinator.at({ presuming: 'listening' }, elsewhere);
    expect(coordinator.step(presuming, inquiry({ type: 'journal' })).effects).toEqual([]);
  });

  test('from nothing, when a branch may have decided: that branch is asked, and presumption must wait', () => {
    const place = { type: 'branch', branch: 'orders', resource: 'orders', address: orders } as const;
    const presuming = coordinator.at({ presuming: 'listening' }, context({ type: 'inquired', manager: 'n1' }));
    const { effects, state } = coordinator.step(presuming, inquiry(place));
    expect(effects).toEqual([
      { type: 'send', to: orders, message: { type: 'settle', branch: id('orders'), resource: 'orders' } },
    ]);
    const settled = coordinator.step(state, { type: 'settled', branch: 'orders', outcome: 'committed', reason: '' });
    expect(settled.effects).toEqual([
      { type: 'send', to: stock, message: decision('stock', 'committed', false, null) },
    ]);
  });

  test('from nothing, when a register has the decision: it is read, never written', () => {
    const presuming = coordinator.at({ presuming: 'listening' }, context({ type: 'inquired', manager: 'n1' }));
    const { effects, state } = coordinator.step(presuming, inquiry({ type: 'register', resource: 'raft' }));
    expect(effects).toMatchObject([{ type: 'perform', resource: 'raft', operation: { type: 'read-decision' } }]);
    const undecided = coordinator.step(
      state,
      performed('read-decision/tx-1/0', { type: 'done', value: { outcome: 'undecided', branches: [] } }),
    );
    expect(undecided.effects).toEqual([]);
    expect(undecided.snapshot.status).toBe('done');
  });

  test('a later record supersedes an earlier one', () => {
    const ended: CoordinatorRecord = { type: 'ended', ...kept, outcome: 'committed' };
    expect(coordinatorRecords.step({ type: 'committed', ...kept, branches: known }, ended)).toEqual(ended);
  });
});
