/**
 * Managers that do whatever the rules allow, in any order and at any time: what the charts of managers refine. They look at
 * nothing but what was recorded when they were last in office, and go on by that after they were deposed, for as long as their
 * sessions at servers last. So what holds of them holds whatever managers believe, and however slow they are.
 */

import type { Change, Wanted } from '../../../statecharts/failover/group/changes.ts';
import { choiceAmong, type Fenced } from '../../../statecharts/failover/group/choice.ts';
import { changeOf, type decide, hasPrimary, isElecting } from '../../../statecharts/failover/group/decide.ts';
import {
  byServer,
  lastVersion,
  type Member,
  type Standing,
  sortedMembers,
} from '../../../statecharts/failover/group/standing.ts';
import type { ServerOperation } from '../../../statecharts/failover/servers.ts';
import type { ResourceChange } from '../../checker.ts';
import { operate } from './group/operations.ts';
import { recorded } from './group/standing.ts';
import { type Group, isHeldByAll, markOf, type Server, serverOf, statusOf } from './group/state.ts';

/** One of them. */
export interface AnyManager {
  /** Of its last office; 0 before any. */
  readonly term: number;
  /** The standing as it knew it last. */
  readonly seen: Standing;
  /** The numbers of the sessions that it began, by server. */
  readonly sessions: Readonly<Record<string, number>>;
  /** What it has fenced in the epoch. */
  readonly heard: readonly Fenced[];
  /** The history that began when the candidate became primary. */
  readonly history: string | null;
  /** The primary was told a version, and has not said yet that all hold what it did at that moment. */
  readonly awaits: { readonly version: number; readonly offset: number; readonly inSync: readonly string[] } | null;
  /** The version of which it said so. */
  readonly done: number;
}

/** What they do wrong, to be found. */
export interface ManagerMistakes {
  /** A server is operated without asking the register, once it is claimed, who is in office. */
  readonly isUnconfirmed?: true;
  /** Whether the incarnation of a server is not looked at. */
  readonly ignoresIncarnations?: true;
  /** A new set is told to the primary before it is recorded. */
  readonly tellsFirst?: true;
  /** A smaller set is recorded before the primary has said that it holds. */
  readonly isHasty?: true;
  /** Standbys are looked at, and not fenced, before one is chosen. */
  readonly looksOnly?: true;
  readonly choice?: typeof choiceAmong;
  readonly decide?: typeof decide;
}

/** A group, and who steers it. */
export interface Steered {
  readonly group: Group;
  readonly managers: Readonly<Record<string, AnyManager>>;
}

export const newcomer = (seen: Standing): AnyManager => ({
  term: 0,
  seen,
  sessions: {},
  heard: [],
  history: null,
  awaits: null,
  done: 0,
});

type Step = ResourceChange<Steered>;

/** What managers may do next. */
export function managerSteps(steered: Steered, mistakes: ManagerMistakes): readonly Step[] {
  return Object.entries(steered.managers).flatMap(([name, manager]): Step[] => {
    const of = (group: Group, change: Partial<AnyManager>, what: string): Step => ({
      name: what,
      of: name,
      state: { group, managers: { ...steered.managers, [name]: { ...manager, ...change } } },
    });
    return [
      ...takingOffice(steered.group, of, name, mistakes),
      ...(manager.term === 0 ? [] : inOffice(steered.group, manager, name, of, mistakes)),
    ];
  });
}

type Make = (group: Group, change: Partial<AnyManager>, what: string) => Step;

function takingOffice(group: Group, of: Make, node: string, mistakes: ManagerMistakes): Step[] {
  const { left, standing } = group;
  if (left.offices === 0 || standing.manager === node) return [];
  const { term, revision: expected } = standing;
  const change: Change = { type: 'takeOffice', term: term + 1, expected, node };
  const now = recorded({ ...group, left: { ...left, offices: left.offices - 1 } }, change, mistakes.decide);
  return [of(now, { ...newcomer(now.standing), term: term + 1 }, 'takes office')];
}

const inOffice = (group: Group, manager: AnyManager, node: string, of: Make, mistakes: ManagerMistakes): Step[] => [
  ...changes(group, manager, mistakes).flatMap(([wanted, left]): Step[] => {
    const { seen } = manager;
    const change = changeOf({ ...seen, term: manager.term }, wanted);
    const now = recorded({ ...group, left }, change, mistakes.decide);
    if (now.standing === group.standing) return [];
    const isNewEpoch = now.standing.epoch !== seen.epoch;
    const heard = isNewEpoch || wanted.type === 'choose' ? { heard: [], history: null, awaits: null, done: 0 } : {};
    return [of(now, { ...heard, seen: now.standing }, `records '${wanted.type}'`)];
  }),
  ...Object.keys(group.servers).flatMap((server) => steering(group, manager, server, node, of, mistakes)),
  ...answers(group, manager, of),
];

