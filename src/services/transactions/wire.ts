/** What is asked of a running manager over the bus, at `NODE/txn.manager/`, and what it answers. */

import * as v from 'valibot';
import type { Schemas } from '../../../statecharts/actor.ts';
import { transactionOutcome } from './inquiry.ts';
import { listedTransaction } from './listing.ts';
import { resourceReport } from './recovery.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Chosen by the asker; comes back with the answer. */
const asked = { request: count };

/** More transactions than this are not listed, only counted. */
export const maxListed = 1_000;

export const managerRequests = {
  'ask-outcome': v.object({ ...asked, transaction: v.pipe(v.string(), v.maxLength(256)) }),
  'ask-list': v.object(asked),
  /** Make a pass of recovery, and say what it found. */
  'ask-recover': v.object(asked),
} satisfies Schemas;

export const managerAnswers = {
  outcome: v.object({ ...asked, ...transactionOutcome.entries }),
  list: v.object({ ...asked, transactions: v.array(listedTransaction), omitted: count }),
  recovered: v.object({ ...asked, reports: v.array(resourceReport) }),
} satisfies Schemas;
