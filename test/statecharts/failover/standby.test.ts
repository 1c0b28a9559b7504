/** A standby by itself: under whose orders its server is, and what it is asked. */

import { describe, expect, test } from 'vitest';
import {
  foundingStanding,
  groupPlan,
  type Order,
  type ServerStatus,
  type StandbyContext,
  type Standing,
  standby,
  standbyContext,
} from '../../../statecharts/failover.ts';

const self = 'm1/failover.standby/g.a';
const manager = 'm1/failover.manager/g';
const register = 'm1/failover.register/g';
const { settings } = groupPlan({ group: 'g', mode: 'durable', servers: [{ server: 'a' }] });
const born: StandbyContext = standbyContext({ self, input: { group: 'g', server: 'a', settings } });
const status = (change: Partial<ServerStatus> = {}): ServerStatus => ({
  role: 'fenced',
  incarnation: '1',
  position: { history: 'h', offset: 7 },
  follows: null,
  isLinked: false,
  mark: null,
  confirmed: {},
  ...change,
});
const reign = { incarnation: '1', epoch: 2, version: 1, inSync: ['b'], confirmations: 1 };
const fence: Order = { type: 'fence', epoch: 2 };
const promote: Order = { type: 'promote', ...reign };
const follow: Order = { type: 'follow', epoch: 2, primary: 'b' };

const steer = (order: Order, term = 3) => ({ type: 'steer' as const, term, order, from: manager as typeof manager });
const performs = (operation: { type: string }, claim = 1, deadlineMs = settings.operationDeadlineMs) => ({
  type: 'perform',
  id: `${operation.type}/${claim}`,
  resource: 'g.a',
  operation,
  deadlineMs,
});
const does = (operation: string, value: unknown = status(), claim = 1) => ({
  type: 'performed' as const,
  id: `${operation}/${claim}`,
  result: { type: 'done' as const, value },
});
const fails = (operation: string, claim = 1) => ({
  type: 'performed' as const,
  id: `${operation}/${claim}`,
  result: { type: 'unknown' as const, error: 'no answer' },
});
const recorded = (term: number, asked: number | null) => ({
  type: 'recorded' as const,
  standing: { ...foundingStanding({ mode: 'durable' }), term },
  asked,
  from: register as typeof register,
});
const stands = (of: ServerStatus, done: object | null) => ({
  type: 'send',
  to: manager,
  message: { type: 'stands', server: 'a', term: 3, status: of, done },
});

const idle = standby.at({ operating: 'idle', role: 'cold' }, born);
/** Under the claim of term 3, with this order. */
const working = (order: Order, at: ServerStatus = status()) => {
  const claimed = standby.step(standby.step(idle, steer(order)).state, does('claim', at));
  return standby.step(claimed.state, recorded(3, 1));
};

describe('the order of things', () => {
  test('a server is claimed, then it is asked who is in office, and only then operated', () => {
    const claiming = standby.step(idle, steer(fence));
    expect(claiming.effects).toEqual([performs({ type: 'claim', term: 3 } as { type: string })]);
    const asking = standby.step(claiming.state, does('claim'));
    expect(asking.effects).toEqual([
      stands(status(), null),
      { type: 'send', to: register, message: { type: 'enquire', asked: 1 } },
    ]);
    const operating = standby.step(asking.state, recorded(3, 1));
    expect(operating.effects).toEqual([performs({ type: 'fence', term: 3, epoch: 2 } as { type: string })]);
    const done = standby.step(operating.state, does('fence'));
    expect(done.effects).toEqual([stands(status(), { type: 'fence', epoch: 2, version: 0 })]);
    expect(done.snapshot.hasTag('fenced')).toBe(true);
    expect(standby.step(done.state, { timer: 'lookInterval' }).effects).toEqual([performs({ type: 'look' })]);
  });

  test('an answer to a question before the claim says nothing', () => {
    const asking = standby.step(standby.step(idle, steer(fence)).state, does('claim'));
    for (const said of [recorded(3, null), recorded(3, 0)]) {
      expect(standby.step(asking.state, said).effects).toEqual([]);
    }
  });

  test('a deposed manager operates nothing', () => {
    const asking = standby.step(standby.step(idle, steer(fence)).state, does('claim'));
    const deposed = standby.step(asking.state, recorded(4, 1));
    expect(deposed.effects).toEqual([]);
    expect(deposed.snapshot.value).toEqual({ operating: 'idle', role: 'cold' });
  });

  test('what fails is followed by another claim and question, after a pause', () => {
    const failed = standby.step(working(fence).state, fails('fence'));
    expect(failed.effects).toEqual([
      { type: 'send', to: manager, message: { type: 'fails', server: 'a', term: 3, times: 1, why: 'no answer' } },
    ]);
    const again = standby.step(failed.state, { timer: 'retryInterval' });
    expect(again.effects).toEqual([performs({ type: 'claim', term: 3 } as { type: string }, 2)]);
    // An answer to what was asked before the claim is none to it.
    expect(standby.step(again.state, does('claim', status(), 1)).effects).toEqual([]);
  });

  test('a later term claims anew, and an earlier one is not obeyed', () => {
    const { state } = working(fence);
    expect(standby.step(state, steer(fence, 4)).effects).toEqual([
      performs({ type: 'claim', term: 4 } as { type: string }, 2),
    ]);
    expect(standby.step(state, steer(promote, 2)).snapshot.context.order).toEqual(fence);
  });

  test('a server that is let alone is asked nothing', () => {
    const resting = standby.step(working(fence).state, steer({ type: 'rest' }));
    expect(resting.snapshot.value).toEqual({ operating: 'idle', role: 'cold' });
    expect(standby.timers(resting.state)).toEqual([]);
    expect(standby.step(resting.state, does('fence')).effects).toEqual([]);
  });

  test('a server that answers nonsense has not done what it was asked', () => {
    expect(standby.step(working(fence).state, does('fence', { role: 'king' })).effects).toMatchObject([
      { message: { type: 'fails', times: 1 } },
    ]);
  });

  test('one that can be started is started before it is claimed again', () => {
    const startable = standby.at(
      { operating: 'retrying', role: 'warming' },
      { ...born, term: 3, order: follow, claim: 1, canStart: true },
    );
    const starting = standby.step(startable, { timer: 'retryInterval' });
    expect(starting.effects).toEqual([performs({ type: 'start' }, 1, settings.startDeadlineMs)]);
    expect(standby.step(starting.state, does('start')).effects).toMatchObject([{ operation: { type: 'claim' } }]);
    expect(standby.step(starting.state, fails('start')).effects).toMatchObject([
      { message: { type: 'fails' } },
      { operation: { type: 'claim' } },
    ]);
  });
});

