/**
 * Where entries are seen in what servers of logs say, write and deliver. All three protocols speak of entries in the same
 * form: a place in the log, and who put it there.
 */

import { type Address, nodeOf, partsOf, type Tagged } from '../../statecharts/actor.ts';
import { paxosServer } from '../../statecharts/paxos.ts';
import { primaryBackupReplica } from '../../statecharts/primary-backup.ts';
import { raftServer } from '../../statecharts/raft.ts';

const servers: readonly string[] = [raftServer.name, paxosServer.name, primaryBackupReplica.name];

/** An entry of a log. */
export interface SeenEntry {
  readonly index: number;
  readonly token: string | number;
  /** Of its command; undefined in an entry that the log made for itself. */
  readonly bytes: number | undefined;
}

/** The key of the log that an actor serves; undefined for any other actor. */
export function logServedBy(actor: Address): string | undefined {
  const { name, key } = partsOf(actor);
  return servers.includes(name) ? key : undefined;
}

/** The entries in a message, a record or an output, in order. */
export function entriesIn(tagged: Tagged): readonly SeenEntry[] {
  if (!('entries' in tagged) || !Array.isArray(tagged.entries)) return [];
  const ballot = 'ballot' in tagged ? tokenOfBallot(tagged.ballot) : undefined;
  return tagged.entries.flatMap((entry: unknown) => entryIn(entry, ballot) ?? []);
}

/** Up to where another server says that its log holds what this one sent; undefined where it says no such thing. */
export function acknowledgedIn(heard: Tagged): number | undefined {
  if (heard.type === 'appendReply' && 'matches' in heard && heard.matches === true && 'index' in heard) {
    return Number(heard.index);
  }
  return heard.type === 'accepted' && 'upTo' in heard ? Number(heard.upTo) : undefined;
}

/** Whether a message goes to, or comes from, another node. */
export const isBetweenNodes = (from: Address, to: Address): boolean => nodeOf(from) !== nodeOf(to);

function entryIn(entry: unknown, ballot: string | undefined): SeenEntry | undefined {
  if (typeof entry !== 'object' || entry === null || !('index' in entry)) return undefined;
  const { index } = entry;
  const token = tokenOf(entry) ?? ballot;
  if (typeof index !== 'number' || token === undefined) return undefined;
  return { index, token, bytes: 'data' in entry && entry.data instanceof Uint8Array ? entry.data.length : undefined };
}

/** With Paxos, an entry that is proposed again keeps the ballot at which it was proposed first. */
function tokenOf(entry: object): string | number | undefined {
  if ('term' in entry && typeof entry.term === 'number') return entry.term;
  if ('epoch' in entry && typeof entry.epoch === 'number') return entry.epoch;
  return 'origin' in entry ? tokenOfBallot(entry.origin) : undefined;
}

function tokenOfBallot(ballot: unknown): string | undefined {
  if (typeof ballot !== 'object' || ballot === null || !('round' in ballot && 'proposer' in ballot)) return undefined;
  return `${String(ballot.round)} of ${String(ballot.proposer)}`;
}
