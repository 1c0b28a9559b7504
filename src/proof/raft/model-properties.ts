/**
 * What must always hold of Raft servers (Ongaro, Figure 3.2, and §3.8, §6.4), and what must be reachable, or else
 * nothing has been checked.
 */

import type { Address, AnyActor, Tagged } from '../../../statecharts/actor.ts';
import { type Configuration, Log, raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import type { ActorView, ModelActor, Predicates, SystemState } from '../../checker.ts';
import { isKept, ofAnyTwo } from '../claim.ts';
import { oncePer } from '../once-per.ts';
import type { RaftBounds } from './bounds.ts';
import {
  ascendingTerms,
  commitsWithinLog,
  durableAtQuorum,
  durableTermReachesLog,
  electionSafety,
  latestConfiguration,
  leaderCompleteness,
  logMatching,
  oneVotePerTerm,
  stateMachineSafety,
} from './claims.ts';
import type { RaftHistory } from './model-history.ts';

export type RaftState = SystemState<RaftHistory>;
export type RaftModelServer = ModelActor<typeof raftServer.chart>;
type RaftView = ActorView<typeof raftServer.chart>;

/** What a crash at this moment would leave of a server. */
interface Durable {
  readonly term: number;
  readonly log: Log;
}

/** A property of a history holds or does not for good. */
function ofHistory(holds: (history: RaftHistory) => boolean): (state: RaftState) => boolean {
  const holdsOf = oncePer(holds);
  return ({ history }) => holdsOf(history);
}

/** The safety properties of a cluster of `servers`; their voters are those of the log. */
export function raftProperties(servers: readonly RaftModelServer[]): Predicates<RaftHistory> {
  const viewsIn = (state: RaftState): RaftView[] => servers.map((server) => state.of(server));
  return {
    'one vote per server and term': ofHistory(({ votes }) => isKept(ofAnyTwo(votes, oneVotePerTerm))),
    'election safety': ofHistory(({ reigns }) => isKept(ofAnyTwo(reigns, electionSafety))),
    'state machine safety': ofHistory(({ commits }) => isKept(ofAnyTwo(commits, stateMachineSafety))),
    'outputs in order, reads linearizable': ofHistory(({ problems }) => problems.length === 0),
    'log matching': (state) => {
      const logs = contextsIn(state, servers).map(({ log }) => log);
      return logs.every((log) => isKept(ascendingTerms(log))) && isKept(ofAnyTwo(logs, logMatching));
    },
    'leader completeness': (state) => {
      const { commits } = state.history;
      if (commits.length === 0) return true;
      return viewsIn(state).every(({ address, role, snapshot }) => {
        if (role !== 'leader' || snapshot === undefined) return true;
        const { log, term } = snapshot.context;
        return commits.every((commit) => isKept(leaderCompleteness({ leader: address, term, log }, commit)));
      });
    },
    'what is committed is what was told, and is in the log': (state) =>
      viewsIn(state).every(({ address, snapshot }) => {
        if (snapshot === undefined) return true;
        const { context } = snapshot;
        return context.commitIndex === toldBy(state.history, address) && isKept(commitsWithinLog(context));
      }),
    'what is committed is durable at a majority': (state) => {
      const { commits, configuration } = state.history;
      if (configuration === null) return true;
      const logs = viewsIn(state).map((view) => ({ address: view.address, log: durableOf(view).log }));
      const inForce = [configuration, ...successorsOf(configuration, contextsIn(state, servers))];
      return commits.every((commit) => isKept(durableAtQuorum(commit, inForce, logs)));
    },
    "the configuration in force is the log's latest": (state) =>
      contextsIn(state, servers).every((context) => isKept(latestConfiguration(context))),
    'no durable entry is of a later term than the durable term': (state) =>
      viewsIn(state).every((view) => isKept(durableTermReachesLog(durableOf(view)))),
  };
}

/** The goals that a model with `bounds` must reach. */
export function raftGoalsOf(servers: readonly RaftModelServer[], bounds: RaftBounds): Predicates<RaftHistory> {
  const { nodes, terms, entries, crashes, elections, quorumChecks, heartbeats, reads, compactions } = bounds;
  const { replacements, changes = [], lateRounds, transfers } = bounds;
  // A leader that nobody disturbs leads for ever.
  const mayChange = terms > 1 && elections > 1 && (nodes > 2 || crashes > 0 || quorumChecks > 0);
  const contexts = (state: RaftState): ServerContext[] => contextsIn(state, servers);
  return {
    'a leader is elected': ({ actors }) => actors.some(({ role }) => role === 'leader'),
    'an entry is committed': ({ history }) => history.commits.some(({ index }) => index > 1),
    ...when(entries > 0, {
      'a command is committed': ({ history }) => history.commits.some(({ entry }) => entry.includes('command')),
    }),
    ...when(mayChange, {
      'a leader of a second term': (state) =>
        contexts(state).some(({ leadership, term }) => leadership !== null && term > 1),
      "an earlier term's entry is committed by a later leader's own": ({ history }) =>
        history.commits.some(({ entryTerm, inTerm }) => entryTerm > 0 && entryTerm < inTerm),
    }),
    ...when(mayChange && nodes > 2, {
      'the logs of two servers conflict': (state) =>
        contexts(state).some(({ log }) => {
          const { lastIndex, lastTerm } = log;
          return contexts(state).some((other) => (other.log.termAt(lastIndex) ?? lastTerm) !== lastTerm);
        }),
      'two servers lead at once, in different terms': ({ actors }) =>
        actors.filter(({ role }) => role === 'leader').length > 1,
    }),
    ...when(crashes > 0 && nodes > 1, {
      'a leader has crashed': (state) =>
        state.actors.some(
          ({ address, life }) => life === 'down' && state.history.reigns.some((it) => it.leader === address),
        ),
    }),
    ...when(crashes > 0 && elections > 1 && nodes > 1, {
      'a server that voted, crashed and recovered denies a second vote': ({ history, network }) =>
        network.some(
          ({ from, to, message }) =>
            isDenial(message) &&
            history.recovered.includes(from) &&
            history.votes.some((it) => it.voter === from && it.term === message.term && it.candidate !== to),
        ),
    }),
    ...when(reads > 0, {
      'a read is answered': ({ history }) => history.asked.some(({ isAnswered }) => isAnswered),
    }),
    ...when(reads > 0 && nodes > 1, {
      'a read waits for its round': (state) => contexts(state).some(({ leadership }) => leadership?.reads.length === 1),
    }),
    ...when(compactions > 0, {
      'a log is compacted': (state) => contexts(state).some(({ log }) => log.baseIndex > 1),
    }),
    ...when(replacements > 0, {
      'a server is replaced': ({ history }) => (history.configuration?.retired.length ?? 0) > 0,
      'a joint configuration is in force and not committed': (state) =>
        contexts(state).some(({ configuration, commitIndex }) => {
          return configuration.nextVoters !== null && configuration.index > commitIndex;
        }),
    }),
    ...when(
      changes.some((it) => it.startsWith('remove')),
      { 'a server is removed': ({ history }) => (history.configuration?.retired.length ?? 0) > 0 },
    ),
    ...when(
      changes.some((it) => it.startsWith('promote')),
      { 'a learner is promoted': ({ history }) => (history.configuration?.voters.length ?? 0) > nodes },
    ),
    ...when(replacements > 0 && lateRounds > 1, {
      'a replacement is given up': (state) =>
        contexts(state).some(({ configuration }) => configuration.index > 1 && configuration.change === null),
    }),
    ...when(transfers > 0 && nodes > 1, {
      'a hand-over is given up': ({ history }) => history.transferEnds.includes('notHandedOver'),
    }),
    ...when(transfers > 0 && nodes > 1 && terms > 1, {
      'leadership is handed over': ({ history }) => history.transferEnds.includes('handedOver'),
    }),
    // Somebody must be left behind by a majority, and be spoken to again.
    ...when(compactions > 0 && nodes > 2 && heartbeats > 0, {
      'a snapshot travels': ({ network }) => network.some(({ message }) => message.type === 'installSnapshot'),
    }),
  };
}

/**
 * §4.3: the configurations after the committed one that some servers have in force: after a joint one they decide by
 * themselves what came before them, as who leads with the joint one needs a majority of the same voters; after one that
 * is none, the same servers vote in them.
 */
const successorsOf = (committed: Configuration, contexts: readonly ServerContext[]): readonly Configuration[] =>
  contexts.flatMap(({ configuration }) =>
    configuration.index > committed.index && configuration.nextVoters === null ? [configuration] : [],
  );

const when = (applies: boolean, goals: Predicates<RaftHistory>): Predicates<RaftHistory> => (applies ? goals : {});

const isDenial = (message: Tagged): message is Tagged & { readonly term: number; readonly granted: false } =>
  message.type === 'voteReply' && 'term' in message && 'granted' in message && message.granted === false;

const contextsIn = (state: RaftState, servers: readonly RaftModelServer[]): ServerContext[] =>
  servers.flatMap((server) => state.of(server).snapshot?.context ?? []);

const toldBy = ({ told }: RaftHistory, server: Address): number => told.find((it) => it.server === server)?.index ?? 0;

/** Of a model's records no more is known than that they are records. */
const recovering: AnyActor = raftServer;

/** What a server would recover. */
const recoveredBy = oncePer((durableRecords: readonly Tagged[]): Durable => {
  const recovered: unknown = recovering.recover(durableRecords);
  return isDurable(recovered) ? recovered : { term: 0, log: Log.empty };
});
const durableOf = ({ durableRecords }: RaftView): Durable => recoveredBy(durableRecords);

const isDurable = (value: unknown): value is Durable =>
  typeof value === 'object' && value !== null && 'log' in value && value.log instanceof Log && 'term' in value;
