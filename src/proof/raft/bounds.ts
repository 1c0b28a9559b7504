/** What may happen in a system of Raft servers that is checked, and how often. */

import { type BoundsOf, count, flag, type GivenBounds } from '../bounds.ts';
import { candidatesOf, logBounds } from '../log/bounds.ts';

const { nodes, entries, crashes, losses, duplicates, quorumChecks, reads, compactions } = logBounds;
const { replacements, changes, transfers, leaderLeaves, lateRounds, notices, inFlight, network } = logBounds;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const raftBounds = {
  nodes,
  terms: count({
    about: 'terms; no server begins a later one',
    unit: ['term', 'terms'],
    least: 1,
    most: 100,
    default: 2,
  }),
  entries,
  crashes,
  losses,
  duplicates,
  elections: count({
    about: 'election timeouts, of whichever server, that end without a leader',
    unit: ['election timeout', 'election timeouts'],
    default: { sumOf: ['terms'] },
  }),
  // Without any, only what a leader has to replicate makes it send.
  heartbeats: count({ about: 'heartbeats of leaders', unit: ['heartbeat', 'heartbeats'], default: 0 }),
  quorumChecks,
  reads,
  compactions,
  replacements,
  changes,
  transfers,
  leaderLeaves,
  lateRounds,
  notices,
  // Pre-votes bind nobody: without them there are more elections, and more states are left for what matters.
  preVotes: flag({
    about: 'ask beforehand whether one would be elected; without, any server may stand at any time',
    default: true,
    otherwise: 'no pre-votes',
  }),
  candidates: candidatesOf('term', 'for election in term'),
  inFlight,
  network,
};

/** A value for every bound. */
export type RaftBounds = BoundsOf<typeof raftBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenRaftBounds = GivenBounds<typeof raftBounds>;
