/** What may happen to the servers of any replicated log that is checked; the tables of protocols are made with these. */

import { type BoundsTable, budget, choice, count, flag, list, optional } from '../bounds.ts';

/** Each is a budget of the whole run, and whatever it allows may happen at any moment. */
export const logBounds = {
  nodes: count({
    about: 'servers, all of which vote in the beginning',
    unit: ['server', 'servers'],
    least: 1,
    most: 5,
    default: 3,
  }),
  entries: count({ about: 'proposals, in all', unit: ['entry', 'entries'], default: 1 }),
  crashes: count({
    about: 'crashes, each followed by a recovery at any time; what was not durable is lost',
    unit: ['crash', 'crashes'],
    default: 0,
  }),
  // In an unordered network they change no verdict: a lost message and one that never arrives are the same to all.
  losses: budget({ about: 'messages that are lost', unit: ['loss', 'losses'], default: 0 }),
  duplicates: count({ about: 'messages that arrive again', unit: ['duplicate', 'duplicates'], default: 0 }),
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
  changes: optional(
    list({
      about: 'changes of members that leaders are asked for, one after the other, like add:n4,promote:n4,remove:n1',
      placeholder: 'changes',
      pattern: /^(add|promote|remove):n\d$/,
      expected: 'changes like add:n4, promote:n4 or remove:n1',
      before: 'changes',
    }),
    'none',
  ),
  transfers: count({
    about: 'times that a leader is asked to let another server lead, whichever it is',
    unit: ['transfer of leadership', 'transfers of leadership'],
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
} satisfies BoundsTable;

/** Who may stand in which term or round: it confines a check to one course of events. */
export const candidatesOf = (when: 'term' | 'round', standing: string) =>
  optional(
    list({
      about: `who may stand ${standing} 1, 2, ..., like n1,n1|n3`,
      placeholder: 'nodes',
      pattern: /^n\d(\|n\d)*$/,
      expected: `nodes of each ${when}, like n1 or n1|n3`,
      before: 'candidates',
    }),
    `anybody in any ${when}`,
  );
