/** A failover manager by itself: what it records, what it orders, and on what grounds. */

import { describe, expect, test } from 'vitest';
import {
  type Done,
  failoverManager,
  foundingStanding,
  groupPlan,
  type ManagerContext,
  managerContext,
  type Order,
  type Phase,
  type ServerStatus,
  type Standing,
} from '../../../statecharts/failover.ts';

const self = 'm1/failover.manager/g';
const register = 'm1/failover.register/g';
const plan = groupPlan({ group: 'g', mode: 'durable', servers: [{ server: 'a' }, { server: 'b' }, { server: 'c' }] });
const born: ManagerContext = managerContext({ self, input: { plan } });
const of = (server: string, incarnation = '1') => ({ server, incarnation });
/** Epoch 2 is a's, with b and c in sync. */
const reigning: Standing = {
  ...foundingStanding({ mode: 'durable' }),
  revision: 9,
  term: 3,
  manager: 'm1',
  phase: 'monitoring',
  epoch: 2,
  version: 4,
  primary: of('a'),
  inSync: [of('b'), of('c')],
  histories: [{ epoch: 2, history: 'h', since: 0 }],
};
const monitoring = { office: { recording: 'waiting', phase: { reigning: 'monitoring' } } } as const;
const at = (value: Parameters<typeof failoverManager.at>[0], change: Partial<ManagerContext> = {}) =>
  failoverManager.at(value, { ...born, standing: reigning, ...change });

const status = (change: Partial<ServerStatus> = {}): ServerStatus => ({
  role: 'standby',
  incarnation: '1',
  position: { history: 'h', offset: 7 },
  follows: 'a',
  isLinked: true,
  mark: null,
  confirmed: {},
  ...change,
});
const primary = status({ role: 'primary', follows: null, isLinked: false });
const fenced = status({ role: 'fenced', follows: null, isLinked: false });
const stands = (server: string, found: ServerStatus, done: Done | null = null) => ({
  type: 'stands' as const,
  server,
  term: 3,
  status: found,
  done,
});
const fencedBy = (server: string, epoch = 3, found = fenced) =>
  stands(server, found, { type: 'fence', epoch, version: 0 });
const recorded = (standing: Partial<Standing>) => ({
  type: 'recorded' as const,
  standing: { ...reigning, revision: 10, ...standing },
  asked: null,
});
const judged = (server: string, opinion: 'confirmed' | 'suspected' | 'trusted') => ({
  type: 'judged' as const,
  server,
  opinion,
});
const orders = (server: string, order: Order, term = 3) => ({
  type: 'send',
  to: `m1/failover.standby/g.${server}`,
  message: { type: 'steer', term, order },
});
const records = (change: object, expected = 9, term = 3) => ({
  type: 'send',
  to: register,
  message: { type: 'record', change: { term, expected, ...change } },
});
const elect = { type: 'elect', epoch: 3, reason: 'primary-dead', target: null };
const fencing = recorded({ phase: 'fencing', epoch: 3, reason: 'primary-dead' });
const steps = (state: ReturnType<typeof at>, ...all: readonly Parameters<typeof failoverManager.step>[1][]) => {
  const [first, ...rest] = all;
  if (first === undefined) throw new Error('no step');
  let step = failoverManager.step(state, first);
  for (const next of rest) step = failoverManager.step(step.state, next);
  return step;
};
/** The primary is dead, and nothing else is known. */
const dead = () => failoverManager.step(at(monitoring), judged('a', 'confirmed'));

