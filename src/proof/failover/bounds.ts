/** What may happen to a group of servers that is checked, and how often. */

import { type BoundsOf, choice, count, type GivenBounds } from '../bounds.ts';
import { keepers } from './group/clients.ts';
import { memories } from './group/lives.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const failoverBounds = {
  servers: count({
    about: 'servers, of which the first is primary in the beginning, and the others follow it',
    unit: ['server', 'servers'],
    least: 2,
    most: 5,
    default: 3,
  }),
  late: count({
    about: 'of these, standbys that are not in sync in the beginning',
    unit: ['late standby', 'late standbys'],
    most: 4,
    default: 0,
  }),
  confirmations: count({
    about: 'members of the in-sync set that must hold a write before it is acknowledged',
    unit: ['confirmation', 'confirmations'],
    least: 1,
    most: 4,
    default: 1,
  }),
  keeper: choice({
    about: 'who holds acknowledgements back until then',
    of: keepers,
    default: 'proxies',
    unit: 'keep acknowledgements',
  }),
  memory: choice({
    about: 'what servers know when they start again',
    of: memories,
    default: 'forgetful',
    unit: 'servers',
  }),
  managers: count({ about: 'managers', unit: ['manager', 'managers'], least: 1, most: 3, default: 1 }),
  offices: count({
    about: 'times that a manager takes office, whoever is in it',
    unit: ['office', 'offices'],
    least: 1,
    default: 1,
  }),
  elections: count({
    about: 'elections that are begun, with or without reason',
    unit: ['election', 'elections'],
    default: 1,
  }),
  sizes: count({
    about: 'times that the in-sync set is to grow or to shrink',
    unit: ['change of the in-sync set', 'changes of the in-sync set'],
    default: 0,
  }),
  writes: count({ about: 'writes of clients', unit: ['write', 'writes'], default: 1 }),
  crashes: count({
    about: 'crashes of servers, each followed by a restart at any time',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  pauses: count({
    about: 'times that a server stands still, and goes on as if nothing had been',
    unit: ['pause', 'pauses'],
    default: 0,
  }),
};

/** A value for every bound. */
export type FailoverBounds = BoundsOf<typeof failoverBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenFailoverBounds = GivenBounds<typeof failoverBounds>;
