import { expect, test } from 'vitest';
import { type RouteContext, route, type Topology } from '../../../statecharts/failover.ts';

const r1 = { server: 'r1', host: '10.0.0.1', port: 6379 };
const r2 = { server: 'r2', host: '10.0.0.2', port: 6379 };

const standing = (change: Partial<Topology> = {}): Topology => ({
  group: 'orders',
  revision: 7,
  mark: { epoch: 2, version: 3 },
  mode: 'durable',
  confirmations: 1,
  primary: r1,
  inSync: ['r2'],
  standbys: [{ ...r2, lagBytes: 0 }],
  ...change,
});
const led: RouteContext = { known: standing(), via: { ...r1, epoch: 2 }, cuts: 4, unheardAfterMs: 9_000 };
const told = (topology: Topology) => ({ type: 'topology', topology }) as const;
const done = (id: string) => ({ type: 'performed', id, result: { type: 'done', value: null } }) as const;
const delivered = (output: object) => ({ type: 'deliver', output });
const at = (way: 'routeless' | 'routed' | 'cutting', context: RouteContext, news: 'heard' | 'unheard' = 'heard') =>
  route.at({ way, news }, context);

test('a route begins without one, and leads to the first primary that it hears of', () => {
  const born = route.start(undefined, { self: 'p1/failover.route/orders', input: { unheardAfterMs: 9_000 } });
  expect(born.effects).toEqual([delivered({ type: 'routeless' })]);
  const { effects, snapshot } = route.step(at('routeless', born.state.snapshot.context), told(standing()));
  expect(effects).toEqual([
    delivered({ type: 'known', topology: standing() }),
    delivered({ type: 'routed', topology: standing() }),
  ]);
  expect(snapshot.value).toEqual({ way: 'routed', news: 'heard' });
  expect(snapshot.context.via).toEqual({ ...r1, epoch: 2 });
});

test.each([
  ['another server is primary', { primary: r2, mark: { epoch: 3, version: 1 } }],
  ['the same server is primary of another epoch', { mark: { epoch: 3, version: 1 } }],
  ['the primary is reached elsewhere', { primary: { ...r1, port: 6380 } }],
  ['there is no primary any more', { primary: null }],
])('connections are cut as soon as %s, before any other way opens', (_when, change) => {
  const next = standing({ revision: 8, ...change });
  const { effects, snapshot, rules } = route.step(at('routed', led), told(next));
  expect(effects).toEqual([
    delivered({ type: 'known', topology: next }),
    {
      type: 'perform',
      id: 'cut-5',
      resource: 'connections',
      operation: { type: 'cut', server: 'r1' },
      deadlineMs: 5_000,
    },
  ]);
  expect(snapshot.value).toEqual({ way: 'cutting', news: 'heard' });
  expect(rules).toEqual(['connections belong to one primary in one epoch']);
});

test('once all are cut the way leads to the primary that is known by then', () => {
  const cutting = { ...led, cuts: 5, known: standing({ revision: 8, primary: null }) };
  const later = standing({ revision: 9, primary: r2, mark: { epoch: 3, version: 1 } });
  const heard = route.step(at('cutting', cutting), told(later));
  expect(heard.effects).toEqual([delivered({ type: 'known', topology: later })]);
  const { effects, snapshot } = route.step(heard.state, done('cut-5'));
  expect(effects).toEqual([delivered({ type: 'routed', topology: later })]);
  expect(snapshot.context.via).toEqual({ ...r2, epoch: 3 });
});

test('once all are cut and there is no primary there is no way', () => {
  const cutting = { ...led, cuts: 5, known: standing({ revision: 8, primary: null }) };
  const { effects, snapshot } = route.step(at('cutting', cutting), done('cut-5'));
  expect(effects).toEqual([delivered({ type: 'routeless' })]);
  expect(snapshot.context.via).toBeNull();
});

test('a cut that is not known to be done is asked for again, and the end of an earlier one opens nothing', () => {
  const cutting = at('cutting', { ...led, cuts: 5 });
  expect(route.step(cutting, done('cut-4')).effects).toEqual([]);
  const again = route.step(cutting, { type: 'performed', id: 'cut-5', result: { type: 'unknown', error: 'late' } });
  expect(again.effects).toEqual([expect.objectContaining({ type: 'perform', id: 'cut-6' })]);
});

test('another in-sync set of the same primary cuts nothing', () => {
  const next = standing({ revision: 8, mark: { epoch: 2, version: 4 }, inSync: ['r2', 'r3'] });
  const { effects, snapshot } = route.step(at('routed', led), told(next));
  expect(effects).toEqual([delivered({ type: 'known', topology: next })]);
  expect(snapshot.value).toEqual({ way: 'routed', news: 'heard' });
});

test('earlier news, and news of another group, change nothing, however they come', () => {
  for (const state of [at('routed', led), at('cutting', { ...led, cuts: 5 }), at('routeless', { ...led, via: null })]) {
    for (const topology of [standing({ revision: 6, primary: r2 }), standing({ revision: 9, group: 'sales' })]) {
      const { effects, snapshot } = route.step(state, told(topology));
      expect(effects).toEqual([]);
      expect(snapshot.context.known).toEqual(standing());
    }
  }
});

test('how far standbys are behind is taken of the same standing, too, and nothing else of it', () => {
  const next = standing({ primary: r2, standbys: [{ ...r2, lagBytes: 512 }] });
  const { effects } = route.step(at('routed', led), told(next));
  expect(effects).toEqual([delivered({ type: 'known', topology: standing({ standbys: [{ ...r2, lagBytes: 512 }] }) })]);
});

test('a route that hears no news for too long says so, and says when it hears some again', () => {
  const silent = route.step(at('routed', led), { timer: 'newsTimeout' });
  expect(silent.effects).toEqual([delivered({ type: 'unheard', forMs: 9_000 })]);
  expect(silent.snapshot.value).toEqual({ way: 'routed', news: 'unheard' });
  expect(route.step(silent.state, told(standing({ revision: 6 }))).effects).toEqual([]);
  expect(route.step(silent.state, told(standing())).effects).toContainEqual(delivered({ type: 'heard' }));
});

test('news that say nothing new are news: the time without any begins anew', () => {
  const armed = (topology: Topology) =>
    route
      .step(at('routed', led), told(topology))
      .timers.filter((change) => change.armed)
      .map(({ timer }) => timer.delay);
  expect(armed(standing())).toEqual(['newsTimeout']);
  expect(armed(standing({ revision: 6 }))).toEqual([]);
});
