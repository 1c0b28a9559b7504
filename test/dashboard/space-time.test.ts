import { expect, test } from 'vitest';
import type { FeedHead, Shown, ShownActor } from '../../src/dashboard/feed.ts';
import type { ItemOf } from '../../src/dashboard/model/moment.ts';
import { coneOf } from '../../src/dashboard/model/space-time/causes.ts';
import { type SpaceTimeOptions, spaceTimeOf } from '../../src/dashboard/model/space-time.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import type { Address } from '../../statecharts/actor.ts';

const head: FeedHead = {
  type: 'head',
  source: 'simulation',
  title: 't',
  nodes: ['n1', 'n2', 'n3'],
  takesFaults: false,
};
const server = (node: string): Address => `${node}/raft.server/kv`;
const standing = (node: string, role: string): ShownActor => ({
  actor: server(node),
  chart: 'raft.server',
  value: role,
  role,
  context: {},
});

/** Step `id` of a server, which took in a message. */
const step = (atMs: number, node: string, id: string, from: string, cause: string, role = 'follower'): Shown => ({
  type: 'step',
  node,
  atMs,
  id,
  from: server(from),
  cause: { type: cause },
  transitions: [{ id: 't' }],
  effects: [],
  ...standing(node, role),
});
const sent = (atMs: number, from: string, to: string, id: string, type: string, of?: string): ItemOf<'sent'> => ({
  type: 'sent',
  node: from,
  atMs,
  id,
  from: server(from),
  to: server(to),
  message: { type },
  ...(of === undefined ? {} : { step: of }),
});

function timelineOf(items: readonly Shown[]): Timeline {
  const timeline = new Timeline();
  timeline.add([head, ...items]);
  return timeline;
}

/** The diagram of everything, or of what `options` say. */
const diagram = (timeline: Timeline, options: Partial<SpaceTimeOptions> = {}) =>
  spaceTimeOf(timeline, {
    fromMs: 0,
    toMs: 100,
    position: timeline.end,
    hiddenTypes: new Set(),
    text: '',
    most: 1_000,
    ...options,
  });

const exchange: readonly Shown[] = [
  { type: 'actor', node: 'n1', atMs: 0, ...standing('n1', 'candidate') },
  step(10, 'n1', 's1', 'n1', 'electionTimeout', 'candidate'),
  sent(10, 'n1', 'n2', 'm1', 'vote', 's1'),
  sent(10, 'n1', 'n3', 'm2', 'vote', 's1'),
  step(14, 'n2', 's2', 'n1', 'vote'),
  sent(15, 'n2', 'n1', 'm3', 'voteReply', 's2'),
  {
    type: 'lost',
    node: 'n1',
    atMs: 16,
    sent: 'm2',
    from: server('n1'),
    to: server('n3'),
    message: { type: 'vote' },
    reason: 'cut',
  },
  step(20, 'n1', 's3', 'n2', 'voteReply', 'leader'),
  sent(20, 'n1', 'n2', 'm4', 'append', 's3'),
];

test('a message is an arrow to where it was taken in, or ends lost, or is under way', () => {
  const { arrows, lanes } = diagram(timelineOf(exchange));
  expect(lanes).toEqual(['n1', 'n2', 'n3']);
  expect(
    arrows.map(({ sent: { id }, fate, fromMs, toMs, fromLane, toLane }) => [id, fate, fromMs, toMs, fromLane, toLane]),
  ).toEqual([
    ['m1', 'arrived', 10, 14, 0, 1],
    ['m2', 'lost', 10, undefined, 0, 2],
    ['m3', 'arrived', 15, 20, 1, 0],
    ['m4', 'open', 20, undefined, 0, 1],
  ]);
});

test('a message to a service arrives though no step tells of it', () => {
  const request = { ...sent(24, 'n1', 'n2', 'm5', 'request'), to: 'n2/store/' as Address };
  const timeline = timelineOf([
    ...exchange,
    request,
    { type: 'arrived', node: 'n2', atMs: 27, sent: 'm5', to: 'n2/store/' },
  ]);
  const fateAt = (position: number) =>
    diagram(timeline, { position }).arrows.find(({ sent: { id } }) => id === 'm5') ?? expect.fail();
  expect(fateAt(timeline.end)).toMatchObject({ fate: 'arrived', fromMs: 24, toMs: 27 });
  expect(fateAt(timeline.end - 1)).toMatchObject({ fate: 'open' });
});

