/** The rules of a replica, as its charts call them; the files in `rules/` have one subject each. */

import { compact, isSnapshotNews, refuseNotPrimary } from './rules/committing.ts';
import * as configuring from './rules/configuring.ts';
import * as electing from './rules/electing.ts';
import { appendFromPrimary, isOfLaterEpoch, isOutdated, refuseOutdated } from './rules/following.ts';
import * as handingOver from './rules/handing-over.ts';
import * as inSync from './rules/in-sync.ts';
import {
  appendCommands,
  isNotOffered,
  isOfEpoch,
  isOverloaded,
  knowsCommitted,
  leaveOffice,
  noteAppended,
  noteDurable,
  noteLost,
  noteSnapshot,
  refuseMode,
  refuseNotReady,
  refuseOverloaded,
  refuseRival,
  refuseTooFew,
  sendHeartbeats,
  startRead,
  takeOffice,
} from './rules/leading.ts';
import { begin, endTransfer, forgetIncoming, isIncoming, takeSnapshot } from './rules/snapshots.ts';

export const replicaRules = {
  ...configuring,
  ...electing,
  ...handingOver,
  ...inSync,
  appendCommands,
  appendFromPrimary,
  begin,
  compact,
  endTransfer,
  forgetIncoming,
  isIncoming,
  isNotOffered,
  isOfEpoch,
  isOfLaterEpoch,
  isOutdated,
  isOverloaded,
  isSnapshotNews,
  knowsCommitted,
  leaveOffice,
  noteAppended,
  noteDurable,
  noteLost,
  noteSnapshot,
  refuseMode,
  refuseNotPrimary,
  refuseNotReady,
  refuseOutdated,
  refuseOverloaded,
  refuseRival,
  refuseTooFew,
  sendHeartbeats,
  startRead,
  takeOffice,
  takeSnapshot,
};

/** The rules of a replica; a proof replaces one of them to show that it would be missed. */
export type ReplicaRules = typeof replicaRules;
