/** A backup as it is written, of a copy of the state. */

import type { Clock } from '../../environment/clock.ts';
import type { StateCopy } from '../store/replica.ts';
import { type BackupHead, BackupWriter } from './format.ts';

/** What a backup is made of. */
export interface BackupParts {
  readonly copy: StateCopy;
  readonly head: BackupHead;
  readonly clock: Pick<Clock, 'enqueue'>;
  /** The reader has taken what there was. */
  taken?(): void;
}

/** The bytes of a backup. Each part is made in a turn of its own, once the one before it was taken. */
export async function* backupOf({ copy, head, clock, taken }: BackupParts): AsyncGenerator<Uint8Array> {
  const writer = new BackupWriter();
  yield writer.start(head);
  for (let part = copy.next(); part !== undefined; part = copy.next()) {
    taken?.();
    yield writer.part(part);
    await new Promise<void>((resolve) => clock.enqueue(resolve));
  }
  copy.release();
  yield writer.end();
}
