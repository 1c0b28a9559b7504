/**
 * Raft for the model checker: the servers that run in production, and around them everything that may happen to them,
 * each within a budget. `docs/verification.md` says what a check of it proves.
 */

import { type Address, addressOf, nodeOf } from '../../../statecharts/actor.ts';
import { defineServer, type RaftLimits, type RaftRules, raftRules } from '../../../statecharts/raft.ts';
import { snapshotResource } from '../../../statecharts/transfer.ts';
import { actorOf, defineModel, type Model, type RequestStep, request, type SystemState } from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { addedBy, reconfigurationOf } from '../log/changes.ts';
import { numbered } from '../nodes.ts';
import { snapshotFileAt, snapshotTransfers } from '../snapshots.ts';
import { type GivenRaftBounds, raftBounds } from './bounds.ts';
import { emptyHistory, observeRaft, type RaftHistory } from './model-history.ts';
import { raftGoalsOf, raftProperties } from './model-properties.ts';
import { withoutPreVotes } from './model-variants.ts';

/** How much may happen, as `raftBounds` says, and whose servers it happens to. */
export interface RaftModelOptions extends GivenRaftBounds {
  /** What the servers have in place of the true rules, for proofs that a fault would be found. */
  readonly broken?: Partial<RaftRules>;
}

const key = 'kv';

/** One entry per append, so that every boundary between messages is a place where things happen. */
const tightLimits: Partial<RaftLimits> = { maxAppendBytes: 1, retainBytes: 0 };

/** The model of a cluster. */
export function raftModel({ broken = {}, ...given }: RaftModelOptions = {}): Model<RaftHistory> {
  const bounds = boundsOf(raftBounds, given);
  const { nodes, terms, entries, crashes, losses, duplicates, network, elections, heartbeats, quorumChecks } = bounds;
  const {
    reads,
    compactions,
    replacements,
    changes = [],
    transfers,
    leaderLeaves,
    lateRounds,
    notices,
    preVotes,
    candidates,
    inFlight,
  } = bounds;
  const server = defineServer({ ...raftRules, ...(preVotes ? {} : withoutPreVotes), ...broken });
  // Where messages overtake each other, whatever keeps one waiting is covered by its late arrival.
  const isOrdered = network === 'ordered';
  const ids = numbered('n', nodes);
  const voters = ids.map((id) => addressOf(id, server.name, key));
  const joining = `n${nodes + 1}`;
  const leaving = leaderLeaves ? 'n1' : `n${nodes}`;
  const limits = tightLimits;
  const newcomers = [...(replacements === 0 ? [] : [joining]), ...addedBy(changes)];
  const servers = [
    ...ids.map((id) => actorOf(server, id, { key, input: { voters, limits } })),
    ...newcomers.map((id) => actorOf(server, id, { key, input: { voters: [], joins: true, limits } })),
  ];
  const addressOnNode = (node: string): Address => addressOf(node, server.name, key);
  const timers = {
    electionTimeout: elections,
    heartbeatInterval: heartbeats,
    quorumTimeout: quorumChecks,
    catchUpRound: lateRounds,
    catchUpPatience: lateRounds,
    handOverTimeout: transfers,
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
      ...(replacements === 0
        ? []
        : [
            request(
              it,
              {
                type: 'replace',
                id: 1,
                leaving: addressOnNode(leaving),
                joining: addressOnNode(joining),
                places: { [joining]: `${joining}:1` },
              },
              { when: (state: SystemState<RaftHistory>) => state.history.replacements < replacements && leads(state) },
            ),
          ]),
      ...changes.map((change, place) =>
        request(
          it,
          { type: 'reconfigure', id: place, change: reconfigurationOf(change, addressOnNode) },
          { when: (state: SystemState<RaftHistory>) => state.history.changes === place && leads(state) },
        ),
      ),
      ...(transfers === 0 ? [] : voters.filter((to) => to !== it.address)).map((to) =>
        request(
          it,
          { type: 'handOver', id: 1, to },
          { when: (state: SystemState<RaftHistory>) => state.history.transfers < transfers && leads(state) },
        ),
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
          { type: 'compact', index: place + 2, file: snapshotFileAt(`${server.name}/${key}`, place + 2) },
          { when: (state: SystemState<RaftHistory>) => state.history.compactions < compactions },
        ),
      ),
    ];
  });

  return defineModel<RaftHistory>({
    name: `raft with ${systemNameOf(raftBounds, given)}`,
    actors: servers,
    requests,
    network: { kind: network, losses, duplicates },
    // A message that changes nothing now stays on its way: it may still change something later, or never arrive.
    deliveries: 'changing',
    timers,
    // Without crashes, what waits for a record is like a message that takes its time.
    flush: crashes > 0 || isOrdered ? 'step' : 'at-once',
    crashes: { times: crashes },
    ...(compactions === 0 ? {} : { resources: { [snapshotResource]: snapshotTransfers } }),
    unreachableNotices: notices,
    history: { start: emptyHistory, observe: (history, happening) => observeRaft(history, happening, addressOnNode) },
    boundary: (state) =>
      servers.every((it) => {
        const { node, role, snapshot } = state.of(it);
        if (snapshot === undefined) return true;
        const { term } = snapshot.context;
        return term <= terms && (role !== 'candidate' || (candidates?.[term - 1]?.split('|').includes(node) ?? true));
      }) &&
      (inFlight === undefined || state.network.length <= inFlight),
    always: raftProperties(servers),
    sometimes: raftGoalsOf(servers, bounds),
  });
}