const without = (left: Group['left'], what: 'elections' | 'sizes'): Group['left'] => ({
  ...left,
  [what]: left[what] - 1,
});

/** What it may ask to be recorded, and what is left of budgets then. */
function changes(
  group: Group,
  { seen, heard, history, done, term }: AnyManager,
  { choice = choiceAmong, isHasty, looksOnly }: ManagerMistakes,
): readonly (readonly [Wanted, Group['left']])[] {
  const { left, standing } = group;
  // What it asks is refused anyway once it is deposed.
  if (standing.term !== term) return [];
  const all: [Wanted, Group['left']][] = [];
  const { epoch, phase } = seen;
  if (left.elections > 0 && !isElecting(seen)) {
    all.push([{ type: 'elect', epoch: epoch + 1, reason: 'primary-dead', target: null }, without(left, 'elections')]);
  }
  if (isElecting(seen)) {
    const standbys = Object.keys(group.servers).filter((it) => it !== seen.primary?.server);
    const asked = looksOnly === true ? standbys.map((it) => foundAt(group, it)) : heard;
    const chosen = choice(seen, asked, null);
    if (chosen !== null) all.push([{ type: 'choose', epoch, ...chosen, inSync: [...chosen.inSync] }, left]);
  }
  if (phase === 'promoting' && history !== null) all.push([{ type: 'promoted', epoch, history }, left]);
  if (!hasPrimary(seen) || seen.mode !== 'durable') return all;
  const version = lastVersion(seen) + 1;
  if (left.sizes > 0) {
    for (const members of largerSets(group, seen))
      all.push([{ type: 'grow', epoch, version, members }, without(left, 'sizes')]);
    for (const members of smallerSets(seen))
      all.push([{ type: 'shrink', epoch, version, members }, without(left, 'sizes')]);
  }
  const intended = seen.shrinking?.version;
  if (intended !== undefined && (intended === done || isHasty === true)) {
    all.push([{ type: 'shrunk', epoch, version: intended }, left]);
  }
  return all;
}

const memberAt = (group: Group, server: string): Member => ({
  server,
  incarnation: String(serverOf(group, server).incarnation),
});

const largerSets = (group: Group, { inSync, primary }: Standing): readonly Member[][] =>
  Object.keys(group.servers)
    .filter((it) => it !== primary?.server && inSync.every(({ server }) => server !== it))
    .map((it) => [...sortedMembers([...inSync, memberAt(group, it)])]);

const smallerSets = ({ inSync }: Standing): readonly Member[][] =>
  inSync.map((gone) => inSync.filter((it) => it !== gone));

/** What a manager does with a server next, as far as it knows: an order, and what it has learned once that is carried out. */
interface Order {
  readonly operation: ServerOperation;
  readonly what: string;
  learns?(after: Group): Partial<AnyManager>;
}

/** It orders what a server is not yet; for that it claims the server, and asks who is in office before it goes on. */
function steering(
  group: Group,
  manager: AnyManager,
  name: string,
  node: string,
  of: Make,
  mistakes: ManagerMistakes,
): Step[] {
  const { session } = serverOf(group, name);
  const given = ordersFor(group, manager, name, mistakes);
  if (given.length === 0) return [];
  const actor = `${node}/any-manager/` as const;
  const ask = (operation: ServerOperation, connection: number): Group | undefined => {
    const [step] = operate(group, operation, { actor, id: '', part: name, connection });
    const isDone = step !== undefined && (!('result' in step) || step.result.type === 'done');
    return isDone ? step.state : undefined;
  };
  if (session === null || session.number !== manager.sessions[name]) {
    if (mistakes.isUnconfirmed !== true && group.standing.term !== manager.term) return [];
    const now = ask({ type: 'claim', term: manager.term }, 0);
    if (now === undefined) return [];
    return [of(now, { sessions: { ...manager.sessions, [name]: serverOf(now, name).claims } }, `claims ${name}`)];
  }
  return given.flatMap(({ operation, what, learns }): Step[] => {
    const now = ask(operation, session.number);
    return now === undefined ? [] : [of(now, learns?.(now) ?? {}, `${what} ${name}`)];
  });
}

