/**
 * A Raft server: one chart of the four roles, after Diego Ongaro, "Consensus: Bridging Theory and Practice" (2014).
 *
 * Deviations and decisions:
 * - Pre-vote (§9.6) and check-quorum (§6.2) are always on; a candidate whose election fails asks for pre-votes again.
 * - Term and vote are durable before a candidate asks for votes, and its own vote counts only then (§3.8).
 * - The first voters are the first entry of the log, (1, term 0); every quorum comes from the latest configuration (§4.1).
 * - One server is replaced at a time: as a learner first (§4.2.1), then by joint consensus (§4.3), and not by the changes
 *   of a single server of §4.1, between two of which a cluster of three would have four voters, or two.
 * - Leadership is handed over (§3.10) only by a leader that knows what is committed. It tells the other server once; a
 *   message that is lost costs an election timeout, after which the hand-over may be asked for again.
 * - Who may be heard at all is the definition's `senders`; leaders and candidates outside the own configuration are
 *   answered as the paper has it (§4.1), but for those who have left, and only the votes of voters are counted.
 * - The bytes of a snapshot are in a file of the node, and the receiver fetches them beside the protocol (Figure 5.3 sends
 *   them in chunks of InstallSnapshot); it is in force once it is whole and durable.
 * - Compaction leaves some entries before the snapshot in the log, so that a slow follower needs no snapshot.
 *
 * `src/proof/raft/broken.ts` holds broken twins of these rules, which the proofs must find out; a new rule comes with one.
 */

import { defineActor } from '../actor/define.ts';
import { given } from '../actor/given.ts';
import { candidate } from './candidate.ts';
import { memory, newServer, roles } from './context.ts';
import { follower } from './follower.ts';
import { leader } from './leader.ts';
import { messages, own, requests } from './messages.ts';
import { preCandidate } from './pre-candidate.ts';
import { type RaftRules, raftRules } from './rules.ts';
import { serverView } from './view.ts';
import { bindServer, delays, raft } from './vocabulary.ts';

/** The chart of a server. */
export const serverChart = raft.createMachine({
  id: 'raft-server',
  context: given,
  entry: 'begin',
  initial: 'follower',
  states: { follower, preCandidate, candidate, leader },
});

/** The actor over `rules`; anything but the true rules is for proofs that a fault would be found. */
export const defineServer = (rules: RaftRules = raftRules) =>
  defineActor({
    name: 'raft.server',
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
 * The actor `raft.server`: start it with `{ voters, limits? }`, ask it with `propose`, `read` and `compact`, and listen
 * to what it delivers. Messages, requests and outputs are described in `messages.ts`.
 */
export const raftServer = defineServer();
