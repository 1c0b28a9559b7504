/**
 * A replica of a primary-backup store: one chart of its four roles, after Liskov & Cowling, "Viewstamped Replication Revisited"
 * (2012), cited as `VR`, with an in-sync set as Kafka's (KIP-966: who is in sync may be elected).
 *
 * Deviations and decisions:
 * - A view is an epoch, and its primary is not the next in turn but the one that the authority has recorded: a register with
 *   compare-and-set, replicated by a protocol of its own, keeps epoch, primary and in-sync set. A replica acts on nothing
 *   else; what another replica says makes it ask. Messages to the authority are repeated until it has answered, and mean the
 *   same again, as the version that a change expects is its identity.
 * - The view change (VR §4.2) is held within the in-sync set. Who takes part promises durably to take nothing more of the
 *   configuration's version, so that what it said of its log stays true until there is another version. Who gathers the promises
 *   asks the authority for the replica whose log lacks least. A primary that is still there asks for another version itself,
 *   with the same compare-and-set: exactly one of both is recorded.
 * - How many hold a write before it is acknowledged, how many are heard as a primary is chosen, and how many confirm a read
 *   are one choice of the store (`configuration.ts`). As long as a change of the in-sync set is not decided, both sets decide
 *   together. A member that is silent is not waited for once the authority has recorded the set without it.
 * - Acknowledgements of an earlier epoch may still be on their way when a later one begins. They are of what the later primary
 *   holds, too; of what was written asynchronously, all but `maxLoss` entries.
 * - Logs are durable, so VR's recovery protocol (§4.3) is not needed: a replica that was down asks what the configuration is.
 *   One that was primary is so never again in that epoch, as it may have sent what it lost.
 * - What an earlier epoch has left in a log, and no later primary has, is discarded and reported.
 * - Backups are told only of what survives every failover, so that no backup delivers what is lost afterwards.
 * - The bytes of snapshots are in files of the node, and are fetched beside the protocol.
 */

import { defineActor } from '../actor/define.ts';
import { given } from '../actor/given.ts';
import { backup } from './backup.ts';
import { catchingUp } from './catching-up.ts';
import { memory, newReplica, roles } from './context.ts';
import { fenced } from './fenced.ts';
import { type authorityMessages, messages, own, type peerMessages, requests } from './messages.ts';
import { primary } from './primary.ts';
import { type ReplicaRules, replicaRules } from './rules.ts';
import { replicaView } from './view.ts';
import { bindReplica, delays, replica } from './vocabulary.ts';

/** What keeps configurations is called so, wherever it lives. */
export const authorityName = 'primary-backup.authority';

/** The chart of a replica. */
export const replicaChart = replica.createMachine({
  id: 'primary-backup-replica',
  context: given,
  entry: 'begin',
  initial: 'fenced',
  states: { fenced, catchingUp, backup, primary },
});

/** Replicas speak to each other, and the authority alone says what the configuration is. */
const senders = {
  append: 'peer',
  appended: 'peer',
  outdated: 'peer',
  elect: 'peer',
  promise: 'peer',
  installSnapshot: 'peer',
  snapshotReply: 'peer',
  configured: { actor: authorityName },
} as const satisfies Record<keyof typeof peerMessages | keyof typeof authorityMessages, unknown>;

/** The actor over `rules`; anything but the true rules is for proofs that a fault would be found. */
export const defineReplica = (rules: ReplicaRules = replicaRules) =>
  defineActor({
    name: 'primary-backup.replica',
    chart: replicaChart.provide(bindReplica(rules)),
    roles,
    view: replicaView,
    messages,
    senders,
    own,
    requests,
    hearsUnreachable: true,
    performs: true,
    records: memory,
    delays,
    input: newReplica,
  });

/**
 * The actor `primary-backup.replica`: start it with `{ replicas, authority, mode?, maxLoss?, limits? }`, ask it with
 * `propose`, `read`, `compact` and `handOver`, and listen to what it delivers. See `messages.ts`.
 */
export const primaryBackupReplica = defineReplica();
