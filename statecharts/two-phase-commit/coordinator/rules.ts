/**
 * The rules of the coordinator, after Gray & Reuter, Transaction Processing (1993), ch. 10-11, with presumed abort
 * (Mohan, Lindsay & Obermarck, TODS 1986, §3) and, for a decision kept in a register or with acceptors, after Gray &
 * Lamport, Consensus on Transaction Commit (2006), §4 and §6. Pure functions; the chart says when each applies.
 */

import type { CoordinatorContext as Context } from './context.ts';
import { acceptorsRules } from './rules/acceptors.ts';
import { decisionRules } from './rules/decision.ts';
import { inquiryRules } from './rules/inquiries.ts';
import { registerRules } from './rules/register.ts';
import { voteRules } from './rules/votes.ts';

export type { RegisterAnswer } from './rules/register.ts';

export const coordinatorRules = {
  ...voteRules,
  ...decisionRules,
  ...registerRules,
  ...acceptorsRules,
  ...inquiryRules,

  wasRecovered: ({ begun }: Context): boolean => begun === 'recovered',
  wasLeading: ({ begun, outcome }: Context): boolean => begun === 'recovered' && outcome === null,
  wasInquired: ({ begun }: Context): boolean => begun === 'inquired',
  takesOver: ({ begun }: Context): boolean => begun === 'take-over',
};

/** The rules of a coordinator; a proof replaces one of them to show that it would be missed. */
export type CoordinatorRules = typeof coordinatorRules;