function ordersFor(group: Group, manager: AnyManager, name: string, mistakes: ManagerMistakes): readonly Order[] {
  const { seen, term } = manager;
  const server = serverOf(group, name);
  const leader = seen.candidate ?? seen.primary;
  if (isElecting(seen)) return fencing(manager, server, name, mistakes);
  if (leader === null) return [];
  if (leader.server !== name) {
    if (!hasPrimary(seen)) return [];
    const { epoch } = seen;
    if (server.role === 'primary') return [{ operation: { type: 'fence', term, epoch }, what: 'deposes' }];
    const follows = server.role === 'standby' && server.follows === leader.server;
    const operation = { type: 'follow', term, epoch, primary: leader.server } as const;
    return follows ? [] : [{ operation, what: `has ${leader.server} followed by` }];
  }
  if (!isSameLife(leader, server, mistakes)) return [];
  return hasPrimary(seen) ? telling(group, manager, server, mistakes) : promoting(manager, server, name);
}

function fencing(
  { seen, term, heard }: AnyManager,
  server: Server,
  name: string,
  mistakes: ManagerMistakes,
): readonly Order[] {
  if (heard.some((it) => it.server === name && isSameLife(it, server, mistakes))) return [];
  const learns = (after: Group): Partial<AnyManager> => {
    const all = [...heard.filter((it) => it.server !== name), foundAt(after, name)];
    return { heard: all.sort(byServer) };
  };
  return [{ operation: { type: 'fence', term, epoch: seen.epoch }, what: 'fences', learns }];
}

function promoting({ seen, term, history }: AnyManager, server: Server, name: string): readonly Order[] {
  if (history !== null) return [];
  const { epoch, version, confirmations } = seen;
  const isReady = server.role === 'fenced' || markOf(server)?.epoch === epoch;
  if (!isReady) return [{ operation: { type: 'fence', term, epoch }, what: 'stops' }];
  const inSync = seen.inSync.map(({ server }) => server);
  const operation = { type: 'promote', term, epoch, version, inSync, confirmations } as const;
  return [{ operation, what: 'promotes', learns: (after) => ({ history: serverOf(after, name).history }) }];
}

/** Tells a primary whose confirmations it is to wait for, as that was recorded. */
function telling(group: Group, manager: AnyManager, server: Server, mistakes: ManagerMistakes): readonly Order[] {
  const { seen, term, awaits, done } = manager;
  const { epoch, confirmations, shrinking } = seen;
  const told = awaits?.version ?? done;
  const tell = (version: number, members: readonly Member[]): readonly Order[] => {
    const isKnown = markOf(server)?.version === version && (shrinking === null || told === version);
    if (isKnown) return [];
    const inSync = members.map((it) => it.server);
    const operation = { type: 'confirmWith', term, epoch, version, inSync, confirmations } as const;
    const learns = (after: Group): Partial<AnyManager> => {
      const primary = seen.primary?.server ?? '';
      return { awaits: { version, offset: serverOf(after, primary).data.length, inSync } };
    };
    return [{ operation, what: `tells ${inSync.join(' and ')} to`, learns }];
  };
  const recorded = tell(shrinking?.version ?? seen.version, shrinking?.members ?? seen.inSync);
  if (mistakes.tellsFirst !== true || shrinking !== null) return recorded;
  return [...recorded, ...largerSets(group, seen).flatMap((members) => tell(lastVersion(seen) + 1, members))];
}

const isSameLife = ({ incarnation }: Member, server: Server, { ignoresIncarnations }: ManagerMistakes): boolean =>
  ignoresIncarnations === true || incarnation === String(server.incarnation);

const foundAt = (group: Group, name: string): Fenced => {
  const { incarnation, position } = statusOf(serverOf(group, name));
  const plan = { priority: 0, isPromotable: true, isWell: true, isHot: true, isApart: true, maxLagBytes: null };
  return { server: name, incarnation, position, ...plan };
};

/** The primary says that all hold what it did when it was told their set. */
function answers(group: Group, manager: AnyManager, of: Make): Step[] {
  const { awaits, seen, sessions } = manager;
  const name = seen.primary?.server;
  if (awaits === null || name === undefined) return [];
  const server = serverOf(group, name);
  if (server.life !== 'up' || server.role !== 'primary' || server.session?.number !== sessions[name]) return [];
  if (!isHeldByAll(server, awaits.inSync, awaits.offset)) return [];
  return [of(group, { awaits: null, done: awaits.version }, `hears that ${name} waits for its set`)];
}
