/** How much of this node's journal each peer was told of. */

import type { LivesMemory } from './memory.ts';

export class ToldPositions {
  readonly #memory: LivesMemory;
  /** Which position, and how much of the news. */
  readonly #told = new Map<string, Pick<LivesMemory, 'position' | 'news'>>();

  constructor(memory: LivesMemory) {
    this.#memory = memory;
  }

  /** The peer is told of all that there is. */
  note(peer: string): number {
    const { position, news } = this.#memory;
    this.#told.set(peer, { position, news });
    return position;
  }

  /** Told with every message, so that a lost one takes no knowledge along: the last position that was news to the peer. */
  positionFor(peer: string): number {
    const { position, news } = this.#memory;
    const last = this.#told.get(peer);
    if (last !== undefined && (last.position === position || (news !== undefined && last.news === news))) {
      return last.position;
    }
    return this.note(peer);
  }

  /** What the peer is to be told because no message has told it; undefined when nothing is news to it. */
  newsFor(peer: string): number | undefined {
    const last = this.#told.get(peer)?.position;
    const position = this.positionFor(peer);
    return position === last ? undefined : position;
  }

  forget(peer: string): void {
    this.#told.delete(peer);
  }
}
