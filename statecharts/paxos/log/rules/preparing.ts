/** What a candidate asks acceptors for. */

import type { Ballot } from '../../ballot.ts';
import type { ServerContext } from '../context.ts';

/** Paxos 1a: asks for the promise, and for what was accepted from slot `index` on. */
export const preparing = ({ askedBy }: ServerContext, ballot: Ballot, index: number) =>
  ({ type: 'prepare', ballot, index, ...(askedBy === null ? {} : { askedBy }) }) as const;
