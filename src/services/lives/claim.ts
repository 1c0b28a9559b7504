/**
 * Lives of nodes. Each start of a node begins a life: it has a number, one more than the last, and a random name, both
 * durable before the node speaks. A node claims towards each peer which lives its journal remembers and how many records
 * it holds; a peer that has met it judges by what it knows itself, and so tells a journal that was rolled back, by an old
 * copy or by a disk that lost what it had called durable, from one that only was away.
 */

import * as v from 'valibot';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** `start`: the position of the journal when the life began, before anything that it wrote. */
export const life = v.object({ number: natural, name, start: natural });
export type Life = Readonly<v.InferOutput<typeof life>>;

/** As many of the last lives are told; a node that was away for more of another's lives judges by the oldest of them. */
export const toldLives = 256;

/** What a node says of itself: its last lives, oldest first, the present one at the end, and its journal's position. */
export const claim = v.object({
  lives: v.pipe(v.array(life), v.minLength(1), v.maxLength(toldLives), v.readonly()),
  position: natural,
});
export type Claim = Readonly<v.InferOutput<typeof claim>>;

/** What a node knows of a peer: its latest life, and the position of its journal when it last told it. */
export const knownLife = v.object({ number: natural, name, position: natural });
export type KnownLife = Readonly<v.InferOutput<typeof knownLife>>;

/** Why a claim is refused; stable, for programs. */
export const rollbacks = ['older-life', 'other-life', 'shorter-journal'] as const;
export type Rollback = (typeof rollbacks)[number];

/** @returns why the journal behind `claimed` is not the one that is known, or undefined when it may be */
export function judgeClaim(known: KnownLife | undefined, { lives, position }: Claim): Rollback | undefined {
  const present = lives.at(-1);
  if (known === undefined || present === undefined) return undefined;
  if (present.number < known.number) return 'older-life';
  const same = lives.find(({ number }) => number === known.number);
  if (same !== undefined && same.name !== known.name) return 'other-life';
  // A life that followed began with what was durable at the end of the known one, which was no less than is known of it.
  const reached = present.number === known.number ? position : lives.find(({ number }) => number > known.number)?.start;
  return reached !== undefined && reached < known.position ? 'shorter-journal' : undefined;
}

/** What is known of a peer once its claim was accepted. */
export function knownOf({ lives, position }: Claim): KnownLife | undefined {
  const present = lives.at(-1);
  return present && { number: present.number, name: present.name, position };
}
