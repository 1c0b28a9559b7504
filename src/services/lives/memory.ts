/**
 * What a node remembers of lives, in its own journal: its own last ones, and of each peer the latest one that it has met.
 * What it knows of peers waits for `recordDelayMs`, and then for the next flush, at most for `unforcedDelayMs`: nothing else
 * waits for it.
 */

import * as v from 'valibot';
import { addressOf, parseTagged, type Tagged } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Ids } from '../../environment/ids.ts';
import type { Journal } from '../../journal/journal.ts';
import { type Claim, type KnownLife, knownLife, type Life, life, toldLives } from './claim.ts';

const name = 'quorate.lives';
const version = 1;
const rollback = v.object({ by: v.string(), reason: v.string() });
const records = {
  'own-lives': v.object({ lives: v.array(life), rollback: v.nullable(rollback) }),
  'peers-lives': v.object({ peers: v.record(v.string(), knownLife) }),
};

/** A peer's word that this journal is not what it was. */
export type ToldRollback = Readonly<v.InferOutput<typeof rollback>>;

/** How long a change of what is known of peers may wait before it goes to the journal, in milliseconds. */
export const recordDelayMs = 10;

export interface LivesMemory {
  /** Calls `run` once this life is durable; before that, nothing of the node may be said to anybody. */
  whenDurable(run: () => void): void;
  /** What this node says of itself now. */
  claim(): Claim;
  /** The position of its journal. */
  readonly position: number;
  /**
   * Grows when anything but this memory has made records durable: there is something to tell. Undefined while it is not
   * known which of the durable records are this memory's own.
   */
  readonly news: number | undefined;
  /** What a peer has said of this journal in an earlier life, or in this one, and no peer has taken back. */
  readonly rollback: ToldRollback | undefined;
  /** Keeps it, or forgets it, so that the next life knows. */
  setRollback(told: ToldRollback | undefined): void;
  recall(peer: string): KnownLife | undefined;
  remember(peer: string, known: KnownLife): void;
  /** Hands what waits to the journal at once, as before the node stops. */
  flush(): void;
}

/** Whether a journal, from which nothing was taken yet, remembers a life. */
export const hasLived = (journal: Journal): boolean => journal.actors().includes(addressOf(journal.node, name, 'own'));

export interface LivesMemoryParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Whether `node` is one of those that are remembered: the memory is bounded by the membership. */
  isPeer(node: string): boolean;
}

/**
 * Opens the memory over an open journal, and begins a life. While a peer's word that the journal was rolled back stands,
 * the last life goes on instead: a node that is started again and again must not grow its way out of it.
 *
 * @throws RefusedInputError when the journal holds what this program does not read
 */
export function beginLife({ journal, clock, ids, isPeer }: LivesMemoryParts): LivesMemory {
  const ownAddress = addressOf(journal.node, name, 'own');
  const peersAddress = addressOf(journal.node, name, 'peers');
  const start = journal.position;
  let lives: readonly Life[] = [];
  let told: ToldRollback | undefined;
  const peers = new Map<string, KnownLife>();
  let written = 0;
  let writing = 0;
  for (const { record } of journal.take(ownAddress)) {
    const own = parseTagged(ownAddress, 'record', records, record);
    if (own.type !== 'own-lives') continue;
    lives = own.lives;
    told = own.rollback ?? undefined;
  }
  for (const { record } of journal.take(peersAddress)) {
    const known = parseTagged(peersAddress, 'record', records, record);
    if (known.type === 'peers-lives') for (const [peer, it] of Object.entries(known.peers)) peers.set(peer, it);
  }

  const append = (actor: typeof ownAddress, record: Tagged, how: 'forced' | 'unforced', done?: (e?: Error) => void) => {
    writing += 1;
    journal.append(
      [{ actor, version, record, replaces: 'checkpoint' }],
      (error) => {
        writing -= 1;
        if (error === undefined) written += 1;
        done?.(error);
      },
      how,
    );
  };
  const writeOwn = (done?: (error?: Error) => void): void => {
    const record = { type: 'own-lives', lives, rollback: told ?? null };
    append(ownAddress, record, 'forced', done);
  };
  /** What changes within a moment shares one record: peers may tell of each flush. */
  let isDue = false;
  const writePeers = (): void => {
    if (!isDue) return;
    isDue = false;
    const members = [...peers].filter(([peer]) => isPeer(peer)).sort(([a], [b]) => (a < b ? -1 : 1));
    const record = { type: 'peers-lives', peers: Object.fromEntries(members) };
    append(peersAddress, record, 'unforced');
  };
  const writePeersSoon = (): void => {
    if (isDue) return;
    isDue = true;
    clock.setTimeout(writePeers, recordDelayMs);
  };

  let isDurable = false;
  const waiting: (() => void)[] = [];
  const begun = (): void => {
    isDurable = true;
    for (const run of waiting.splice(0)) run();
  };
  const last = lives.at(-1);
  if (last === undefined || told === undefined) {
    lives = [...lives, { number: (last?.number ?? 0) + 1, name: ids.next(), start }].slice(-toldLives);
    writeOwn((error) => {
      if (error === undefined) begun();
    });
  } else {
    begun();
  }
  return {
    whenDurable(run) {
      if (isDurable) run();
      else waiting.push(run);
    },
    claim: () => ({ lives, position: journal.position }),
    get position() {
      return journal.position;
    },
    get news() {
      return writing === 0 ? journal.position - written : undefined;
    },
    get rollback() {
      return told;
    },
    setRollback(next) {
      if (next?.by === told?.by && next?.reason === told?.reason) return;
      told = next;
      writeOwn();
    },
    flush: writePeers,
    recall: (peer) => peers.get(peer),
    remember(peer, known) {
      if (!isPeer(peer)) return;
      const before = peers.get(peer);
      peers.set(peer, known);
      if (before?.name !== known.name || before.position !== known.position) writePeersSoon();
    },
  };
}
