/** Opening a segmented journal on a disk: the one that is there, or a new one. */

import type { Disk } from '../disk.ts';
import type { Journal } from '../journal.ts';
import { namingDiskErrors } from './failure.ts';
import { SegmentedJournal } from './journal.ts';
import { LiveRecords } from './live.ts';
import { type CheckedOptions, checkOptions, type SegmentedJournalOptions } from './options.ts';
import { type Recovered, recover } from './recovery.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from './segments.ts';

/**
 * Opens the journal on `disk`, or makes it where the disk is empty. Reads and mends it before it returns.
 *
 * @throws JournalDamagedError, JournalFormatError, JournalOwnerError, JournalDirectoryError, JournalOptionsError,
 *   JournalFullError, JournalFailedError
 */
export function openJournalOn(disk: Disk, options: SegmentedJournalOptions): Journal {
  const checked = checkOptions(options);
  return namingDiskErrors(checked.node, () => {
    const found = recover({ disk, node: checked.node, crc32: checked.crc32 });
    return new SegmentedJournal(disk, checked, found ?? createOn(disk, checked), found === undefined);
  });
}

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
