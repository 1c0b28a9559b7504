/**
 * By which journal each peer is known, kept in this node's own journal: so a peer that comes back with an empty disk is
 * recognised, also after a restart of this node. A wiped node has forgotten its votes, and would vote twice.
 */

import { filter, map, type Observable } from 'rxjs';
import * as v from 'valibot';
import { addressOf, parseTagged } from '../../statecharts/actor.ts';
import type { Bus, PeerStatus } from '../bus/bus.ts';
import type { PeerMemory } from '../bus/tcp.ts';
import type { Journal } from '../journal/journal.ts';
import { JournalLostError } from './lives/standing.ts';

const name = 'quorate.peer-journals';
const version = 1;
const records = { 'peer-met': v.object({ node: v.string(), journalId: v.string() }) };

/** Emits for each time that a peer refuses this node because it knows it by another journal: a reason to stop. */
export const journalLosses = (bus: Bus): Observable<JournalLostError> =>
  bus.peers.pipe(
    filter(isLostJournal),
    map(
      ({ node: peer, reason }) =>
        new JournalLostError(
          `node '${bus.node}' was known to '${peer}' by another journal (${reason}). Its data was wiped or replaced, and without its votes it must not take part: restore the data directory from a copy no older than its last run, or start a node with a new id in its place`,
        ),
    ),
  );

const isLostJournal = ({ refusal }: PeerStatus): boolean => refusal?.code === 'journal-lost' && refusal.by === 'peer';

/** Whether a journal, from which nothing was taken yet, has such a memory. */
export const hasPeerMemory = (journal: Journal): boolean => journal.actors().includes(addressOf(journal.node, name));

/**
 * Makes the memory over an open journal.
 *
 * @throws RefusedInputError when the journal holds what this program does not read
 */
export function createDurablePeerMemory(journal: Journal): PeerMemory {
  const address = addressOf(journal.node, name);
  const journalIds = new Map<string, string>();
  for (const { record } of journal.take(address)) {
    const { node, journalId } = parseTagged(address, 'record', records, record);
    journalIds.set(node, journalId);
  }
  return {
    recall: (node) => journalIds.get(node),
    rememberPeer(node, journalId) {
      journalIds.set(node, journalId);
      const record = { type: 'peer-met', node, journalId };
      // A peer that was not remembered before a crash is met again; nothing waits for this.
      journal.append([{ actor: address, version, record }], () => {});
    },
  };
}