test('a message is lost whose node is down, or goes down before it takes it in', () => {
  const timeline = timelineOf([
    sent(10, 'n1', 'n2', 'arrives', 'append'),
    step(12, 'n2', 's1', 'n1', 'append'),
    sent(20, 'n1', 'n2', 'before', 'append'),
    { type: 'down', node: 'n2', atMs: 22, reason: 'killed' },
    sent(30, 'n1', 'n2', 'meanwhile', 'append'),
    sent(30, 'n1', 'n3', 'elsewhere', 'append'),
    { type: 'up', node: 'n2', atMs: 40 },
    sent(50, 'n1', 'n2', 'after', 'append'),
  ]);
  const fates = ({ arrows }: ReturnType<typeof diagram>) => arrows.map(({ sent: { id }, fate }) => `${id} ${fate}`);
  expect(fates(diagram(timeline))).toEqual([
    'arrives arrived',
    'before lost',
    'meanwhile lost',
    'elsewhere open',
    'after open',
  ]);
  expect(fates(diagram(timeline, { fromMs: 28, toMs: 35 }))).toEqual(['meanwhile lost', 'elsewhere open']);
});

test('a message is not under way for ever where so much happened that its arrival was counted, and not told', () => {
  const timeline = timelineOf([
    sent(10, 'n1', 'n2', 'm1', 'append'),
    { type: 'summary', node: 'n2', atMs: 60, counts: { undelivered: 3 }, reason: 'not connected' },
    sent(70, 'n1', 'n2', 'm2', 'append'),
    { type: 'summary', node: 'n2', atMs: 80, counts: { step: 40 }, reason: 'busy' },
    sent(90, 'n1', 'n2', 'm3', 'append'),
  ]);
  const fatesAt = (position: number) => diagram(timeline, { position }).arrows.map(({ fate }) => fate);
  expect(fatesAt(2)).toEqual(['open']);
  expect(fatesAt(timeline.end)).toEqual(['untold', 'untold', 'open']);
});

test('what comes after the position that is looked at has not happened', () => {
  const timeline = timelineOf(exchange);
  const { arrows } = diagram(timeline, { position: 3 });
  expect(arrows.map(({ sent: { id }, fate }) => [id, fate])).toEqual([['m1', 'open']]);
});

test('a message that left before the window and arrives within it is seen', () => {
  const { arrows } = diagram(timelineOf(exchange), { fromMs: 12, toMs: 18 });
  expect(arrows.map(({ sent: { id } }) => id)).toEqual(['m1', 'm3']);
});

test('types that are hidden are told, and not shown; a text or a chart leaves the rest out', () => {
  const timeline = timelineOf(exchange);
  const hidden = diagram(timeline, { hiddenTypes: new Set(['vote']) });
  expect(hidden.types).toEqual(['vote', 'append', 'voteReply']);
  expect(hidden.arrows.map(({ sent: { id } }) => id)).toEqual(['m3', 'm4']);
  expect(hidden.points.map(({ item: { atMs } }) => atMs)).toEqual([10, 20]);
  expect(diagram(timeline, { text: 'VOTEREPLY' }).arrows.map(({ sent: { id } }) => id)).toEqual(['m3']);
  expect(diagram(timeline, { chart: 'paxos.server' }).arrows).toEqual([]);
});

test('a role leaves what other nodes and actors do out, by the role that each has at that moment', () => {
  const timeline = timelineOf([
    ...exchange,
    { ...sent(24, 'n1', 'n2', 'm5', 'answer'), from: 'n1/store/', to: 'n2/client/' },
    sent(30, 'n2', 'n3', 'm6', 'vote'),
  ]);
  const shown = (role: string) => {
    const { arrows, points } = diagram(timeline, { role });
    return [arrows.map(({ sent: { id } }) => id), points.map(({ atMs }) => atMs)];
  };
  expect(diagram(timeline).roles).toEqual(['candidate', 'follower', 'leader']);
  // The reply that makes a candidate the leader is taken in by both; what the store of the leader says is said by the leader's node.
  expect(shown('candidate')).toEqual([
    ['m1', 'm2', 'm3'],
    [10, 16, 20],
  ]);
  expect(shown('leader')).toEqual([['m3', 'm4', 'm5'], [20]]);
  expect(shown('follower')).toEqual([['m1', 'm3', 'm4', 'm5', 'm6'], [14]]);
  expect(shown('pre-candidate')).toEqual([[], []]);
});

test('a message that is taken in later than is looked at is not yet of the role that takes it in', () => {
  const timeline = timelineOf([...exchange, step(30, 'n2', 's4', 'n1', 'append', 'candidate')]);
  const before = diagram(timeline, { role: 'candidate', position: timeline.end - 1 });
  expect(before.arrows.map(({ sent: { id } }) => id)).toEqual(['m1', 'm2', 'm3']);
  expect(diagram(timeline, { role: 'candidate' }).arrows.map(({ sent: { id } }) => id)).toContain('m4');
});

test('a node that is down has no role, and another one when it is up again', () => {
  const timeline = timelineOf([
    ...exchange,
    { type: 'down', node: 'n1', atMs: 30, reason: 'killed' },
    sent(35, 'n2', 'n1', 'm5', 'append'),
    { type: 'up', node: 'n1', atMs: 40 },
    { type: 'actor', node: 'n1', atMs: 40, ...standing('n1', 'follower') },
    sent(45, 'n1', 'n3', 'm6', 'append'),
  ]);
  const later = (role: string) =>
    diagram(timeline, { role, fromMs: 31 }).arrows.flatMap(({ sent: { id, atMs } }) => (atMs > 30 ? [id] : []));
  expect(later('leader')).toEqual([]);
  expect(later('follower')).toEqual(['m5', 'm6']);
});

