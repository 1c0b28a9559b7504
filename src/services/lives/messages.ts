/** What the witnesses of nodes say to each other. */

import * as v from 'valibot';
import { claim, rollbacks } from './claim.ts';

const ofLife = { number: v.number(), name: v.string() };

export const witnessMessages = {
  /** Judge me. */
  claim,
  /** Who are you? I have not heard since I live. */
  introduce: v.object({}),
  /** Your life is what I know, or news. */
  vouch: v.object(ofLife),
  /** Your life is not what I know. */
  object: v.object({ ...ofLife, rollback: v.picklist(rollbacks), reason: v.string() }),
  /** My journal has grown. */
  position: v.object({ position: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
};
type Message<Type extends keyof typeof witnessMessages> = { readonly type: Type } & Readonly<
  v.InferOutput<(typeof witnessMessages)[Type]>
>;

/** The answer to a claim. */
export type Verdict = Message<'vouch'> | Message<'object'>;
export type PositionMessage = Message<'position'>;
