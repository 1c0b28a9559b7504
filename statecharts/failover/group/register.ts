/**
 * What the register of a group is asked, and what it says. It answers every question and every change, even a refused one,
 * with the standing as it is then; so whether a change happened is seen in the standing. What is lost is asked again.
 */

import * as v from 'valibot';
import type { Senders, TaggedBy } from '../../actor.ts';
import { managerName, standbyName } from '../addresses.ts';
import { change } from './changes.ts';
import { standing } from './standing.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const registerMessages = {
  /** How does the group stand, after all that was recorded before this question? `asked` comes back with the answer. */
  enquire: v.object({ asked: natural }),
  record: v.object({ change }),
};
export type RegisterMessage = TaggedBy<typeof registerMessages>;

export const registerSenders = {
  enquire: [{ actor: managerName }, { actor: standbyName }],
  record: { actor: managerName },
} satisfies Senders<RegisterMessage['type']>;

export const recordedMessage = {
  /** `asked`: which question it answers; null where it answers a change, or none. */
  recorded: v.object({ standing, asked: v.nullable(natural) }),
};

/** What a register says to the manager on its node. */
export const registerAnswers = {
  ...recordedMessage,
  /** The own node leads the log now. */
  leads: v.object({}),
  /** It does not any more. */
  follows: v.object({}),
};
export type RegisterAnswer = TaggedBy<typeof registerAnswers>;