describe('office', () => {
  test('is asked for under the next term by whoever leads the log', () => {
    const { effects } = failoverManager.step(at('waiting'), { type: 'leads' });
    expect(effects).toEqual([records({ type: 'takeOffice', node: 'm1' }, 9, 4)]);
  });

  test('is not taken for what an earlier life was given', () => {
    const asking = failoverManager.step(at('waiting'), { type: 'leads' });
    const { effects, snapshot } = failoverManager.step(asking.state, recorded({ term: 5 }));
    expect(snapshot.hasTag('taking-office')).toBe(true);
    expect(effects).toEqual([records({ type: 'takeOffice', node: 'm1' }, 10, 6)]);
  });

  test.each<[Phase, string]>([
    ['founding', 'founding'],
    ['fencing', 'fencing'],
    ['degraded', 'degraded'],
    ['redirecting', 'redirecting'],
    ['settling', 'settling'],
    ['monitoring', 'monitoring'],
    ['manual', 'manual'],
  ])('goes on in the recorded phase: %s', (phase, role) => {
    const asking = failoverManager.step(at('waiting'), { type: 'leads' });
    const { state } = failoverManager.step(asking.state, recorded({ term: 4, phase }));
    expect(failoverManager.roleAt(state)).toBe(role);
  });

  test('goes on with the candidate that is recorded', () => {
    const asking = failoverManager.step(at('waiting'), { type: 'leads' });
    const standing = {
      term: 4,
      phase: 'promoting' as const,
      epoch: 3,
      version: 1,
      primary: null,
      candidate: of('b'),
      inSync: [of('c')],
    };
    const { effects } = failoverManager.step(asking.state, recorded(standing));
    const reign = { incarnation: '1', epoch: 3, version: 1, inSync: ['c'], confirmations: 1 };
    expect(effects).toContainEqual(orders('b', { type: 'promote', ...reign }, 4));
    expect(effects).toContainEqual(orders('c', { type: 'fence', epoch: 3 }, 4));
  });

  test.each([
    ['a later term', recorded({ term: 4 })],
    ['another leader of the log', { type: 'follows' as const }],
  ])('ends with %s: all servers are let alone', (_why, said) => {
    const { effects, snapshot } = failoverManager.step(at(monitoring), said);
    expect(snapshot.value).toBe('waiting');
    expect(effects).toEqual([
      ...['a', 'b', 'c'].map((it) => orders(it, { type: 'rest' })),
      { type: 'deliver', output: { type: 'office', term: 3, isHeld: false } },
    ]);
  });

  test.each(['fencing', 'degraded', 'promoting', 'founding'] as const)(
    'ends with a later term in any phase: %s',
    (phase) => {
      const substate = phase === 'fencing' ? ({ fencing: 'gathering' } as const) : phase;
      const state = at({ office: { recording: 'waiting', phase: substate } }, { standing: { ...reigning, phase } });
      expect(failoverManager.step(state, recorded({ term: 4, phase })).snapshot.value).toBe('waiting');
    },
  );

  test('is where operators are heard', () => {
    const { effects } = failoverManager.step(at('waiting'), { type: 'resume', id: 5 });
    expect(effects).toEqual([{ type: 'deliver', output: { type: 'refused', id: 5, reason: 'NOT_IN_OFFICE' } }]);
  });
});

