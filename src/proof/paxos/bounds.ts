/** What may happen in a system of Multi-Paxos servers that is checked, and how often. */

import { type BoundsOf, count, flag, type GivenBounds, optional } from '../bounds.ts';
import { candidatesOf, logBounds } from '../log/bounds.ts';

const { nodes, entries, crashes, losses, duplicates, quorumChecks, reads, compactions } = logBounds;
const { replacements, changes, transfers, leaderLeaves, lateRounds, notices, inFlight, network } = logBounds;

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const paxosBounds = {
  nodes,
  phase2: optional(
    count({
      about: 'servers that choose a value together; as many elect as share one with any of these',
      unit: ['server chooses', 'servers choose'],
      least: 1,
      default: 1,
    }),
    'majorities',
  ),
  ballots: count({
    about: 'rounds of ballots; no server stands in a later one',
    unit: ['round of ballots', 'rounds of ballots'],
    least: 1,
    most: 100,
    default: 2,
  }),
  entries,
  crashes,
  losses,
  duplicates,
  elections: count({
    about: 'rounds of whichever server that end without a leader',
    unit: ['election round', 'election rounds'],
    default: { sumOf: ['ballots'] },
  }),
  // Without any, only what a proposer has to ask makes it send.
  heartbeats: count({ about: 'heartbeats, of whichever server', unit: ['heartbeat', 'heartbeats'], default: 0 }),
  quorumChecks,
  reads,
  compactions,
  replacements,
  changes,
  transfers,
  leaderLeaves,
  lateRounds,
  notices,
  // Beats bind nobody: without them there are more elections, and more states are left for what matters.
  beats: flag({
    about: 'tell each other who is led, and stand where nobody is; without, any voter may stand at any time',
    default: false,
    otherwise: 'beats',
  }),
  candidates: candidatesOf('round', 'in the ballots of round'),
  inFlight,
  network,
};

/** A value for every bound. */
export type PaxosBounds = BoundsOf<typeof paxosBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenPaxosBounds = GivenBounds<typeof paxosBounds>;