describe('an old primary that no fence reaches', () => {
  const standing = (change: Partial<Standing>, asked: number, term = 3) => ({
    ...recorded(term, asked),
    standing: { ...recorded(term, asked).standing, ...change },
  });
  const primary = { server: 'a', incarnation: '1' };
  const fencing: Partial<Standing> = { phase: 'fencing', epoch: 2, primary };
  const replaced: Partial<Standing> = { phase: 'monitoring', epoch: 2, primary: { server: 'b', incarnation: '1' } };
  /** It has not done what it was asked, and can be stopped. */
  const unreached = (order: Order, change: Partial<StandbyContext> = {}) =>
    standby.at(
      { operating: 'retrying', role: 'fenced' },
      { ...born, term: 3, order, claim: 1, canStop: true, canStart: true, ...change },
    );
  const asks = { type: 'send', to: register, message: { type: 'enquire', asked: 2 } };
  const starts = performs({ type: 'start' }, 2, settings.startDeadlineMs);
  const stops = performs({ type: 'stop' }, 2, settings.startDeadlineMs);

  test('is stopped once it is certain that another one is to be primary, and started again after that', () => {
    const judging = standby.step(unreached(fence), { timer: 'retryInterval' });
    expect(judging.effects).toEqual([asks]);
    const stopping = standby.step(judging.state, standing(fencing, 2));
    expect(stopping.effects).toEqual([stops]);
    const claiming = standby.step(stopping.state, does('stop', status({ incarnation: '' }), 2));
    expect(claiming.effects).toMatchObject([{ operation: { type: 'claim' } }]);
    // It is not there, of course; it is stopped no second time.
    const failed = standby.step(claiming.state, fails('claim', 3));
    expect(standby.step(failed.state, { timer: 'retryInterval' }).effects).toMatchObject([
      { operation: { type: 'start' } },
    ]);
  });

  test('is stopped as well when the next one reigns already', () => {
    const judging = standby.step(unreached(follow, { hasReigned: true }), { timer: 'retryInterval' });
    expect(standby.step(judging.state, standing(replaced, 2)).effects).toEqual([stops]);
  });

  test('is not stopped by an answer to an earlier question, nor by a deposed manager', () => {
    const judging = standby.step(unreached(fence), { timer: 'retryInterval' });
    expect(standby.step(judging.state, standing(fencing, 1)).effects).toEqual([]);
    const deposed = standby.step(judging.state, standing(fencing, 2, 4));
    expect(deposed.effects).toEqual([]);
    expect(deposed.snapshot.value).toMatchObject({ operating: 'idle' });
    expect(standby.step(judging.state, { timer: 'retryInterval' }).effects).toEqual([asks]);
  });

  test.each<[string, Partial<Standing>, Order]>([
    ['one that another one is to replace by plan', { ...fencing, target: 'b' }, fence],
    ['a standby', { ...fencing, primary: { server: 'b', incarnation: '1' } }, fence],
    ['one whose election is not recorded', { ...fencing, phase: 'monitoring' }, fence],
  ])('%s is not stopped', (_what, change, order) => {
    const judging = standby.step(unreached(order), { timer: 'retryInterval' });
    expect(standby.step(judging.state, standing(change, 2)).effects).toEqual([starts]);
  });

  test('is stopped by nothing where there is no means, and not for ever where that fails', () => {
    expect(standby.step(unreached(fence, { canStop: false }), { timer: 'retryInterval' }).effects).toMatchObject([
      { operation: { type: 'start' } },
    ]);
    expect(standby.step(unreached(follow), { timer: 'retryInterval' }).effects).toMatchObject([
      { operation: { type: 'start' } },
    ]);
    const judging = standby.step(unreached(fence), { timer: 'retryInterval' });
    const failed = standby.step(standby.step(judging.state, standing(fencing, 2)).state, fails('stop', 2));
    expect(failed.snapshot.context.stops).toBe(1);
    const tired = unreached(fence, { stops: settings.failAfter });
    expect(standby.step(tired, { timer: 'retryInterval' }).effects).toMatchObject([{ operation: { type: 'start' } }]);
  });
});

