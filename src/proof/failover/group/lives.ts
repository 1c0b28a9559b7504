/** What happens to servers by themselves: a standby takes what its primary has, a server dies, stands still, and goes on. */

import type { ResourceChange } from '../../../checker.ts';
import { ended } from './clients.ts';
import { unfollowed } from './operations.ts';
import { type Group, isPrefix, type Server, serverOf, withServer } from './state.ts';

type Change = ResourceChange<Group>;

/** Whether a restart takes what a server held: Redis forgets, PostgreSQL does not. */
export const memories = ['forgetful', 'durable'] as const;
export type Memory = (typeof memories)[number];

/** What may happen to servers next. */
export const lifeSteps = (group: Group, memory: Memory): readonly Change[] =>
  Object.entries(group.servers).flatMap(([name, server]): Change[] => {
    const { left } = group;
    const become = (change: Partial<Server>): Group => withServer(group, name, change);
    if (server.life === 'down')
      return reborn(server, memory).map(([what, it]) => ({ name: what, of: name, state: become(it) }));
    const steps: Change[] = copied(group, name);
    if (left.crashes > 0) {
      const spent = { ...group, left: { ...left, crashes: left.crashes - 1 } };
      const dead = withServer(unfollowed(spent, name), name, { life: 'down', isLinked: false, session: null });
      steps.push({ name: 'crashes', of: name, state: ended(dead, name) });
    }
    if (server.life === 'paused') steps.push({ name: 'goes on', of: name, state: become({ life: 'up' }) });
    else if (left.pauses > 0) {
      const spent = { ...group, left: { ...left, pauses: left.pauses - 1 } };
      steps.push({ name: 'stands still', of: name, state: withServer(spent, name, { life: 'paused' }) });
    }
    return steps;
  });

/** What a server may be when it starts again: as it was; or fenced, with what it had some time ago, or with nothing. */
function reborn(server: Server, memory: Memory): readonly (readonly [string, Partial<Server>])[] {
  const alive = { life: 'up', isLinked: false, confirmed: {} } as const;
  if (memory === 'durable') return [['starts again', alive]];
  const waitsFor = { inSync: [], confirmations: 0 };
  const fenced = { ...alive, waitsFor, role: 'fenced', follows: null, incarnation: server.incarnation + 1 } as const;
  const data = server.data.slice(0, -1);
  const history = data.at(-1)?.history ?? '';
  return [
    ['starts again with what it had before', { ...fenced, data, history }],
    ['starts again empty', { ...fenced, data: [], history: '' }],
  ];
}

/** What a standby takes from its primary, and confirms to have: one entry, or all of it if what it holds differs. */
function copied(group: Group, name: string): Change[] {
  const standby = serverOf(group, name);
  if (standby.role !== 'standby' || standby.follows === null) return [];
  const primary = serverOf(group, standby.follows);
  if (primary.role !== 'primary' || primary.life !== 'up' || standby.life !== 'up') return [];
  const { history } = primary;
  if (standby.isLinked) {
    const next = primary.data[standby.data.length];
    if (next === undefined) return [];
    return [{ name: 'copies', of: name, state: taken(group, name, [...standby.data, next], history) }];
  }
  if (isPrefix(standby, primary))
    return [{ name: 'links', of: name, state: taken(group, name, standby.data, history) }];
  const isEmpty = standby.history === '';
  const state = isEmpty
    ? taken(group, name, primary.data, history)
    : withServer(group, name, { data: [], history: '' });
  return [{ name: isEmpty ? 'copies all' : 'gives up what it holds', of: name, state }];
}

function taken(group: Group, name: string, data: Server['data'], history: string): Group {
  const { follows } = serverOf(group, name);
  const now = withServer(group, name, { data, history, isLinked: true });
  if (follows === null) return now;
  const { confirmed } = serverOf(now, follows);
  return withServer(now, follows, { confirmed: { ...confirmed, [name]: data.length } });
}
