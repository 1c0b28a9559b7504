/**
 * What a manager asks to be recorded. Each change belongs to its term and follows one revision; and what it wants it names
 * outright (this epoch, this version, these members), so that it means the same when it is asked again, and is nothing new
 * once it has happened.
 */

import * as v from 'valibot';
import { isId } from '../../actor.ts';
import { loss, member, members, reasons, serverName } from './standing.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const node = v.pipe(v.string(), v.check(isId, 'expected the name of a node'));

/** Of which term, and which revision it is to follow. */
const basis = { term: positive, expected: natural };

/** A change as it is asked for. */
export const change = v.variant('type', [
  /** The manager on `node` is in office from now on; `term` is the new one. */
  v.object({ type: v.literal('takeOffice'), ...basis, node }),
  /** Begin the epoch: another primary is to be found, `target` if it is planned. */
  v.object({
    type: v.literal('elect'),
    ...basis,
    epoch: positive,
    reason: v.picklist(reasons),
    target: v.nullable(serverName),
  }),
  /** No primary can be chosen in the epoch for now. */
  v.object({ type: v.literal('degrade'), ...basis, epoch: positive }),
  /** It is this one; `inSync`: the others that are known to hold all that was acknowledged. */
  v.object({
    type: v.literal('choose'),
    ...basis,
    epoch: positive,
    candidate: member,
    /** Where its data end, and what it writes as primary begins. */
    offset: natural,
    inSync: members,
    loss: v.nullable(loss),
  }),
  /** The candidate is primary, and with it `history` begins. */
  v.object({ type: v.literal('promoted'), ...basis, epoch: positive, history: v.string() }),
  /** As many follow it as confirm a write. */
  v.object({ type: v.literal('redirected'), ...basis, epoch: positive }),
  /** And have done so for long enough. */
  v.object({ type: v.literal('settled'), ...basis, epoch: positive }),
  /** These are in sync from now on, those that were among them; the primary is told afterwards. */
  v.object({ type: v.literal('grow'), ...basis, epoch: positive, version: positive, members }),
  /** These alone are to be in sync; the primary is told afterwards. */
  v.object({ type: v.literal('shrink'), ...basis, epoch: positive, version: positive, members }),
  /** It waits for these alone, and each of them holds what it did. */
  v.object({ type: v.literal('shrunk'), ...basis, epoch: positive, version: positive }),
  /** No failover begins by itself while this is on. */
  v.object({ type: v.literal('maintain'), ...basis, isOn: v.boolean() }),
  /** The operator has looked: failovers begin by themselves again. */
  v.object({ type: v.literal('resume'), ...basis }),
  /** In this epoch a primary may be chosen that lacks what was acknowledged. */
  v.object({ type: v.literal('allowLoss'), ...basis, epoch: positive }),
]);
export type Change = Readonly<v.InferOutput<typeof change>>;
export type ChangeOf<Type extends Change['type']> = Extract<Change, { type: Type }>;

type WithoutBasis<C> = C extends unknown ? Omit<C, keyof typeof basis> : never;
/** What is wanted, whichever revision it will follow. */
export type Wanted = WithoutBasis<Change>;
