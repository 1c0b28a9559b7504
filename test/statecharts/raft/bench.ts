/** Servers at a chosen state, for tests of single transitions: the server tested is n1, of n1, n2 and n3. */

import type { SnapshotFrom } from 'xstate';
import type { ActorState, Address } from '../../../statecharts/actor.ts';
import { marked, type Persist, persist } from '../../../statecharts/actor.ts';
import { configurationIn } from '../../../statecharts/raft/configuration.ts';
import { newServer } from '../../../statecharts/raft/context.ts';
import {
  type Entry,
  foundingMembers,
  Log,
  type RaftLimits,
  type RaftRecord,
  raftServer,
  type ServerContext,
  type Snapshot,
  type serverChart,
} from '../../../statecharts/raft.ts';
import type { SnapshotFile } from '../../../statecharts/transfer.ts';

export type ServerState = ActorState<SnapshotFrom<typeof serverChart>>;

export const n1: Address = 'n1/raft.server/kv';
export const n2: Address = 'n2/raft.server/kv';
export const n3: Address = 'n3/raft.server/kv';
export const stranger: Address = 'n9/raft.server/kv';
export const voters = [n1, n2, n3];
export const members = foundingMembers(voters);

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const command = (index: number, term: number, ...values: number[]): Entry => ({
  index,
  term,
  kind: 'command',
  data: bytes(...values),
});
export const noop = (index: number, term: number): Entry => ({ index, term, kind: 'noop' });
export const first: Entry = { index: 1, term: 0, kind: 'configuration', members };

interface Wanted extends Partial<Omit<ServerContext, 'log' | 'limits' | 'snapshot'>> {
  /** The terms of the entries from 2 on; entry 1 is the configuration. */
  readonly terms?: readonly number[];
  readonly limits?: Partial<RaftLimits>;
  readonly snapshot?: Snapshot;
  /** Where compaction has cut the log. */
  readonly baseIndex?: number;
}

/** A context with what is `wanted`, and a log of commands with the given terms. */
export function contextWith({ terms = [], limits = {}, snapshot, baseIndex = 0, ...rest }: Wanted = {}): ServerContext {
  const whole = Log.empty.append([first, ...terms.map((term, at) => command(at + 2, term, at + 2))]);
  const log = whole.from(baseIndex);
  const remembered = { term: 0, votedFor: null, log, snapshot: snapshot ?? null, grantedMs: 0 };
  const context = newServer(remembered, { self: n1, input: { voters, limits } });
  return { ...context, configuration: configurationIn(log, snapshot ?? null), ...rest };
}

export const free = { follower: { listening: 'free' } } as const;
export const loyal = { follower: { listening: 'loyal' } } as const;
export const leading = { leader: { heartbeats: 'waiting', quorum: 'watching' } } as const;

export const followerWith = (wanted: Wanted = {}): ServerState => raftServer.at(free, contextWith(wanted));
export const loyalWith = (wanted: Wanted = {}): ServerState =>
  raftServer.at(loyal, contextWith({ leader: n2, ...wanted }));

/** A pre-candidate that was granted `votes`. */
export const preCandidateWith = (wanted: Wanted = {}, votes: readonly Address[] = [n1]): ServerState =>
  raftServer.at('preCandidate', contextWith({ election: { votes }, ...wanted }));

export const candidateWith = (wanted: Wanted = {}, votes: readonly Address[] = [n1]): ServerState =>
  raftServer.at('candidate', contextWith({ votedFor: n1, election: { votes }, ...wanted }));

/** The leader of `wanted.term`, elected by n2, that has just opened its term. */
export function newLeaderWith(wanted: Wanted & { readonly term: number }): ServerState {
  return raftServer.step(candidateWith(wanted), {
    type: 'voteReply',
    from: n2,
    term: wanted.term,
    granted: true,
  }).state;
}

/** An answer that `server`'s log equals the leader's up to `index`. */
export const matches = (server: Address, term: number, index: number, round = 0) =>
  ({ type: 'appendReply', from: server, term, matches: true, index, hintIndex: 0, hintTerm: 0, round }) as const;

/** The leader of `wanted.term` to which both followers have answered, and which has committed its first entry. */
export function leaderWith(wanted: Wanted & { readonly term: number }): ServerState {
  let state = newLeaderWith(wanted);
  const { term } = wanted;
  const index = state.snapshot.context.log.lastIndex;
  state = raftServer.step(state, { type: 'durable', from: n1, term, index }).state;
  for (const peer of [n2, n3]) state = raftServer.step(state, matches(peer, term, index)).state;
  return state;
}

/** A snapshot's file, as the chart knows it. */
export const fileOf = (index: number, sizeBytes = 8): SnapshotFile => ({
  name: `raft.server/kv/${index}`,
  sizeBytes,
  checksum: index,
});

/** The record of `entries`, as it is written down. */
export const written = (entries: readonly Entry[]): Persist<RaftRecord> =>
  marked(persist({ type: 'entries', entries }), entries.at(-1)?.index ?? 0);
