/** A group as a run of a model finds it. */

import { foundingStanding, type Member, type Standing } from '../../../../statecharts/failover/group/standing.ts';
import { knownOf } from './standing.ts';
import type { Entry, Group, Left, Server } from './state.ts';

export interface StartOptions {
  readonly servers: readonly string[];
  /** How many confirm a write; 0: none, and nothing is promised. */
  readonly confirmations: number;
  /** How many standbys follow, and are not in sync. Default 0. */
  readonly late?: number;
  readonly left: Left;
}

const history = 'h1';
const blank: Server = {
  life: 'up',
  role: 'fenced',
  incarnation: 1,
  history: '',
  data: [],
  follows: null,
  isLinked: false,
  confirmed: {},
  waitsFor: { inSync: [], confirmations: 0 },
  session: null,
  claims: 0,
  obeyed: 0,
};

/** Servers that run, and are not a group yet. */
export function unfounded({ servers, confirmations, left }: StartOptions): Group {
  const mode = confirmations === 0 ? 'pass-through' : 'durable';
  return {
    standing: foundingStanding({ mode, confirmations, maxFlaps: 100 }),
    servers: Object.fromEntries(servers.map((name) => [name, blank])),
    known: [],
    rounds: [],
    acknowledged: [],
    histories: 0,
    left,
    wrong: null,
  };
}

/** A group in its first epoch, whose first server is primary, and all others are in sync. */
export function founded(options: StartOptions): Group {
  const before = unfounded(options);
  const [first = '', ...others] = options.servers;
  const entry: Entry = { history, write: null, mark: { epoch: 1, version: 1 } };
  const member = (server: string): Member => ({ server, incarnation: '1' });
  const { mode, confirmations } = before.standing;
  const inSync = mode === 'durable' ? others.slice(0, others.length - (options.late ?? 0)) : [];
  const standing: Standing = {
    ...before.standing,
    revision: 1,
    phase: 'monitoring',
    reason: 'settled',
    epoch: 1,
    version: 1,
    primary: member(first),
    inSync: inSync.map(member),
    histories: [{ epoch: 1, history, since: 0 }],
  };
  const known = knownOf(standing);
  const waitsFor = { inSync, confirmations };
  const primary: Server = {
    ...blank,
    role: 'primary',
    history,
    data: [entry],
    confirmed: Object.fromEntries(others.map((it) => [it, 1])),
    waitsFor,
  };
  const standby: Server = { ...blank, role: 'standby', history, data: [entry], follows: first, isLinked: true };
  return {
    ...before,
    standing,
    servers: { [first]: primary, ...Object.fromEntries(others.map((it) => [it, standby])) },
    known: known === undefined ? [] : [known],
    histories: 1,
  };
}
