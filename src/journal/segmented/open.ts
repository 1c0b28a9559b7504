/** Opening a segmented journal on a disk: the one that is there, or a new one. */

import type { Disk } from '../disk.ts';
import { besides, folderOf } from '../folder.ts';
import type { Journal } from '../journal.ts';
import { openSnapshotRoom } from '../snapshots/files.ts';
import { namingDiskErrors } from './failure.ts';
import { SegmentedJournal } from './journal.ts';
import { LiveRecords } from './live.ts';
import { type CheckedOptions, checkOptions, type SegmentedJournalOptions } from './options.ts';
import { type Recovered, recover } from './recovery.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from './segments.ts';

/**
 * Opens the journal on a disk, or makes it where the disk is empty. Reads and mends it before it returns. Snapshots are
 * kept on `snapshotDisk`, and by default in a folder of the same disk.
 *
 * @throws JournalDamagedError, JournalFormatError, JournalOwnerError, JournalDirectoryError, JournalOptionsError,
 *   JournalFullError, JournalFailedError
 */
export function openJournalOn(whole: Disk, options: SegmentedJournalOptions, snapshotDisk?: Disk): Journal {
  const checked = checkOptions(options);
  const { node, clock, crc32 } = checked;
  const disk = besides(whole, snapshotFolder);
  return namingDiskErrors(node, () => {
    const found = recover({ disk, node, crc32 });
    const started = found ?? createOn(disk, checked);
    const snapshots = openSnapshotRoom({ disk: snapshotDisk ?? folderOf(whole, snapshotFolder), clock, crc32 });
    return new SegmentedJournal(disk, checked, started, found === undefined, snapshots);
  });
}

/** The folder of the snapshots. */
export const snapshotFolder = 'snapshots/';

/** Makes the first segment, so that the journal's id is durable before anybody hears it. */
function createOn(disk: Disk, { node, ids, segmentBytes, crc32 }: CheckedOptions): Recovered {
  const active = { number: 1, sizeBytes: segmentBytes };
  const journalId = ids.next();
  disk.createSync(segmentName(1), encodeSegmentHeader({ ...active, journalId, node }, crc32), segmentBytes);
  return {
    journalId,
    notices: [],
    records: new Map(),
    live: new LiveRecords(),
    sealed: [],
    active,
    endOffset: segmentHeaderBytes,
    nextSequence: 1,
  };
}
