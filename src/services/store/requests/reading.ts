/** The ways in which a question may be answered: what each is worth to its asker, and how it travels. */

import { isNatural } from '../codec.ts';
import { MalformedRequestError } from '../errors.ts';
import type { Body } from './wire.ts';

/** What an answer holds, and where it comes from; see `Reading`. */
export const consistencies = ['linearizable', 'lease', 'follower', 'stale'] as const;
export type Consistency = (typeof consistencies)[number];

/** What an answer must hold. */
export interface Reading {
  /**
   * `linearizable` (the default): the answer reflects every write that was acknowledged before the question was asked.
   * `lease`: the same, as long as clocks drift no more than the store's bound, without asking the other nodes (see
   * `LogTiming.leaseDriftPpm`); where the leader holds no lease, it asks them. `follower`: linearizable, from whichever node
   * is near, which asks the leader how far its state must have come. `stale`: the answer of whichever node is near, as of
   * what it has applied. One that was started and has not applied yet what it had gives none: NotCaughtUpError.
   */
  readonly consistency?: Consistency;
  /**
   * Of a stale answer: it holds every write that was acknowledged so many milliseconds before the node that gives it took
   * the question, by its clock; TooStaleError when nothing shows that within the deadline. Default: any.
   */
  readonly maxStalenessMs?: number;
}

type Asked = Omit<Extract<Body, { type: 'query' }>, 'type' | 'question'>;

/** How a question is to be answered, as it travels. @throws MalformedRequestError */
export function readingOf({ consistency = 'linearizable', maxStalenessMs }: Reading): Asked {
  if (maxStalenessMs !== undefined) {
    if (consistency !== 'stale' || !isNatural(maxStalenessMs)) {
      throw new MalformedRequestError(
        `expected maxStalenessMs to be an integer of 0 or more, of a stale read, got ${maxStalenessMs} of one that is ${consistency}`,
      );
    }
    return { stale: false, how: 'follower', maxStalenessMs };
  }
  switch (consistency) {
    case 'stale':
      return { stale: true };
    case 'linearizable':
      return { stale: false };
    case 'lease':
    case 'follower':
      return { stale: false, how: consistency };
  }
}
