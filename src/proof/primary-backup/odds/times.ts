/**
 * How time is taken apart for the odds of a promotion: in milliseconds, with one for every message. Timers are the defaults of the
 * charts; what these draw from a range is taken from its middle.
 */

import { delays } from '../../../../statecharts/primary-backup/vocabulary.ts';

const electionMs = (delays.electionTimeout.minMs + delays.electionTimeout.maxMs) / 2;

export const times = {
  messageMs: 1,
  /** When a client writes, which both hold at once. */
  writtenMs: 10,
  /** The primary takes office when the authority has told it, and looks who is in sync each time that so much has passed. */
  officeMs: 2,
  lookMs: delays.inSyncTimeout.minMs,
  heartbeatMs: delays.heartbeatInterval.minMs,
  /** From here on messages may be lost: before the last heartbeat that the second look does not count. */
  lossyMs: 450,
  /** When the primary dies: shortly after its second look. */
  crashMs: 1_050,
  electionMs,
  /** Until the backup, which has asked the authority to be primary, would have to ask it again; the default of its chart is 200. */
  attemptMs: 150,
} as const;

/** The heartbeats that may be lost, and those of them that are answered before the second look. */
export const lossyRounds = Math.floor((times.officeMs + 2 * times.lookMs - times.lossyMs) / times.heartbeatMs + 1);
export const roundsOfLook = lossyRounds - 1;