describe('an order', () => {
  test('to promote is carried out in the incarnation that was chosen', () => {
    expect(working(promote).effects).toMatchObject([{ operation: { type: 'promote', epoch: 2, inSync: ['b'] } }]);
    expect(working(promote, status({ incarnation: '2' })).effects).toEqual([performs({ type: 'look' })]);
  });

  test('to promote fences first what is not fenced, and not what is primary of the epoch', () => {
    expect(working(promote, status({ role: 'standby' })).effects).toMatchObject([{ operation: { type: 'fence' } }]);
    expect(working(promote, status({ role: 'primary' })).effects).toMatchObject([{ operation: { type: 'fence' } }]);
    const mark = { epoch: 2, version: 1 };
    expect(working(promote, status({ role: 'primary', mark })).effects).toMatchObject([
      { operation: { type: 'promote' } },
    ]);
  });

  test('to follow fences a primary that has woken up', () => {
    expect(working(follow, status({ role: 'primary' })).effects).toMatchObject([{ operation: { type: 'fence' } }]);
    expect(working(follow).effects).toMatchObject([{ operation: { type: 'follow', primary: 'b' } }]);
  });

  test('to follow that does not last is repeated after a look, and no faster', () => {
    const done = standby.step(working(follow).state, does('follow'));
    expect(done.effects).toHaveLength(1);
    expect(standby.step(done.state, { timer: 'lookInterval' }).effects).toMatchObject([
      { operation: { type: 'follow' } },
    ]);
  });

  test('to reign tells the in-sync set, once for each version', () => {
    const primary = status({ role: 'primary', mark: { epoch: 2, version: 1 } });
    const done = standby.step(working({ type: 'reign', ...reign }, primary).state, does('confirmWith', primary));
    expect(done.effects).toEqual([stands(primary, { type: 'reign', epoch: 2, version: 1 })]);
    expect(standby.step(done.state, steer({ type: 'reign', ...reign })).effects).toEqual([]);
    const next = standby.step(done.state, steer({ type: 'reign', ...reign, version: 2, inSync: ['b', 'c'] }));
    expect(next.effects).toMatchObject([{ operation: { type: 'confirmWith', version: 2, inSync: ['b', 'c'] } }]);
  });

  test('to reign asks nothing of one that is not primary, so that its manager learns of it', () => {
    expect(working({ type: 'reign', ...reign }).effects).toEqual([performs({ type: 'look' })]);
  });

  test('that comes while an operation is under way is carried out after it', () => {
    const other = standby.step(working(follow).state, steer(fence));
    expect(other.effects).toEqual([]);
    expect(standby.step(other.state, does('follow')).effects).toMatchObject([
      { message: { done: { type: 'follow' } } },
      { operation: { type: 'fence' } },
    ]);
  });
});

describe('the role', () => {
  const linked = status({ role: 'standby', follows: 'b', isLinked: true });
  const roleOf = (state: ReturnType<typeof working>['state']) => standby.roleAt(state);

  test('is ready once the server follows, and active once it reigns', () => {
    expect(roleOf(working(follow).state)).toBe('warming');
    expect(roleOf(standby.step(working(follow).state, does('follow', linked)).state)).toBe('ready');
    const primary = status({ role: 'primary' });
    expect(roleOf(working(promote).state)).toBe('promoting');
    expect(roleOf(standby.step(working(promote).state, does('promote', primary)).state)).toBe('active');
  });

  test('of a primary that another one has replaced is replaced until it follows', () => {
    const primary = status({ role: 'primary' });
    const active = standby.step(working(promote).state, does('promote', primary));
    const told = standby.step(active.state, steer({ ...follow, epoch: 3 }));
    expect(roleOf(told.state)).toBe('replaced');
    const fencedFirst = standby.step(told.state, does('fence', status()));
    const following = standby.step(fencedFirst.state, does('follow', linked));
    expect(roleOf(following.state)).toBe('ready');
  });

  test('is failed after so many misses, and another one after the next answer', () => {
    let { state } = working(follow);
    for (let claim = 1; claim <= settings.failAfter; claim += 1) {
      ({ state } = standby.step(state, fails(claim === 1 ? 'follow' : 'claim', claim)));
      ({ state } = standby.step(state, { timer: 'retryInterval' }));
    }
    expect(roleOf(state)).toBe('failed');
    ({ state } = standby.step(state, does('claim', status(), settings.failAfter + 1)));
    expect(roleOf(state)).toBe('warming');
  });
});