describe('an election', () => {
  test('is asked for, and all are fenced, in one step', () => {
    const { effects, rules } = dead();
    expect(effects).toEqual([records(elect), ...['a', 'b', 'c'].map((it) => orders(it, { type: 'fence', epoch: 3 }))]);
    expect(rules).toEqual(['Paxos 1a: a greater epoch']);
  });

  test('does not begin by a suspicion, nor in the hands of the operator', () => {
    const { snapshot, effects } = failoverManager.step(at(monitoring), judged('a', 'suspected'));
    expect([snapshot.hasTag('confirming'), effects]).toEqual([true, []]);
    const manual = { office: { recording: 'waiting', phase: { reigning: 'manual' } } } as const;
    const held = failoverManager.step(
      at(manual, { standing: { ...reigning, phase: 'manual' } }),
      judged('a', 'confirmed'),
    );
    expect(held.effects).toEqual([{ type: 'deliver', output: { type: 'raised', alarm: 'operator-needed', epoch: 2 } }]);
  });

  test('begins when the primary has forgotten, or says that it is none', () => {
    const lost = records({ ...elect, reason: 'primary-lost' });
    expect(failoverManager.step(at(monitoring), stands('a', { ...primary, incarnation: '2' })).effects).toContainEqual(
      lost,
    );
    expect(failoverManager.step(at(monitoring), stands('a', fenced)).effects).toContainEqual(lost);
  });

  test('chooses nothing before its epoch is recorded', () => {
    const early = steps(dead().state, fencedBy('b'), fencedBy('c'));
    expect(early.snapshot.hasTag('fencing')).toBe(true);
    const { effects } = failoverManager.step(early.state, fencing);
    const choice = { epoch: 3, candidate: of('b'), offset: 7, inSync: [of('c')], loss: null };
    expect(effects).toContainEqual(records({ type: 'choose', ...choice }, 10));
  });

  test('goes by what was fenced in its own epoch, and is fenced', () => {
    for (const other of [fencedBy('b', 2), fencedBy('b', 3, status())]) {
      const { snapshot } = steps(dead().state, fencing, other, fencedBy('c'));
      expect(snapshot.hasTag('fencing')).toBe(true);
    }
  });

  test('does not choose among too few, and says so', () => {
    const { effects, snapshot } = steps(dead().state, fencing, fencedBy('b'), { timer: 'gatherTimeout' });
    expect(snapshot.hasTag('degraded')).toBe(true);
    expect(effects).toContainEqual(records({ type: 'degrade', epoch: 3 }, 10));
  });

  test('waits for those who are believed to live, for a while', () => {
    const suspected = steps(at(monitoring), stands('a', fenced));
    const waiting = steps(suspected.state, fencing, fencedBy('b'), fencedBy('c'));
    expect(waiting.snapshot.hasTag('fencing')).toBe(true);
    expect(failoverManager.step(waiting.state, { timer: 'gatherTimeout' }).snapshot.hasTag('choosing')).toBe(true);
    expect(failoverManager.step(waiting.state, fencedBy('a')).snapshot.hasTag('choosing')).toBe(true);
  });

  test('tells the candidate only once it is recorded', () => {
    const chosen = steps(dead().state, fencing, fencedBy('b'), fencedBy('c'));
    expect(chosen.effects.some((it) => it.type === 'send' && it.message.type === 'steer')).toBe(false);
    const promoting = {
      phase: 'promoting' as const,
      epoch: 3,
      version: 1,
      primary: null,
      candidate: of('b'),
      inSync: [of('c')],
    };
    const { effects } = failoverManager.step(chosen.state, recorded({ ...promoting, revision: 11 }));
    expect(effects[0]).toEqual({
      type: 'deliver',
      output: { type: 'chosen', epoch: 3, server: 'b', reason: 'primary-dead', loss: null },
    });
    expect(effects).toContainEqual(
      orders('b', { type: 'promote', incarnation: '1', epoch: 3, version: 1, inSync: ['c'], confirmations: 1 }),
    );
  });
});

describe('a promotion', () => {
  const standing: Standing = {
    ...reigning,
    phase: 'promoting',
    epoch: 3,
    version: 1,
    primary: null,
    candidate: of('b'),
    inSync: [of('c')],
  };
  const promoting = at({ office: { recording: 'waiting', phase: 'promoting' } }, { standing });
  const done: Done = { type: 'promote', epoch: 3, version: 1 };
  const begun = { ...primary, position: { history: 'k', offset: 8 } };

  test('is recorded with the history that it began', () => {
    const { effects } = failoverManager.step(promoting, stands('b', begun, done));
    expect(effects).toEqual([records({ type: 'promoted', epoch: 3, history: 'k' })]);
  });

  test.each([
    ['of another server', stands('c', begun, done)],
    ['in another epoch', stands('b', begun, { ...done, epoch: 2 })],
    ['that left no primary', stands('b', fenced, done)],
    ['in an earlier term', { ...stands('b', begun, done), term: 2 }],
  ])('%s is none', (_what, said) => {
    expect(failoverManager.step(promoting, said).effects).toEqual([]);
  });

  test.each([
    ['has forgotten', stands('b', { ...fenced, incarnation: '2' })],
    ['is dead', judged('b', 'confirmed')],
    ['takes too long', { timer: 'promoteTimeout' } as const],
  ])('of a candidate that %s is given up in the next epoch', (_what, happening) => {
    const { effects } = failoverManager.step(promoting, happening);
    expect(effects).toContainEqual(records({ type: 'elect', epoch: 4, reason: 'candidate-failed', target: null }));
    expect(effects).toContainEqual(orders('b', { type: 'fence', epoch: 4 }));
  });
});

