/**
 * What must always hold of Multi-Paxos servers (Paxos Made Simple §2), and what must be reachable, or else nothing has been
 * checked.
 */

import * as v from 'valibot';
import type { Address, AnyActor, Tagged } from '../../../statecharts/actor.ts';
import { choosingQuorum } from '../../../statecharts/paxos/log/configuration.ts';
import type { Remembered } from '../../../statecharts/paxos/log/context.ts';
import { records } from '../../../statecharts/paxos/log/messages.ts';
import { type PaxosRequest, type PaxosServerContext, paxosServer, Slots } from '../../../statecharts/paxos.ts';
import type { ActorView, ModelActor, Predicates, SystemState } from '../../checker.ts';
import { isKept, ofAnyTwo } from '../claim.ts';
import { oncePer } from '../once-per.ts';
import type { PaxosBounds } from './bounds.ts';
import {
  acceptedAtQuorum,
  acceptsOwnProposals,
  chosenStays,
  holdsChosen,
  leadsAtOwnBallot,
  oneValuePerBallot,
  rememberedPromise,
  type Votes,
} from './claims.ts';
import { ballotIn, type PaxosHistory } from './model-history.ts';

export type PaxosState = SystemState<PaxosHistory>;
export type PaxosModelServer = ModelActor<typeof paxosServer.chart, PaxosRequest>;
type PaxosView = ActorView<typeof paxosServer.chart>;

/** What is said only by those who have promised the ballot. */
const speaksAtBallot: ReadonlySet<string> = new Set(['prepare', 'promise', 'accept', 'accepted']);

/** The safety properties of a cluster of `servers`. */
export function paxosProperties(servers: readonly PaxosModelServer[]): Predicates<PaxosHistory> {
  const viewsIn = (state: PaxosState): PaxosView[] => servers.map((server) => state.of(server));
  const leadersIn = (state: PaxosState): { address: Address; context: PaxosServerContext }[] =>
    viewsIn(state).flatMap(({ address, role, snapshot }) =>
      role === 'leader' && snapshot !== undefined ? [{ address, context: snapshot.context }] : [],
    );
  return {
    agreement: ({ history }) => history.disagreements.length === 0,
    'outputs proposed and in order, reads linearizable': ({ history }) => history.problems.length === 0,
    'what is chosen stays chosen': (state) =>
      leadersIn(state).every(({ address, context }) =>
        state.history.chosen.every((choice) => isKept(chosenStays(address, context, choice))),
      ),
    'what is chosen is durable at a quorum, at one ballot': (state) => {
      const votes = viewsIn(state).map(votesOf);
      return state.history.chosen.every((choice) => {
        const decides = state.history.configurations.find(({ index }) => index === choice.configurationIndex);
        // The first stop-sign is chosen by those who start the servers.
        return decides === undefined || isKept(acceptedAtQuorum(choice, choosingQuorum(decides), votes));
      });
    },
    'one value per ballot': (state) =>
      isKept(
        ofAnyTwo(
          contextsIn(state, servers).map(({ slots }) => slots),
          oneValuePerBallot,
        ),
      ),
    'a leader leads at its own ballot, and accepts what it proposes': (state) =>
      leadersIn(state).every(
        ({ address, context }) =>
          isKept(leadsAtOwnBallot(address, context)) && isKept(acceptsOwnProposals(address, context)),
      ),
    'a promise is durable before it is told': (state) => {
      const promises = state.network.flatMap(({ from, message }) => {
        const ballot = speaksAtBallot.has(message.type) ? ballotIn(message) : undefined;
        return ballot === undefined ? [] : { from, ballot };
      });
      return viewsIn(state).every((view) =>
        promises.every((it) => it.from !== view.address || isKept(rememberedPromise(votesOf(view), it.ballot))),
      );
    },
    'what is known to be chosen is what was told, and is held': (state) =>
      viewsIn(state).every(({ address, snapshot }) => {
        if (snapshot === undefined) return true;
        const { context } = snapshot;
        return context.commitIndex === toldBy(state.history, address) && isKept(holdsChosen(address, context));
      }),
  };
}

