/** The lives of the peers: judged when they claim to be what this node knows, and remembered for the next time. */

import { type Claim, judgeClaim, type KnownLife, knownOf, type Rollback } from './claim.ts';
import type { LivesMemory } from './memory.ts';
import type { Verdict } from './messages.ts';

export class JudgedPeers {
  readonly #memory: LivesMemory;
  /** Those whose present life was judged and accepted, and what they have said last. */
  readonly #heard = new Map<string, KnownLife>();

  constructor(memory: LivesMemory) {
    this.#memory = memory;
  }

  /** Whether the peer's present life was judged and accepted. */
  has(peer: string): boolean {
    return this.#heard.has(peer);
  }

  /** Judges a claim. @returns undefined for one of no life */
  judge(peer: string, claimed: Claim): Verdict | undefined {
    const known = this.#memory.recall(peer) ?? this.#heard.get(peer);
    const rollback = judgeClaim(known, claimed);
    const life = claimed.lives.at(-1);
    const next = knownOf(claimed);
    if (life === undefined || next === undefined) return undefined;
    const { number, name } = life;
    if (rollback !== undefined && known !== undefined) {
      this.#heard.delete(peer);
      return { type: 'object', number, name, rollback, reason: reasonOf(rollback, known, claimed) };
    }
    this.#note(peer, next);
    return { type: 'vouch', number, name };
  }

  /** The journal of a peer is at least so long. */
  grown(peer: string, position: number): void {
    const known = this.#heard.get(peer);
    if (known !== undefined && position > known.position) this.#note(peer, { ...known, position });
  }

  /** The peer's next life has to be judged anew. */
  forget(peer: string): void {
    this.#heard.delete(peer);
  }

  #note(peer: string, life: KnownLife): void {
    this.#heard.set(peer, life);
    this.#memory.remember(peer, life);
  }
}

function reasonOf(rollback: Rollback, known: KnownLife, { lives, position }: Claim): string {
  const now = lives.at(-1);
  switch (rollback) {
    case 'older-life':
      return `older-life: it has met life ${known.number} of the node, and this is life ${now?.number}`;
    case 'other-life':
      return `other-life: it has met another life ${known.number} of the node, so its directory was copied and ran twice`;
    case 'shorter-journal':
      return `shorter-journal: it knows ${known.position} records of the journal, of which life ${now?.number} began with ${now?.start} and has ${position}`;
  }
}
