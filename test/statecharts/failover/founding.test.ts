/** The first primary of a group: who it is, in which epoch, and what keeps a group from having one. */

import { describe, expect, test } from 'vitest';
import { managerView } from '../../../statecharts/failover/manager/view.ts';
import {
  failoverManager,
  type GivenGroupPlan,
  groupPlan,
  isLater,
  managerContext,
  type ServerStatus,
  type Topology,
} from '../../../statecharts/failover.ts';

const self = 'm1/failover.manager/g';
const servers = [{ server: 'a' }, { server: 'b', priority: 1 }, { server: 'c' }];
const status = (change: Partial<ServerStatus> = {}): ServerStatus => ({
  role: 'fenced',
  incarnation: '1',
  position: { history: '', offset: 0 },
  follows: null,
  isLinked: false,
  mark: null,
  confirmed: {},
  ...change,
});
const at = (offset: number, epoch = 0, history = 'h'): Partial<ServerStatus> => ({
  position: { history, offset },
  mark: epoch === 0 ? null : { epoch, version: 1 },
});

/** What a manager in office does once it has seen these, the others being silent. */
function found(seen: Readonly<Record<string, Partial<ServerStatus>>>, plan: Partial<GivenGroupPlan> = {}) {
  const born = managerContext({ self, input: { plan: groupPlan({ group: 'g', mode: 'durable', servers, ...plan }) } });
  const standing = { ...born.standing, term: 1, manager: 'm1', revision: 1 };
  let state = failoverManager.at({ office: { recording: 'waiting', phase: 'founding' } }, { ...born, standing });
  const recorded: unknown[] = [];
  for (const [server, change] of Object.entries(seen)) {
    const step = failoverManager.step(state, { type: 'stands', server, term: 1, status: status(change), done: null });
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type === 'send' && 'change' in effect.message) recorded.push(effect.message.change);
    }
  }
  return { recorded, obstacle: managerView(state.snapshot).obstacle };
}
const chosen = (server: string, epoch = 1) => ({
  recorded: [expect.objectContaining({ type: 'choose', epoch, candidate: { server, incarnation: '1' } })],
  obstacle: null,
});
const waits = (why: string, ...names: readonly string[]) => ({ recorded: [], obstacle: { why, servers: names } });

describe('the first primary', () => {
  test.each<[string, Parameters<typeof found>, ReturnType<typeof chosen>]>([
    ['the first by priority of empty ones', [{ a: {}, b: {}, c: {} }], chosen('b')],
    ['the one that is primary', [{ a: {}, b: {}, c: { role: 'primary' } }], chosen('c')],
    ['the one whose data reach farthest', [{ a: at(9), b: at(7), c: at(8) }], chosen('a')],
    ['the one with data that have no position', [{ a: {}, b: {}, c: { holdsData: true } }], chosen('c')],
    ['the one that is named', [{ a: {}, b: {}, c: {} }, { primary: 'c' }], chosen('c')],
  ])('is %s', (_what, [seen, plan], expected) => {
    expect(found(seen, plan)).toEqual(expected);
  });

  test('may never be one that may not be primary', () => {
    const plan = { servers: [{ server: 'a' }, { server: 'b', isPromotable: false }, { server: 'c' }] };
    expect(found({ a: {}, b: { role: 'primary' }, c: {} }, plan)).toEqual(chosen('a'));
  });
});

describe('a group is not founded', () => {
  test.each<[string, Parameters<typeof found>, ReturnType<typeof waits>]>([
    ['before all are seen', [{ a: {}, c: {} }], waits('not-seen', 'b')],
    ['before all are seen, though one is named', [{ a: {}, c: {} }, { primary: 'a' }], waits('not-seen', 'b')],
    [
      'with two primaries',
      [{ a: { role: 'primary' }, b: {}, c: { role: 'primary' } }],
      waits('several-primaries', 'a', 'c'),
    ],
    ['with data that cannot be compared', [{ a: at(9), b: {}, c: at(9, 0, 'x') }], waits('apart', 'a', 'c')],
    [
      'over data that the one that is named does not hold',
      [{ a: at(9), b: {}, c: { holdsData: true } }, { primary: 'b' }],
      waits('would-discard', 'a', 'c'),
    ],
    ['over data that reach farther', [{ a: at(9), b: at(8), c: {} }, { primary: 'b' }], waits('would-discard', 'a')],
    [
      'by a primary of an earlier epoch than another server knows',
      [{ a: { ...at(99, 3), role: 'primary' }, b: at(5, 4), c: {} }],
      waits('would-discard', 'b'),
    ],
  ])('%s', (_what, [seen, plan], expected) => {
    expect(found(seen, plan)).toEqual(expected);
  });

  test('over any data but by word of the configuration, which names whose data stay', () => {
    const seen = { a: at(9), b: at(3, 0, 'x'), c: { holdsData: true } };
    expect(found(seen, { primary: 'b', discardOthers: true })).toEqual(chosen('b'));
    expect(() => groupPlan({ group: 'g', mode: 'durable', servers, discardOthers: true })).toThrow(
      expect.objectContaining({ code: 'FAILOVER_CONFIG' }),
    );
  });
});

describe('a group whose register has lost its standing', () => {
  test('is founded above every epoch that one of its servers knows', () => {
    expect(found({ a: { ...at(9, 7), role: 'primary' }, b: at(9, 7), c: at(4, 6) })).toEqual(chosen('a', 8));
    expect(found({ a: at(3, 2), b: at(4, 2), c: at(9, 7) }, { primary: 'a', discardOthers: true })).toEqual(
      chosen('a', 8),
    );
  });

  test('is followed by those who knew it before, though its revisions begin anew', () => {
    const topology = (epoch: number, revision: number, group = 'g'): Topology => ({
      group,
      revision,
      mark: epoch === 0 ? null : { epoch, version: 1 },
      mode: 'durable',
      confirmations: 1,
      primary: null,
      inSync: [],
      standbys: [],
    });
    expect(isLater(topology(7, 90), topology(8, 2))).toBe(true);
    expect(isLater(topology(7, 90), topology(0, 91))).toBe(false);
    expect(isLater(topology(7, 90), topology(6, 99))).toBe(false);
    expect(isLater(topology(7, 90), topology(7, 91))).toBe(true);
    expect(isLater(topology(7, 90), topology(8, 91, 'other'))).toBe(false);
  });
});