test('a text leaves out the operations of clients that have it not, and neither roles nor faults', () => {
  const begun = (id: string, text: string): Shown => ({
    ...{ type: 'operation', node: 'n1', atMs: 30, id, phase: 'began', client: 'c1', text },
  });
  const timeline = timelineOf([
    ...exchange,
    begun('o1', 'put k1'),
    begun('o2', 'put k2'),
    { type: 'fault', node: 'n2', atMs: 35, id: 'f1', isActive: true, text: 'cut', nodes: ['n2'], byHand: true },
  ]);
  const { spans } = diagram(timeline, { text: 'K2' });
  expect(spans.flatMap(({ kind, text }) => (kind === 'role' ? [] : [text]))).toEqual(['put k2', 'cut']);
  expect(spans.filter(({ kind }) => kind === 'role')).not.toEqual([]);
});

test('roles last until they change, and so do outages, operations and faults', () => {
  const { spans, lanes } = diagram(
    timelineOf([
      ...exchange,
      { type: 'operation', node: 'n1', atMs: 30, id: 'o1', phase: 'began', client: 'c1', text: 'put k' },
      { type: 'fault', node: 'n2', atMs: 35, id: 'f1', isActive: true, text: 'cut', nodes: ['n2'], byHand: true },
      { type: 'operation', node: 'n1', atMs: 40, id: 'o1', phase: 'ended', client: 'c1', text: 'ok' },
      { type: 'down', node: 'n1', atMs: 50, reason: 'killed' },
      { type: 'fault', node: 'n2', atMs: 55, id: 'f1', isActive: false, text: 'cut', nodes: ['n2'], byHand: true },
      { type: 'up', node: 'n1', atMs: 60 },
      { type: 'actor', node: 'n1', atMs: 60, ...standing('n1', 'follower') },
    ]),
  );
  const named = spans.map(({ lane, fromMs, toMs, text }) => `${lanes[lane]} ${fromMs}-${toMs} ${text}`);
  expect(named).toEqual([
    'n1 0-20 candidate',
    'c1 30-40 put k: ok',
    'n1 20-50 leader',
    'faults 35-55 cut',
    'n1 50-60 down',
    'n2 14-60 follower',
    'n1 60-60 follower',
  ]);
});

test('what lasted already when the window began is seen from its beginning on', () => {
  const { spans } = diagram(timelineOf(exchange), { fromMs: 16, toMs: 18 });
  expect(spans.map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toContainEqual([16, 18, 'candidate']);
});

test('a paused node has its role again when it goes on', () => {
  const { spans } = diagram(
    timelineOf([
      ...exchange,
      { type: 'paused', node: 'n1', atMs: 30 },
      { type: 'resumed', node: 'n1', atMs: 50 },
      { type: 'flushed', node: 'n1', atMs: 60, actor: server('n1') },
    ]),
  );
  const mine = spans.filter(({ lane }) => lane === 0).map(({ fromMs, toMs, text }) => [fromMs, toMs, text]);
  expect(mine.slice(1)).toEqual([
    [20, 30, 'leader'],
    [30, 50, 'paused'],
    [50, 60, 'leader'],
  ]);
});

test('there are never more arrows, points and spans than may be, and it is told how many are left out', () => {
  const many = Array.from({ length: 50 }, (_, at) => sent(at, 'n1', 'n2', `m${at}`, 'append'));
  const { arrows, omitted } = diagram(timelineOf(many), { most: 20 });
  expect(arrows).toHaveLength(20);
  expect(arrows.at(-1)?.sent.id).toBe('m49');
  expect(omitted).toBe(30);
});

test('more clients than lanes share one', () => {
  const clients = Array.from(
    { length: 12 },
    (_, at): Shown => ({
      type: 'operation',
      node: 'n1',
      atMs: at,
      id: `o${at}`,
      phase: 'began',
      client: `c${at}`,
      text: 'get',
    }),
  );
  const { lanes } = diagram(timelineOf(clients));
  expect(lanes).toHaveLength(3 + 9);
  expect(lanes.slice(3, 5)).toEqual(['c0', 'c1']);
  expect(lanes.at(-1)).toBe('other clients');
});

test('the causes and effects of a message are those that happened before and after it on account of each other', () => {
  const timeline = timelineOf(exchange);
  const ofReply = coneOf(timeline, 'm3', 0, timeline.end);
  expect([...ofReply.causes]).toEqual(['m1']);
  expect([...ofReply.effects]).toEqual(['m4']);
  const ofFirst = coneOf(timeline, 'm1', 0, timeline.end);
  expect([...ofFirst.causes]).toEqual([]);
  expect([...ofFirst.effects]).toEqual(['m3', 'm4']);
  expect([...coneOf(timeline, 'm2', 0, timeline.end).effects]).toEqual([]);
});
