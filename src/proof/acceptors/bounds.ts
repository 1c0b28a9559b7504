/** What may happen to acceptors that are checked, and to those who propose to them, whatever protocol they belong to. */

import { budget, count, flag } from '../bounds.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const acceptorBounds = {
  acceptors: count({
    about: 'acceptors, on nodes n1, n2, ...; those that propose are the first of them',
    unit: ['acceptor', 'acceptors'],
    least: 1,
    most: 5,
    default: 3,
  }),
  ballots: budget({
    about: 'ballots after the first of each proposer that follow a refusal',
    unit: ['further ballot', 'further ballots'],
    default: 1,
  }),
  crashes: count({
    about: 'crashes, each followed by a restart at any time; what was not durable is lost',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  flushes: flag({
    about: 'let records become durable in steps of their own, and not at once',
    default: true,
    otherwise: 'durable at once',
  }),
};
