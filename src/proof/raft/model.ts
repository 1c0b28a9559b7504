/**
 * Raft for the model checker: the servers that run in production, and around them everything that may happen to them,
 * each within a budget. `docs/verification.md` says what a check of it proves.
 */

import { type Address, addressOf, nodeOf } from '../../../statecharts/actor.ts';
import { defineServer, type RaftLimits, type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import {
  actorOf,
  type Budget,
  defineModel,
  type Model,
  type NetworkModel,
  type RequestStep,
  request,
  type SystemState,
} from '../../checker.ts';
import { emptyHistory, observeRaft, type RaftHistory } from './model-history.ts';
import { raftGoalsOf, raftProperties } from './model-properties.ts';
import { withoutPreVotes } from './model-variants.ts';

/** How much may happen. What is left out does not happen, except where a default is given. */
export interface RaftModelOptions {
  /** Servers, all of which vote. Default 3. */
  readonly nodes?: number;
  /** No server begins a later term than this. Default 2. */
  readonly terms?: number;
  /** Proposals, in all. Default 1. */
  readonly entries?: number;
  /** How often some node crashes and loses what it had not written down. Default 0. */
  readonly crashes?: number;
  /**
   * How many messages are lost. Default 0. In an unordered network they change no verdict: a message that is lost and
   * one that never arrives are the same to everybody.
   */
  readonly losses?: Budget;
  /** How many messages are delivered again. Default 0. */
  readonly duplicates?: number;
  /** How messages travel. Default `unordered`; `duplicating` is for models without crashes, where nothing waits for a disk. */
  readonly network?: NetworkModel['kind'];
  /** How often an election timeout ends, of whichever server, without it having heard of a leader. Default `terms`. */
  readonly elections?: number;
  /** How often a leader sends heartbeats. Default 0: only what it has to replicate makes it send. */
  readonly heartbeats?: number;
  /** How often a leader looks for its quorum. Default 0. */
  readonly quorumChecks?: number;
  /** Linearizable reads, in all. Default 0. */
  readonly reads?: number;
  /** How often an application hands over a snapshot. Default 0. */
  readonly compactions?: number;
  /** How often a server is told, truly or not, that a node cannot be reached. Default 0. */
  readonly notices?: number;
  /** What differs from the limits below, which keep everything to one message at a time where that is possible. */
  readonly limits?: Partial<RaftLimits>;
  /** What the servers have in place of the true rules, for proofs that a fault would be found. */
  readonly broken?: Partial<RaftRules>;
  /**
   * Whether candidates ask beforehand whether they would be elected. Default true. Without, any server may stand for
   * election at any time, which leaves more states for what matters: pre-votes bind nobody.
   */
  readonly preVotes?: boolean;
  /**
   * The nodes that may stand for election in term 1, 2, ...: confines a check to one course of events. Default: anybody
   * in any term. Servers are not interchangeable then.
   */
  readonly candidates?: readonly (readonly string[])[];
  /** States with more messages on their way are not followed. Default: any number. */
  readonly inFlight?: number;
}

const key = 'kv';

/** One entry per append and one byte per chunk, so that every boundary between messages is a place where things happen. */
const tightLimits: Partial<RaftLimits> = { maxAppendBytes: 1, retainBytes: 0, snapshotChunkBytes: 1 };

/** The model of a cluster. */
export function raftModel(options: RaftModelOptions = {}): Model<RaftHistory> {
  const { nodes = 3, terms = 2, entries = 1, crashes = 0, losses = 0, duplicates = 0, network = 'unordered' } = options;
  const { elections = terms, heartbeats = 0, quorumChecks = 0, reads = 0, compactions = 0, notices = 0 } = options;
  const { broken = {}, preVotes = true, limits, candidates, inFlight } = options;
  const server = defineServer({ ...raftRules, ...(preVotes ? {} : withoutPreVotes), ...broken });
  // Where messages overtake each other, whatever keeps one waiting is covered by its late arrival.
  const isOrdered = network === 'ordered';
  const ids = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
  const voters = ids.map((id) => addressOf(id, server.name, key));
  const servers = ids.map((id) =>
    actorOf(server, id, { key, input: { voters, limits: { ...tightLimits, ...limits } } }),
  );
  const addressOnNode = (node: string): Address => addressOf(node, server.name, key);
  const timers = {
    electionTimeout: elections,
    heartbeatInterval: heartbeats,
    quorumTimeout: quorumChecks,
    // While a follower is loyal, candidates do not reach it: as if their messages arrived late.
    minElectionTimeout: isOrdered ? 'unlimited' : 'at-once',
  } as const;

  const requests = servers.flatMap((it): RequestStep<RaftHistory>[] => {
    const leads = (state: SystemState<RaftHistory>): boolean => state.of(it).role === 'leader';
    const command = new Uint8Array([Number(nodeOf(it.address).slice(1))]);
    return [
      request(
        it,
        { type: 'propose', id: 1, commands: [command] },
        { when: (state: SystemState<RaftHistory>) => state.history.proposals < entries && leads(state) },
      ),
      ...Array.from({ length: reads }, (_, place) =>
        request(
          it,
          { type: 'read', id: place },
          { when: (state: SystemState<RaftHistory>) => state.history.asked.length === place && leads(state) },
        ),
      ),
      ...Array.from({ length: compactions === 0 ? 0 : terms + entries }, (_, place) =>
        request(
          it,
          { type: 'compact', index: place + 2, snapshot: new Uint8Array([place + 2]) },
          { when: (state: SystemState<RaftHistory>) => state.history.compactions < compactions },
        ),
      ),
    ];
  });

  return defineModel<RaftHistory>({
    name: nameOf(options),
    actors: servers,
    requests,
    network: { kind: network, losses, duplicates },
    // A message that changes nothing now stays on its way: it may still change something later, or never arrive.
    deliveries: 'changing',
    timers,
    // Without crashes, what waits for a record is like a message that takes its time.
    flush: crashes > 0 || isOrdered ? 'step' : 'at-once',
    crashes: { times: crashes },
    unreachableNotices: notices,
    history: { start: emptyHistory, observe: (history, happening) => observeRaft(history, happening, addressOnNode) },
    boundary: (state) =>
      servers.every((it) => {
        const { node, role, snapshot } = state.of(it);
        if (snapshot === undefined) return true;
        const { term } = snapshot.context;
        return term <= terms && (role !== 'candidate' || (candidates?.[term - 1]?.includes(node) ?? true));
      }) &&
      (inFlight === undefined || state.network.length <= inFlight),
    always: raftProperties(servers),
    sometimes: raftGoalsOf(servers, {
      nodes,
      terms,
      entries,
      crashes,
      elections,
      quorumChecks,
      heartbeats,
      reads,
      compactions,
    }),
  });
}

/** `raft with 3 servers, 2 terms, 1 entry, 1 crash`. */
function nameOf(options: RaftModelOptions): string {
  const counted = (count: Budget, one: string, many: string): string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  const { nodes = 3, terms = 2, entries = 1, network = 'unordered' } = options;
  const parts = [
    ...counted(nodes, 'server', 'servers'),
    ...counted(terms, 'term', 'terms'),
    ...counted(entries, 'entry', 'entries'),
    ...counted(options.crashes ?? 0, 'crash', 'crashes'),
    ...counted(options.losses ?? 0, 'loss', 'losses'),
    ...counted(options.duplicates ?? 0, 'duplicate', 'duplicates'),
    ...counted(options.elections ?? terms, 'election timeout', 'election timeouts'),
    ...counted(options.heartbeats ?? 0, 'heartbeat', 'heartbeats'),
    ...counted(options.quorumChecks ?? 0, 'quorum check', 'quorum checks'),
    ...counted(options.reads ?? 0, 'read', 'reads'),
    ...counted(options.compactions ?? 0, 'compaction', 'compactions'),
    ...counted(options.notices ?? 0, 'notice', 'notices'),
    ...(options.preVotes === false ? ['no pre-votes'] : []),
    ...(options.candidates === undefined
      ? []
      : [`candidates ${options.candidates.map((it) => it.join('|')).join(', ')}`]),
    ...(options.inFlight === undefined ? [] : [`at most ${options.inFlight} messages in flight`]),
  ];
  return `raft with ${parts.join(', ')}, ${network} network`;
}
