/**
 * What CASPaxos claims of every run (Rystsov, CASPaxos, 2018, §2.2 and appendix A), each said once, over texts to which every
 * change adds a mark of its own: so a text tells which changes it comes of, in their order. A problem is told in words.
 */

import { type Acceptors, ballotText, isLater, sameBallot } from '../../../statecharts/paxos.ts';
import { misledBy, type Remembered } from '../acceptors/misled.ts';
import type { CastVote, Vote } from '../acceptors/votes.ts';
import { ofAnyTwo, type Problem } from '../claim.ts';

/** `text` with one more mark. */
export const marked = (text: string, mark: string): string => `${text}${mark} `;

/** The marks of a text, in their order. */
export const marksIn = (text: string): readonly string[] => text.split(' ').filter((mark) => mark !== '');

/** Whether `text` is what became of `earlier`, or the same. */
export const comesOf = (text: string, earlier: string): boolean => text.startsWith(earlier);

/** A ballot has one value. */
export const oneValuePerBallot = (votes: readonly Vote[]): Problem =>
  ofAnyTwo(votes, (one, other) =>
    one.value === other.value || !sameBallot(one.ballot, other.ballot)
      ? undefined
      : `one value per ballot: ${ballotText(one.ballot)} has '${one.value}' and '${other.value}'`,
  );

/** Each change is made to the latest chosen value: what is accepted later comes of what is chosen. */
export function chain(choices: readonly Vote[], votes: readonly CastVote[]): Problem {
  for (const chosen of choices) {
    const stray = votes.find(({ ballot, value }) => isLater(ballot, chosen.ballot) && !comesOf(value, chosen.value));
    if (stray === undefined) continue;
    return `chain: '${chosen.value}' is chosen at ${ballotText(chosen.ballot)}, and '${stray.value}' accepted at ${ballotText(stray.ballot)}`;
  }
  return undefined;
}

/** What a client is told, as the value that it read or that its change came to, a quorum has accepted. */
export function toldIsChosen(told: readonly string[], choices: readonly Vote[]): Problem {
  const stray = told.find((text) => !choices.some(({ value }) => value === text));
  return stray === undefined ? undefined : `durability: '${stray}' is told, and no quorum has accepted it`;
}

/** Chosen stays chosen: whichever quorum of phase 1 is asked from now on, the next change is made to all that was told (P2c). */
export function remembersTold(told: readonly string[], configuration: Acceptors, remembered: Remembered): Problem {
  const latest = told.at(-1) ?? '';
  if (latest === '') return undefined;
  const misled = misledBy(configuration, remembered, (text) => comesOf(text, latest));
  return misled === undefined
    ? undefined
    : `durability: '${latest}' is told, and a quorum of acceptors remembers '${misled?.value ?? ''}' as the latest`;
}

/** No change happens twice. */
export function once(votes: readonly Vote[]): Problem {
  const twice = votes.find(({ value }) => new Set(marksIn(value)).size < marksIn(value).length);
  return twice === undefined ? undefined : `once: '${twice.value}' has a change twice`;
}

/** Linearizability: a client is told of all that any client was told of before it asked, which is `floor`. */
export const seesAllTold = (text: string, floor: string): Problem =>
  comesOf(text, floor) ? undefined : `linearizability: '${text}' is told, and '${floor}' was before it was asked for`;
