/** Servers of a Multi-Paxos log at a chosen state, for tests of single transitions: the server tested is n1, of n1, n2, n3. */

import type { SnapshotFrom } from 'xstate';
import type { ActorState, Address, Effect, Persist } from '../../../statecharts/actor.ts';
import { marked, persist } from '../../../statecharts/actor.ts';
import type { Ballot } from '../../../statecharts/paxos/ballot.ts';
import { configurationIn } from '../../../statecharts/paxos/log/configuration.ts';
import { newServer, type ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Entry, PaxosRecord, Snapshot } from '../../../statecharts/paxos/log/messages.ts';
import { type Accepted, Slots } from '../../../statecharts/paxos/log/slots.ts';
import { paxosServer, type serverChart } from '../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { foundingMembers } from '../../../statecharts/replication/members.ts';

export type ServerState = ActorState<SnapshotFrom<typeof serverChart>>;

export const n1: Address = 'n1/paxos.server/kv';
export const n2: Address = 'n2/paxos.server/kv';
export const n3: Address = 'n3/paxos.server/kv';
export const stranger: Address = 'n9/paxos.server/kv';
export const voters = [n1, n2, n3];
export const members = foundingMembers(voters);
export const sizes = { phase1Size: 2, phase2Size: 2 };

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const at = (round: number, proposer: Address = n2): Ballot => ({ round, proposer });
export const zero = at(0, n1);
export const first: Entry = { index: 1, kind: 'stop', members, sizes };
export const command = (index: number, value: number, origin?: Ballot): Entry => ({
  index,
  kind: 'command',
  data: bytes(value),
  ...(origin === undefined ? {} : { origin }),
});
export const run = (ballot: Ballot, ...entries: readonly Entry[]): Accepted => ({ ballot, entries });

interface Wanted extends Partial<Omit<ServerContext, 'slots' | 'limits' | 'snapshot'>> {
  /** What was accepted after slot 1. */
  readonly accepted?: readonly Accepted[];
  readonly limits?: Partial<Limits>;
  readonly snapshot?: Snapshot;
  /** Where compaction has cut the slots. */
  readonly baseIndex?: number;
}

/** A context with what is `wanted`, in which slot 1 is chosen. */
export function contextWith({
  accepted = [],
  limits = {},
  snapshot,
  baseIndex = 0,
  ...rest
}: Wanted = {}): ServerContext {
  const whole = [run(zero, first), ...accepted].reduce((all, it) => all.accept(it.ballot, it.entries), Slots.after(0));
  const slots = whole.after(baseIndex);
  const recovered = {
    promised: rest.promised ?? zero,
    slots,
    snapshot: snapshot ?? null,
    chosenIndex: 1,
    grantedMs: 0,
  };
  const context = newServer(recovered, { self: n1, input: { voters, limits } });
  const commitIndex = snapshot?.index ?? 1;
  const configuration = configurationIn(slots, snapshot ?? null, rest.commitIndex ?? commitIndex);
  return { ...context, commitIndex, configuration, ...rest };
}

export const led = { follower: { beats: 'waiting', listening: 'led' } } as const;
export const alone = { follower: { beats: 'waiting', listening: 'alone' } } as const;

/** A follower that n2 leads. */
export const followerWith = (wanted: Wanted = {}): ServerState =>
  paxosServer.at(led, contextWith({ promised: at(1), leader: n2, isLed: true, ...wanted }));

export const aloneWith = (wanted: Wanted = {}): ServerState => paxosServer.at(alone, contextWith(wanted));

export const beatOf = (from: Address, isLed: boolean, promised: Ballot | null = zero) =>
  ({ type: 'beat', from, promised, isLed }) as const;

/** A candidate at ballot (`round`, n1) that has just stood, and whose own promise is not durable yet. */
export function candidateWith(wanted: Wanted = {}): ServerState {
  const state = [n2, n3].reduce((it, from) => paxosServer.step(it, beatOf(from, false)).state, aloneWith(wanted));
  return paxosServer.step(state, { timer: 'electionRound' }).state;
}

/** What a server without anything more to tell answers to the candidate at `ballot`. */
export const promiseOf = (
  from: Address,
  ballot: Ballot,
  told: Partial<{
    index: number;
    upTo: number;
    lastIndex: number;
    committed: number;
    snapshot: Snapshot;
    accepted: Accepted[];
  }> = {},
) =>
  ({
    type: 'promise',
    from,
    ballot,
    index: 2,
    upTo: 1,
    lastIndex: 1,
    committed: 1,
    accepted: [],
    snapshot: null,
    ...told,
  }) as const;

/** The leader at ballot (1, n1), promised by n2, whose own promise and acceptances are durable. */
export function leaderWith(wanted: Wanted = {}): ServerState {
  const state = paxosServer.step(candidateWith(wanted), promiseOf(n2, at(1, n1))).state;
  const promised = paxosServer.step(state, durable(1, 1)).state;
  const { leadership } = promised.snapshot.context;
  return paxosServer.step(promised, durable(1, leadership?.lastIndex ?? 1)).state;
}

export const durable = (round: number, index: number) =>
  ({ type: 'durable', from: n1, ballot: at(round, n1), index }) as const;

export const acceptedBy = (from: Address, index: number, upTo = index, round = 1, ballot = at(1, n1)) =>
  ({ type: 'accepted', from, ballot, index, upTo, round }) as const;

/** The record of `entries`, as it is written down. */
export const written = (ballot: Ballot, ...entries: readonly Entry[]): Persist<PaxosRecord> =>
  marked(persist({ type: 'accepted', ballot, entries }), entries.at(-1)?.index ?? 0);

export const fileOf = (index: number) => ({ name: `paxos.server/kv/${index}`, sizeBytes: 8, checksum: index });
export const snapshotOf = (index: number): Snapshot => ({ index, members, sizes, file: fileOf(index) });

export const sentTo = (server: Address, effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'send' && it.to === server ? [it.message] : []));
export const delivered = (effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'deliver' ? [it.output] : []));
