/** What may happen in a system of Multi-Paxos servers that is checked, and how often. */

import { type BoundsOf, budget, choice, count, flag, type GivenBounds, list, optional } from '../bounds.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const paxosBounds = {
  nodes: count({
    about: 'servers, all of which vote in the beginning',
    unit: ['server', 'servers'],
    least: 1,
    most: 5,
    default: 3,
  }),
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
  entries: count({ about: 'proposals, in all', unit: ['entry', 'entries'], default: 1 }),
  crashes: count({
    about: 'crashes, each followed by a recovery at any time; what was not durable is lost',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  // In an unordered network they change no verdict: a lost message and one that never arrives are the same to everybody.
  losses: budget({ about: 'messages that are lost', unit: ['loss', 'losses'], default: 0 }),
  duplicates: count({ about: 'messages that arrive again', unit: ['duplicate', 'duplicates'], default: 0 }),
  elections: count({
    about: 'rounds of whichever server that end without a leader',
    unit: ['election round', 'election rounds'],
    default: { sumOf: ['ballots'] },
  }),
  // Without any, only what a proposer has to ask makes it send.
  heartbeats: count({ about: 'heartbeats, of whichever server', unit: ['heartbeat', 'heartbeats'], default: 0 }),
  quorumChecks: count({
    about: 'looks of leaders for their quorum',
    unit: ['quorum check', 'quorum checks'],
    default: 0,
  }),
  reads: count({ about: 'linearizable reads, in all', unit: ['read', 'reads'], default: 0 }),
  compactions: count({ about: 'snapshots by applications', unit: ['compaction', 'compactions'], default: 0 }),
  replacements: count({
    about: 'times that a leader is asked to replace its last server by one that joins',
    unit: ['replacement', 'replacements'],
    most: 1,
    default: 0,
  }),
  leaderLeaves: flag({
    about: 'replace the first server, in place of the last',
    default: false,
    otherwise: 'n1 leaves',
  }),
  lateRounds: count({
    about: 'rounds of a learner that take too long, and looks at it that find no headway',
    unit: ['late round', 'late rounds'],
    default: 0,
  }),
  notices: count({
    about: 'notices, true or not, that a node cannot be reached',
    unit: ['notice', 'notices'],
    default: 0,
  }),
  // Beats bind nobody: without them there are more elections, and more states are left for what matters.
  beats: flag({
    about: 'tell each other who is led, and stand where nobody is; without, any voter may stand at any time',
    default: false,
    otherwise: 'beats',
  }),
  // Confines a check to one course of events.
  candidates: optional(
    list({
      about: 'who may stand in the ballots of round 1, 2, ..., like n1,n1|n3',
      placeholder: 'nodes',
      pattern: /^n\d(\|n\d)*$/,
      expected: 'nodes of each round, like n1 or n1|n3',
      before: 'candidates',
    }),
    'anybody in any round',
  ),
  inFlight: optional(
    count({
      about: 'messages on their way at one time; states with more are not followed',
      unit: ['message in flight', 'messages in flight'],
      before: 'at most ',
      default: 0,
    }),
    'any number',
  ),
  network: choice({
    about: 'how messages travel',
    of: ['unordered', 'duplicating', 'ordered'],
    default: 'unordered',
    unit: 'network',
  }),
};

/** A value for every bound. */
export type PaxosBounds = BoundsOf<typeof paxosBounds>;
/** Values for some bounds; the others have their defaults. */
export type GivenPaxosBounds = GivenBounds<typeof paxosBounds>;
