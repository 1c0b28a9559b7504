/**
 * Multi-Paxos for the model checker: the servers that run in production, and around them everything that may happen to
 * them, each within a budget. `docs/verification.md` says what a check of it proves.
 */

import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { definePaxosServer, type PaxosRules, paxosRules } from '../../../statecharts/paxos.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { snapshotResource } from '../../../statecharts/transfer.ts';
import { actorOf, defineModel, type Model, type RequestStep, request, type SystemState } from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { addedBy, reconfigurationOf } from '../log/changes.ts';
import { numbered } from '../nodes.ts';
import { snapshotFileAt, snapshotTransfers } from '../snapshots.ts';
import { type GivenPaxosBounds, type PaxosBounds, paxosBounds } from './bounds.ts';
import { emptyHistory, observePaxos, type PaxosHistory } from './model-history.ts';
import { type PaxosModelServer, paxosGoalsOf, paxosProperties } from './model-properties.ts';
import { withoutBeats } from './model-variants.ts';

/** How much may happen, as `paxosBounds` says, and whose servers it happens to. */
export interface PaxosModelOptions extends GivenPaxosBounds {
  /** What the servers have in place of the true rules, for proofs that a fault would be found. */
  readonly broken?: Partial<PaxosRules>;
}

const key = 'kv';

/** One entry per message, so that every boundary between messages is a place where things happen. */
const limits: Partial<Limits> = { maxAppendBytes: 1, retainBytes: 0 };

/** The model of a cluster. */
export function paxosModel({ broken = {}, ...given }: PaxosModelOptions = {}): Model<PaxosHistory> {
  const bounds = boundsOf(paxosBounds, given);
  const { nodes, phase2, ballots, crashes, losses, duplicates, network, beats, candidates, inFlight } = bounds;
  const { elections, heartbeats, quorumChecks, compactions, replacements, transfers, lateRounds, notices } = bounds;
  const { changes = [] } = bounds;
  const server = definePaxosServer({ ...paxosRules, ...(beats ? {} : withoutBeats), ...broken });
  const addressOnNode = (node: string): Address => addressOf(node, server.name, key);
  const ids = numbered('n', nodes);
  const voters = ids.map(addressOnNode);
  const joining = `n${nodes + 1}`;
  const sizes = phase2 === undefined ? {} : { sizes: { phase1Size: nodes - phase2 + 1, phase2Size: phase2 } };
  const newcomers = [...(replacements === 0 ? [] : [joining]), ...addedBy(changes)];
  const servers = [
    ...ids.map((id) => actorOf(server, id, { key, input: { voters, limits, ...sizes } })),
    ...newcomers.map((id) => actorOf(server, id, { key, input: { voters: [], joins: true, limits } })),
  ];
  return defineModel<PaxosHistory>({
    name: `paxos with ${systemNameOf(paxosBounds, given)}`,
    actors: servers,
    requests: servers.flatMap((it) => requestsOf(it, bounds, addressOnNode)),
    network: { kind: network, losses, duplicates },
    // A message that changes nothing now stays on its way: it may still change something later, or never arrive.
    deliveries: 'changing',
    timers: {
      electionRound: elections,
      heartbeatInterval: heartbeats,
      quorumTimeout: quorumChecks,
      handOverTimeout: transfers,
      catchUpRound: lateRounds,
      catchUpPatience: lateRounds,
    },
    // Without crashes, what waits for a record is like a message that takes its time.
    flush: crashes > 0 || network === 'ordered' ? 'step' : 'at-once',
    crashes: { times: crashes },
    ...(compactions === 0 ? {} : { resources: { [snapshotResource]: snapshotTransfers } }),
    unreachableNotices: notices,
    history: { start: emptyHistory, observe: (history, happening) => observePaxos(history, happening, addressOnNode) },
    boundary: (state) =>
      servers.every((it) => {
        const { node, role, snapshot } = state.of(it);
        const round = snapshot?.context.promised?.round ?? 0;
        return (
          round <= ballots && (role !== 'candidate' || (candidates?.[round - 1]?.split('|').includes(node) ?? true))
        );
      }) &&
      (inFlight === undefined || state.network.length <= inFlight),
    always: paxosProperties(servers),
    sometimes: paxosGoalsOf(servers, bounds),
  });
}

type Step = RequestStep<PaxosHistory>;
type State = SystemState<PaxosHistory>;

/** What applications ask of `server`, and when. */
function requestsOf(
  server: PaxosModelServer,
  { nodes, entries, reads, compactions, replacements, changes = [], transfers, leaderLeaves }: PaxosBounds,
  addressOnNode: (node: string) => Address,
): readonly Step[] {
  const times = <T>(length: number, make: (place: number) => T): readonly T[] =>
    Array.from({ length }, (_, place) => make(place));
  const leads = (state: State): boolean => state.of(server).role === 'leader';
  const joining = `n${nodes + 1}`;
  const replacing = {
    leaving: addressOnNode(leaderLeaves ? 'n1' : `n${nodes}`),
    joining: addressOnNode(joining),
    places: { [joining]: `${joining}:1` },
  };
  // Besides the entries, the first voters and the stop-signs have slots: a replacement has two.
  const slots = 1 + entries + 2 * replacements + changes.length;
  return [
    // Each proposes something else: two values of one ballot differ.
    ...times(entries, (place) =>
      request(
        server,
        { type: 'propose', id: place, commands: [new Uint8Array([place])] },
        { when: (state: State) => state.history.proposals === place && leads(state) },
      ),
    ),
    ...times(reads, (place) =>
      request(
        server,
        { type: 'read', id: place },
        { when: (state: State) => state.history.asked.length === place && leads(state) },
      ),
    ),
    ...times(replacements, (place) =>
      request(
        server,
        { type: 'replace', id: place, ...replacing },
        { when: (state: State) => state.history.replacements === place && leads(state) },
      ),
    ),
    ...changes.map((change, place) =>
      request(
        server,
        { type: 'reconfigure', id: place, change: reconfigurationOf(change, addressOnNode) },
        { when: (state: State) => state.history.changes === place && leads(state) },
      ),
    ),
    ...numbered('n', transfers === 0 ? 0 : nodes)
      .map(addressOnNode)
      .filter((to) => to !== server.address)
      .map((to) =>
        request(
          server,
          { type: 'handOver', id: 1, to },
          { when: (state: State) => state.history.transfers < transfers && leads(state) },
        ),
      ),
    ...times(compactions === 0 ? 0 : slots, (place) =>
      request(
        server,
        { type: 'compact', index: place + 1, file: snapshotFileAt(`paxos.server/${key}`, place + 1) },
        { when: (state: State) => state.history.compactions < compactions },
      ),
    ),
  ];
}
