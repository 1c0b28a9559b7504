/**
 * Broken twins of failover: each breaks one rule, as real systems have, and says how it is to be found out. That one suspicion
 * does not suffice to begin an election is shown with the detectors: here elections begin at any time, without any reason, and
 * what follows of a needless one is that a primary is replaced, and nothing worse.
 */

import { send } from '../../../statecharts/actor.ts';
import { choiceAmong, type Fenced } from '../../../statecharts/failover/group/choice.ts';
import { decide } from '../../../statecharts/failover/group/decide.ts';
import type { Standing } from '../../../statecharts/failover/group/standing.ts';
import { orders } from '../../../statecharts/failover/manager/orders.ts';
import { fencedIn } from '../../../statecharts/failover/manager/rules/electing.ts';
import { want } from '../../../statecharts/failover/manager/rules/office.ts';
import { managerRules, standbyRules } from '../../../statecharts/failover.ts';
import type { Twin } from '../protocol.ts';
import type { GivenFailoverBounds } from './bounds.ts';
import type { BrokenFailover } from './model.ts';
import type { BrokenCharts } from './scenario/machine.ts';

export type FailoverTwin = Twin<GivenFailoverBounds, BrokenFailover>;

type Choose = typeof choiceAmong;

const lost = 'what was acknowledged is in every later primary';

/** As if each server were the incarnation that was in sync. */
const anyIncarnation: Choose = (standing, fenced, last) => {
  const knownAs = ({ server }: Fenced): string | undefined =>
    standing.inSync.find((it) => it.server === server)?.incarnation;
  const chosen = choiceAmong(
    standing,
    fenced.map((it) => ({ ...it, incarnation: knownAs(it) ?? it.incarnation })),
    last,
  );
  const found = fenced.find(({ server }) => server === chosen?.candidate.server);
  return chosen === null || found === undefined
    ? chosen
    : { ...chosen, candidate: { server: found.server, incarnation: found.incarnation } };
};

/** As if all reached as far as the first. */
const anyPosition: Choose = (standing, fenced, last) => {
  const [first] = fenced;
  return choiceAmong(
    standing,
    first === undefined ? [] : fenced.map((it) => ({ ...it, position: first.position })),
    last,
  );
};

const wholeSet: Choose = (standing, fenced, last) => {
  const chosen = choiceAmong(standing, fenced, last);
  if (chosen === null) return null;
  return { ...chosen, inSync: standing.inSync.filter(({ server }) => server !== chosen.candidate.server) };
};

const fromTheStart = (standing: Standing): Standing => ({
  ...standing,
  histories: standing.histories.map((it) => ({ ...it, since: 0 })),
});

/** As if one that was fenced were enough. */
const anyOne: Choose = (standing, fenced, last) =>
  choiceAmong(
    { ...standing, inSync: standing.inSync.filter(({ server }) => fenced.some((it) => it.server === server)) },
    fenced,
    last,
  );

/** An epoch is known to the manager that began it alone, and gone with it. */
const epochNotRecorded: typeof decide = (standing, change) => {
  const next = decide(standing, change);
  if (change.type !== 'takeOffice' || next === standing || standing.phase !== 'fencing') return next;
  return { ...next, epoch: standing.epoch - 1, phase: 'monitoring' };
};

/** The chart chooses whichever standby it has seen first. */
const anySeen: BrokenCharts = {
  manager: {
    hasHeardAll: ({ standing }) => standing.phase === 'fencing',
    choose(context) {
      const { primary, epoch } = context.standing;
      const found = context.sights.find(({ server, seen }) => server !== primary?.server && seen !== null);
      if (found?.seen === undefined || found.seen === null) return {};
      const { incarnation, position } = found.seen;
      const candidate = { server: found.server, incarnation };
      return want(context, { type: 'choose', epoch, candidate, offset: position.offset, inSync: [], loss: null });
    },
  },
};

/** The chart chooses, of those that were fenced, the one that holds least. */
const leastFenced: BrokenCharts = {
  manager: {
    choose(context) {
      const [least] = [...fencedIn(context)].sort((one, other) => one.position.offset - other.position.offset);
      if (least === undefined) return {};
      const { server, incarnation, position } = least;
      const candidate = { server, incarnation };
      const { epoch } = context.standing;
      return want(context, { type: 'choose', epoch, candidate, offset: position.offset, inSync: [], loss: null });
    },
  },
};

