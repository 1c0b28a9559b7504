/** Snapshots in models of replicated logs. */

import type { SnapshotFile, TransferOperation } from '../../statecharts/transfer.ts';
import { resourceModel } from '../checker.ts';

/** The state as of `index`: the same on all servers called `server`, since they apply the same entries. */
export const snapshotFileAt = (server: string, index: number): SnapshotFile => ({
  name: `${server}/${index}`,
  sizeBytes: 1,
  checksum: index,
});

/** Transfers of snapshots: each comes to its end, whole, or fails at some time. */
export const snapshotTransfers = resourceModel({
  start: null,
  perform: (state: null, _operation: TransferOperation) => [
    { state, result: { type: 'done', value: undefined } },
    { state, result: { type: 'refused', error: 'the transfer failed' } },
  ],
});
