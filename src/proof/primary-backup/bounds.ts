/** What may happen in a system of primary-backup replicas that is checked, and how often. */

import { modes } from '../../../statecharts/primary-backup.ts';
import { type BoundsOf, choice, count, type GivenBounds } from '../bounds.ts';
import { logBounds } from '../log/bounds.ts';

const { entries, crashes, losses, duplicates, reads, inFlight, network } = logBounds;

const acknowledging = { about: 'how writes are acknowledged', of: modes, unit: 'writes' } as const;
const losing = {
  about: 'entries that a failover may lose of those acknowledged asynchronously',
  unit: ['entry at risk', 'entries at risk'],
} as const;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const primaryBackupBounds = {
  nodes: count({
    about: 'replicas, all of which are in sync in the beginning',
    unit: ['replica', 'replicas'],
    least: 2,
    most: 5,
    default: 3,
  }),
  mode: choice({ ...acknowledging, default: 'sync' }),
  maxLoss: count({ ...losing, default: 0 }),
  minInSync: count({
    about: 'replicas in sync without which nothing is acknowledged',
    unit: ['replica in sync at least', 'replicas in sync at least'],
    least: 1,
    most: 5,
    default: 1,
  }),
  epochs: count({
    about: 'epochs; states of later ones are not followed',
    unit: ['epoch', 'epochs'],
    least: 1,
    most: 100,
    default: 2,
  }),
  entries,
  crashes,
  losses,
  duplicates,
  elections: count({
    about: 'times that a replica waits in vain for its primary, or for its configuration',
    unit: ['election timeout', 'election timeouts'],
    default: 1,
  }),
  gathers: count({
    about: 'times that a replica waits no longer for promises',
    unit: ['end of patience', 'ends of patience'],
    default: 1,
  }),
  looks: count({ about: 'looks of primaries at who is in sync', unit: ['look', 'looks'], default: 0 }),
  heartbeats: count({ about: 'heartbeats of primaries', unit: ['heartbeat', 'heartbeats'], default: 0 }),
  reads,
  transfers: count({
    about: 'times that a primary is asked to hand over, to whichever replica',
    unit: ['switchover', 'switchovers'],
    default: 0,
  }),
  inFlight,
  network,
};

/** The same, of a store that may lose something. */
export const primaryBackupAsyncBounds = {
  ...primaryBackupBounds,
  mode: choice({ ...acknowledging, default: 'async' }),
  maxLoss: count({ ...losing, default: 1 }),
};

/** A value for every bound. */
export type PrimaryBackupBounds = BoundsOf<typeof primaryBackupBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenPrimaryBackupBounds = GivenBounds<typeof primaryBackupBounds>;
