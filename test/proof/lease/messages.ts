/**
 * Leases (Gray & Cheriton 1989), as a protocol that follows CONTRIBUTING's steps: a grantor gives out one lease at a
 * time, and each under an epoch of its own, which is greater than every one before.
 *
 * Deviation: nobody relies on clocks. A holder may take a lease for its own when that is over; what it does then is known
 * by its epoch, and fenced off by whatever it does that to.
 */

import * as v from 'valibot';
import type { TaggedBy } from '../../../statecharts/actor.ts';

const epoch = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** What holders say to the grantor. */
export const grantorMessages = { ask: v.object({}) };
/** What the grantor says to holders. */
export const holderMessages = { grant: v.object({ epoch }) };
/** What applications ask of a holder. */
export const holderRequests = { acquire: v.object({}) };
/** What the grantor writes down. */
export const grantorRecords = { granted: v.object({ epoch, holder: v.string() }) };

export type Ask = TaggedBy<typeof grantorMessages>;
export type Grant = TaggedBy<typeof holderMessages>;
export type Acquire = TaggedBy<typeof holderRequests>;
export type Granted = TaggedBy<typeof grantorRecords>;
export type Held = { readonly type: 'held'; readonly epoch: number };
