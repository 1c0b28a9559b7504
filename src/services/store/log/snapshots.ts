/** The snapshots of one log in its node's room: which are written, which are needed, and which may go. */

import type { SnapshotFile } from '../../../../statecharts/transfer.ts';
import type { Clock } from '../../../environment/clock.ts';
import { NodeOverloadedError, NodeStoppedError } from '../../../host/errors.ts';
import { SnapshotError, type SnapshotRoom } from '../../../journal/snapshots/room.ts';
import type { SnapshotWriter } from './replicated-log.ts';

/** How long to wait before a node is asked again that was overloaded. */
const againMs = 100;

export interface Snapshots {
  /**
   * Writes a snapshot, and hands its file over when it is whole and durable.
   *
   * @param handOver may throw NodeOverloadedError, and is asked again then
   */
  write(name: string, handOver: (file: SnapshotFile) => void): SnapshotWriter;
  /** `names` are needed, as far as is durable; all others but the one that is being written go. */
  keep(...names: readonly (string | undefined)[]): void;
}

export function createSnapshots(room: SnapshotRoom, owner: string, clock: Clock): Snapshots {
  /** Until it is what the log has durably taken, or is given up. */
  let writing: string | undefined;
  /** What was asked for the last time: the room looks through its files only when that changes. */
  let kept: string | undefined;

  const handOverTo = (handOver: (file: SnapshotFile) => void, file: SnapshotFile): void => {
    try {
      handOver(file);
    } catch (error) {
      if (error instanceof NodeOverloadedError) clock.setTimeout(() => handOverTo(handOver, file), againMs);
      else if (!(error instanceof NodeStoppedError)) throw error;
    }
  };
  return {
    write(name, handOver) {
      const file = room.createParts(name);
      writing = name;
      const abandon = (): void => {
        file.abandon();
        if (writing === name) writing = undefined;
      };
      return {
        write: (part, onTaken) => file.write(part, onTaken),
        finish(onDone) {
          file.finish((result) => {
            if (result instanceof SnapshotError) {
              abandon();
              onDone(result);
              return;
            }
            onDone();
            handOverTo(handOver, result);
          });
        },
        abandon,
      };
    },
    keep(...names) {
      if (names.includes(writing)) writing = undefined;
      const needed = [...names, writing].filter((it) => it !== undefined);
      const text = needed.join();
      if (text === kept) return;
      kept = text;
      room.keep(owner, needed);
    },
  };
}