/** The goals that a model with `bounds` must reach. */
export function paxosGoalsOf(servers: readonly PaxosModelServer[], bounds: PaxosBounds): Predicates<PaxosHistory> {
  const { nodes, ballots, entries, crashes, elections, quorumChecks, heartbeats, reads, compactions } = bounds;
  const { phase2, replacements, changes = [], lateRounds, transfers } = bounds;
  const isChanged = replacements > 0 || changes.length > 0;
  const asksTo = (kind: string): boolean => changes.some((it) => it.startsWith(kind));
  // A leader that nobody disturbs leads for ever.
  const mayChange = ballots > 1 && elections > 1 && (nodes > 2 || crashes > 0 || quorumChecks > 0);
  const contexts = (state: PaxosState): PaxosServerContext[] => contextsIn(state, servers);
  return {
    'a leader is elected': ({ actors }) => actors.some(({ role }) => role === 'leader'),
    ...when(entries > 0, {
      'a command is chosen': ({ history }) => history.chosen.some(({ text }) => text.startsWith('command')),
    }),
    ...when(mayChange, {
      'a leader of a second round': (state) =>
        contexts(state).some(({ leadership, promised }) => leadership !== null && (promised?.round ?? 0) > 1),
    }),
    ...when(mayChange && entries > 0, {
      'a leader takes over a slot that it does not know to be chosen': (state) =>
        contexts(state).some(({ commitIndex, leadership }) => (leadership?.inheritedIndex ?? 0) > commitIndex),
    }),
    // Where a leader chooses by itself, the next one needs its promise, too.
    ...when(mayChange && nodes > 2 && phase2 !== 1, {
      'two servers lead at once, at different ballots': ({ actors }) =>
        actors.filter(({ role }) => role === 'leader').length > 1,
    }),
    ...when(crashes > 0 && nodes > 1, {
      'a leader has crashed': (state) =>
        state.actors.some(
          ({ address, life }) => life === 'down' && state.history.led.some(({ proposer }) => proposer === address),
        ),
    }),
    ...when(crashes > 0 && elections > 1 && nodes > 1, {
      'a server that promised, crashed and recovered refuses an earlier ballot': ({ history, network }) =>
        network.some(({ from, message }) => message.type === 'refused' && history.recovered.includes(from)),
    }),
    ...when(reads > 0, {
      'a read is answered': ({ history }) => history.asked.some(({ isAnswered }) => isAnswered),
    }),
    ...when(reads > 0 && nodes > 1, {
      'a read waits for its round': (state) => contexts(state).some(({ leadership }) => leadership?.reads.length === 1),
    }),
    ...when(compactions > 0, {
      'a log is compacted': (state) => contexts(state).some(({ slots }) => slots.baseIndex > 1),
    }),
    // Somebody must be left behind by a quorum, and be spoken to again.
    ...when(compactions > 0 && nodes > 2 && heartbeats > 0, {
      'a snapshot travels': ({ network }) => network.some(({ message }) => message.type === 'installSnapshot'),
    }),
    // Who joins hears of it by a heartbeat.
    ...when(replacements > 0 && heartbeats > 0, {
      'a server is replaced': ({ history }) => history.configurations.some(({ retired }) => retired.length > 0),
    }),
    ...when(asksTo('remove'), {
      'a server is removed': ({ history }) => history.configurations.some(({ retired }) => retired.length > 0),
    }),
    ...when(asksTo('promote'), {
      'a learner is promoted': ({ history }) => history.configurations.some(({ voters }) => voters.length > nodes),
    }),
    ...when(isChanged, {
      'a leader goes on at its ballot after a stop-sign of its own': (state) =>
        contexts(state).some(
          ({ leadership }) => leadership !== null && leadership.configurationIndex > leadership.inheritedIndex,
        ),
    }),
    ...when(replacements > 0 && mayChange, {
      'a leader takes over a stop-sign': (state) =>
        contexts(state).some(
          ({ leadership }) => leadership?.isStopped === true && leadership.inheritedIndex === leadership.lastIndex,
        ),
    }),
    ...when(transfers > 0 && nodes > 1, {
      'a hand-over is given up': ({ history }) => history.transferEnds.includes('notHandedOver'),
    }),
    ...when(transfers > 0 && nodes > 1 && ballots > 1, {
      'leadership is handed over': ({ history }) => history.transferEnds.includes('handedOver'),
    }),
    ...when(replacements > 0 && lateRounds > 1, {
      'a replacement is given up': ({ history }) =>
        history.configurations.some(
          ({ index, change, retired }) => index > 1 && change === null && retired.length === 0,
        ),
    }),
  };
}

const when = (applies: boolean, goals: Predicates<PaxosHistory>): Predicates<PaxosHistory> => (applies ? goals : {});

const contextsIn = (state: PaxosState, servers: readonly PaxosModelServer[]): PaxosServerContext[] =>
  servers.flatMap((server) => state.of(server).snapshot?.context ?? []);

const toldBy = ({ told }: PaxosHistory, server: Address): number => told.find((it) => it.server === server)?.index ?? 0;

/** Of a model's records no more is known than that they are records. */
const recovering: AnyActor = paxosServer;

/** What a server would remember. */
const rememberedBy = oncePer((durableRecords: readonly Tagged[]): Omit<Votes, 'acceptor'> => {
  const recovered: unknown = recovering.recover(durableRecords);
  const { promised, slots } = isRemembered(recovered) ? recovered : { promised: null, slots: Slots.after(0) };
  const accepted = durableRecords.flatMap((it) => (v.is(records.accepted, it) ? [it] : []));
  return { promised, baseIndex: slots.baseIndex, accepted };
});
const votesOf = ({ address, durableRecords }: PaxosView): Votes => ({
  acceptor: address,
  ...rememberedBy(durableRecords),
});

const isRemembered = (value: unknown): value is Pick<Remembered, 'promised' | 'slots'> =>
  typeof value === 'object' &&
  value !== null &&
  'slots' in value &&
  value.slots instanceof Slots &&
  'promised' in value;