/** A manager and the standbys of its machine answer each other for ever. */
const answersAnswers: BrokenCharts = {
  manager: {
    see(context, report) {
      const seen = managerRules.see(context, report);
      return { ...seen, effects: orders({ ...context, ...seen.context }) };
    },
  },
  standby: {
    obey(context, order) {
      const { manager, server, status, done } = context;
      const { term } = order;
      const obeyed = standbyRules.obey(context, order);
      return status === null
        ? obeyed
        : { ...obeyed, effects: [send(manager, { type: 'stands', server, term, status, done })] };
    },
  },
};

export const failoverTwins: readonly FailoverTwin[] = [
  {
    name: 'a manager orders anew at each report, and a standby reports at each order',
    rule: 'an order that is not new asks for nothing',
    broken: { charts: answersAnswers },
    simulator: { isEndless: true },
  },
  {
    name: 'a primary is chosen before others are fenced',
    rule: 'Paxos 1b',
    broken: { managers: { looksOnly: true }, charts: anySeen },
    checker: { bounds: {}, violates: lost },
    simulator: {},
  },
  {
    name: 'a primary is chosen among too few',
    rule: 'Paxos 2a: of the farthest',
    broken: { managers: { choice: anyOne } },
    checker: { bounds: {}, violates: lost },
  },
  {
    name: 'how far data reach is ignored when a primary is chosen',
    rule: 'Paxos 2a: of the farthest',
    broken: { managers: { choice: anyPosition }, charts: leastFenced },
    checker: { bounds: {}, violates: lost },
    simulator: {},
  },
  {
    name: 'the epoch of an election is not recorded',
    rule: 'Paxos 1a: a greater epoch',
    broken: { managers: { decide: epochNotRecorded } },
    checker: {
      bounds: { servers: 2, managers: 2, offices: 2, writes: 0 },
      violates: 'nothing goes back: terms, epochs, and the managers that servers obey',
    },
  },
  {
    name: 'a server that has restarted counts as if it had forgotten nothing',
    rule: 'members are incarnations',
    broken: { managers: { choice: anyIncarnation } },
    checker: { bounds: { crashes: 1 }, violates: lost },
  },
  {
    name: 'the name of a history is taken for its data',
    rule: 'a position before the beginning of its history reaches nowhere',
    broken: { managers: { choice: (standing, fenced, last) => choiceAmong(fromTheStart(standing), fenced, last) } },
    checker: { bounds: { elections: 2 }, violates: lost },
  },
  {
    name: 'the in-sync set of an epoch is taken over whole',
    rule: 'Vertical Paxos §4: activation',
    broken: { managers: { choice: wholeSet } },
    checker: { bounds: { elections: 2 }, violates: lost },
  },
  {
    name: 'the in-sync set is shrunk before the primary has said that it holds everything',
    rule: 'KIP-966',
    broken: { managers: { isHasty: true } },
    checker: { bounds: { sizes: 1 }, violates: lost },
  },
  {
    name: 'a larger in-sync set is told to the primary before it is recorded',
    rule: 'KIP-966',
    broken: { managers: { tellsFirst: true } },
    checker: { bounds: { late: 1, keeper: 'servers' }, violates: lost },
  },
  {
    name: 'a server is operated without asking who is in office once it is claimed',
    rule: 'a claim, then the register, then the operation',
    broken: { managers: { isUnconfirmed: true } },
    checker: {
      bounds: { servers: 2, managers: 2, offices: 2, writes: 0, crashes: 1, memory: 'durable' },
      violates: 'nothing goes back: terms, epochs, and the managers that servers obey',
    },
  },
  {
    name: 'a proxy that knows an outdated standing confirms by it',
    rule: 'the mark is the one that is known',
    broken: { clients: { ignoresMarks: true } },
    checker: { bounds: { sizes: 1 }, violates: lost },
  },
  {
    name: 'a read is answered on confirmations from before it was asked',
    rule: 'a round is confirmed by what it wrote',
    broken: { clients: { isStale: true } },
    checker: { bounds: { writes: 2 }, violates: 'no reply is older than one before it' },
  },
];