describe('the in-sync set', () => {
  const alone = { ...reigning, inSync: [of('b')] };

  test('takes in a standby that has reached where the primary was after the standby had begun', () => {
    const { effects } = steps(
      at(monitoring, { standing: alone }),
      stands('c', status()),
      stands('a', primary),
      stands('c', status()),
    );
    expect(effects).toEqual([records({ type: 'grow', epoch: 2, version: 5, members: [of('b'), of('c')] })]);
  });

  test.each([
    ['has begun anew since', status({ incarnation: '2' })],
    ['is behind', status({ position: { history: 'h', offset: 6 } })],
    ['has data of another history', status({ position: { history: 'k', offset: 9 } })],
    ['is not linked', status({ isLinked: false })],
    ['follows another one', status({ follows: 'b' })],
  ])('does not take in one that %s', (_what, found) => {
    const { effects } = steps(
      at(monitoring, { standing: alone }),
      stands('c', status()),
      stands('a', primary),
      stands('c', found),
    );
    expect(effects).toEqual([]);
  });

  test('is told to the primary once it is recorded', () => {
    const grown = recorded({ inSync: [of('b'), of('c')], version: 5 });
    const { effects } = failoverManager.step(at(monitoring, { standing: alone }), grown);
    const reign = { incarnation: '1', epoch: 2, version: 5, inSync: ['b', 'c'], confirmations: 1 };
    expect(effects).toContainEqual(orders('a', { type: 'reign', ...reign }));
  });

  test('lets go of a member that is dead: intended first, told next, and recorded as done when the primary says so', () => {
    const intending = failoverManager.step(at(monitoring), judged('c', 'confirmed'));
    expect(intending.effects).toEqual([records({ type: 'shrink', epoch: 2, version: 5, members: [of('b')] })]);
    const telling = failoverManager.step(intending.state, recorded({ shrinking: { version: 5, members: [of('b')] } }));
    const reign = { incarnation: '1', epoch: 2, version: 5, inSync: ['b'], confirmations: 1 };
    expect(telling.effects).toContainEqual(orders('a', { type: 'reign', ...reign }));
    const earlier = failoverManager.step(telling.state, stands('a', primary, { type: 'reign', epoch: 2, version: 4 }));
    expect(earlier.effects).toEqual([]);
    const { effects } = failoverManager.step(
      telling.state,
      stands('a', primary, { type: 'reign', epoch: 2, version: 5 }),
    );
    expect(effects).toEqual([records({ type: 'shrunk', epoch: 2, version: 5 }, 10)]);
  });

  test('lets go of a member that stays behind, after so many looks', () => {
    const looks = Array.from({ length: plan.settings.lateAfter + 1 }, () => stands('a', primary));
    const { state } = steps(at(monitoring), stands('b', status()), stands('c', status()), stands('a', primary));
    const late = steps(state, ...looks.flatMap((look) => [stands('b', status()), look]));
    expect(late.snapshot.context.wanted).toEqual({ type: 'shrink', epoch: 2, version: 5, members: [of('b')] });
  });

  test('is not asked to change by what the primary needs more: an election', () => {
    const intending = failoverManager.step(at(monitoring), judged('c', 'confirmed'));
    const electing = failoverManager.step(intending.state, judged('a', 'confirmed'));
    expect(electing.effects[0]).toEqual(records(elect));
    // What was on its way may have been recorded first; the election is asked for again.
    const late = failoverManager.step(electing.state, recorded({ shrinking: { version: 5, members: [of('b')] } }));
    expect(late.effects[0]).toEqual(records(elect, 10));
  });
});

