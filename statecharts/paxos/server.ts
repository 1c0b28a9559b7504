/**
 * A server of a Multi-Paxos log: distinguished proposer, acceptor and learner of all slots in one chart, after Leslie
 * Lamport, "Paxos Made Simple" (2001), §3. Transitions cite its phases as `Paxos 1a` to `Paxos 2b`. With the engineering of
 * Chandra, Griesemer & Redstone, "Paxos Made Live" (2007): a stable leader, snapshots, reads without a slot.
 *
 * Deviations and decisions:
 * - Leaders are elected as in Ng, Haridi & Carbone, "Omni-Paxos" (2023): a server stands when it hears a quorum of each phase,
 *   none of whom is led; it need not see the last leader, nor has anybody to see all. Beats are told, and not asked for, so
 *   that a server may stand that is not heard itself: it gets no promises. A ballot is raised as a server stands, and not a
 *   round before; two that stand at once are told apart by their ballots. Refusals are told, and stop a leader at once.
 * - A ballot is durable as a promise to oneself before its prepare leaves, so that no life uses one twice.
 * - Promises are told in parts, each asked for. What the acceptor knows to be chosen is learned from them at once; a slot that
 *   it has compacted makes the candidate fetch the snapshot first, while that acceptor, which does not count as led by it,
 *   or any other server that is further may stand: so no server that could lead without a snapshot waits for one.
 * - A leader may send a follower what is chosen as proposals at its own ballot: nothing else can be proposed there.
 * - A follower learns what is chosen from the leader's commit index, of slots that it accepted at that leader's ballot.
 * - Slots may be accepted with holes before them, within a window. They are committed in order.
 * - The sizes of quorums are those of the configuration (Howard, Malkhi & Spiegelman 2016, Flexible Paxos): a read is
 *   confirmed by as many as share one with every quorum of phase 1.
 * - The first voters are a stop-sign in slot 1, chosen at ballot (0, first voter), which all of them begin with.
 * - Members change by stop-signs (Lamport, Malkhi & Zhou 2008, Stoppable Paxos), and not by a window alpha: the next configuration decides the
 *   slots after one, which nobody may propose before it is chosen. So the pipeline needs no bound. The leader that was the
 *   first to propose a stop-sign goes on at its ballot; one that took it over stands again, in the next configuration.
 *   Acceptors answer for any configuration: who counts them knows which one decides.
 * - Leadership is handed over as in Raft (Ongaro 2014, §3.10): the server that is told to stand raises its ballot above the
 *   leader's, and does what any candidate does. It is told once; what is lost costs a round, and may be asked for again.
 * - A stop-sign is chosen by those whom it may send away, so a change is not over before those of the next configuration know
 *   it. Who hears a beat of a server that it does not count in answers, for it may be needed to elect a leader there.
 * - Who has left the cluster is not spoken to, so it hears no quorum and does not stand; it is promised nothing.
 */

import { defineActor } from '../actor/define.ts';
import { given } from '../actor/given.ts';
import { candidate } from './log/candidate.ts';
import { memory, newServer, roles } from './log/context.ts';
import { follower } from './log/follower.ts';
import { leader } from './log/leader.ts';
import { messages, own, requests } from './log/messages.ts';
import { type PaxosRules, paxosRules } from './log/rules.ts';
import { serverView } from './log/view.ts';
import { bindServer, delays, paxos } from './log/vocabulary.ts';

/** The chart of a server. */
export const serverChart = paxos.createMachine({
  id: 'paxos-server',
  context: given,
  entry: 'begin',
  initial: 'follower',
  states: { follower, candidate, leader },
});

/** The actor over `rules`; anything but the true rules is for proofs that a fault would be found. */
export const definePaxosServer = (rules: PaxosRules = paxosRules) =>
  defineActor({
    name: 'paxos.server',
    chart: serverChart.provide(bindServer(rules)),
    roles,
    view: serverView,
    messages,
    senders: 'peer',
    own,
    requests,
    hearsUnreachable: true,
    performs: true,
    records: memory,
    delays,
    input: newServer,
  });

/**
 * The actor `paxos.server`: start it with `{ voters, sizes?, limits? }`, ask it with `propose`, `read`, `compact`,
 * `replace` and `handOver`, and listen to what it delivers. Messages, requests and outputs are described in `log/messages.ts`.
 */
export const paxosServer = definePaxosServer();
