/** A log that tells what one node has left of it, and takes nothing: what makes the state of that, as any node makes its own. */

import type { SnapshotRoom } from '../../journal/snapshots/room.ts';
import type { LogListener, LogStarter } from '../store/log/replicated-log.ts';
import type { SurvivingLog } from '../store/log/surviving.ts';
import { RecoveryError } from './errors.ts';

const takesNothing = (): never => {
  throw new RecoveryError('expected nothing to be asked of a log that is only read, but a store asked something');
};

/** @param room where the log's snapshot is */
export const replayOf =
  ({ snapshot, entries, committedIndex, lastIndex, voters, remark }: SurvivingLog, room: SnapshotRoom): LogStarter =>
  ({ environment }) => ({
    propose: takesNothing,
    read: takesNothing,
    handOver: takesNothing,
    snapshot: takesNothing,
    listen({ event }: LogListener) {
      environment.clock.enqueue(() => {
        if (snapshot !== undefined) {
          event({ type: 'snapshotInstalled', index: snapshot.index, snapshot: room.open(snapshot.file) });
        }
        if (entries.length > 0) event({ type: 'committed', entries });
      });
    },
    isLeader: false,
    leader: undefined,
    status: () => ({
      role: 'survivor',
      leader: undefined,
      commitIndex: committedIndex,
      lastIndex,
      nodes: voters,
      remark,
      details: {},
    }),
  });