describe('a loss that is allowed', () => {
  const degraded: Standing = { ...reigning, phase: 'degraded', epoch: 3, allowedLoss: 3 };
  const heard = () =>
    failoverManager.step(
      at({ office: { recording: 'waiting', phase: 'degraded' } }, { standing: degraded, isGathering: true }),
      fencedBy('c'),
    );
  const chooses = expect.objectContaining({
    message: { type: 'record', change: expect.objectContaining({ type: 'choose', candidate: of('c') }) },
  });

  test('waits for all that are believed to live, as they could confirm writes to the old primary', () => {
    expect(heard().effects).not.toContainEqual(chooses);
    const without = failoverManager.step(heard().state, judged('a', 'confirmed'));
    expect(without.effects).not.toContainEqual(chooses);
    expect(failoverManager.step(without.state, judged('b', 'confirmed')).effects).toContainEqual(chooses);
  });
});

describe('an operator', () => {
  const following = () =>
    steps(at(monitoring), stands('a', primary), stands('b', status()), stands('c', status())).state;

  test('is answered once what was asked for is recorded', () => {
    const asked = failoverManager.step(following(), { type: 'maintain', id: 4, isOn: true });
    expect(asked.effects).toEqual([records({ type: 'maintain', isOn: true })]);
    const { effects, snapshot } = failoverManager.step(
      asked.state,
      recorded({ phase: 'manual', reason: 'maintenance', maintenance: true }),
    );
    expect(effects).toContainEqual({ type: 'deliver', output: { type: 'accepted', id: 4 } });
    expect(snapshot.hasTag('manual')).toBe(true);
  });

  test('hears that something more urgent came between', () => {
    const asked = failoverManager.step(following(), { type: 'maintain', id: 4, isOn: true });
    const { effects } = failoverManager.step(asked.state, judged('a', 'confirmed'));
    expect(effects[0]).toEqual({ type: 'deliver', output: { type: 'refused', id: 4, reason: 'OVERTAKEN' } });
  });

  test('has the primary fenced alone, and the others once the target is where it stopped', () => {
    const begun = failoverManager.step(following(), { type: 'switchover', id: 4, target: 'b' });
    const reign = { incarnation: '1', epoch: 2, version: 4, inSync: ['b', 'c'], confirmations: 1 };
    // Nothing that serves is stopped before it is recorded why.
    expect(begun.effects).toEqual([
      records({ type: 'elect', epoch: 3, reason: 'switchover', target: 'b' }),
      orders('a', { type: 'reign', ...reign }),
      orders('b', { type: 'follow', epoch: 2, primary: 'a' }),
      orders('c', { type: 'follow', epoch: 2, primary: 'a' }),
    ]);
    const planned = recorded({ phase: 'fencing', epoch: 3, target: 'b', reason: 'switchover' });
    const stopping = failoverManager.step(begun.state, planned);
    expect(stopping.effects).toEqual([
      orders('a', { type: 'fence', epoch: 3 }),
      orders('b', { type: 'watch', upTo: null }),
      orders('c', { type: 'watch', upTo: null }),
      { type: 'deliver', output: { type: 'accepted', id: 4 } },
    ]);
    const stopped = { ...fenced, position: { history: 'h', offset: 9 } };
    const behind = failoverManager.step(stopping.state, fencedBy('a', 3, stopped));
    expect(behind.effects).toEqual([
      orders('a', { type: 'fence', epoch: 3 }),
      orders('b', { type: 'watch', upTo: 9 }),
      orders('c', { type: 'watch', upTo: 9 }),
    ]);
    const there = failoverManager.step(behind.state, stands('b', status({ position: { history: 'h', offset: 9 } })));
    const fencesAll = ['a', 'b', 'c'].map((it) => orders(it, { type: 'fence', epoch: 3 }));
    expect(there.effects.slice(3)).toEqual(fencesAll);
    for (const happening of [
      { timer: 'catchUpTimeout' } as const,
      judged('b', 'confirmed'),
      judged('a', 'confirmed'),
    ]) {
      expect(failoverManager.step(behind.state, happening).effects).toEqual(fencesAll);
    }
  });

  test.each([
    ['one that is not in sync', 'd', 'NOT_READY'],
    ['the primary itself', 'a', 'NOT_READY'],
  ])('cannot switch over to %s', (_what, target, reason) => {
    const { effects } = failoverManager.step(following(), { type: 'switchover', id: 4, target });
    expect(effects).toEqual([{ type: 'deliver', output: { type: 'refused', id: 4, reason } }]);
  });
});
