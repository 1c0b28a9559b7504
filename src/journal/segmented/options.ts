/** What a segmented journal is told when it is opened. */

import * as v from 'valibot';
import { isId } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Ids } from '../../environment/ids.ts';
import { JournalOptionsError } from '../errors.ts';
import { type JournalLimits, journalLimits } from '../journal.ts';
import { type Crc32, crc32 } from './checksum.ts';

export interface SegmentedJournalOptions {
  /** The node whose journal it is. */
  readonly node: string;
  readonly clock: Clock;
  /** Gives a new journal its id. */
  readonly ids: Ids;
  readonly limits?: Partial<JournalLimits>;
  /** The size of a segment, in bytes; one that must hold a larger flush is larger. Default 8 MiB. */
  readonly segmentBytes?: number;
  /** A faster checksum, such as `crc32` of `node:zlib`. Default: the same one in JavaScript. */
  readonly crc32?: Crc32;
}

export interface CheckedOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: JournalLimits;
  readonly segmentBytes: number;
  readonly crc32: Crc32;
}

const bytes = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const numbers = v.object({
  node: v.pipe(v.string(), v.check(isId, 'expected a node id of 1 to 64 letters, digits, dots, dashes, underscores')),
  segmentBytes: bytes(4096, 2 ** 30),
  limits: v.object({ unflushedBytes: bytes(1, 2 ** 40), appendBytes: bytes(1, 2 ** 30) }),
});

/** The options with their defaults. @throws JournalOptionsError that names what no journal can work with */
export function checkOptions(options: SegmentedJournalOptions): CheckedOptions {
  const { node, clock, ids, segmentBytes = 8 * 2 ** 20 } = options;
  const limits = journalLimits(options.limits);
  const result = v.safeParse(numbers, { node, segmentBytes, limits });
  if (!result.success) {
    const { message } = result.issues[0];
    throw new JournalOptionsError(`${v.getDotPath(result.issues[0]) ?? 'options'} of the journal: ${message}`);
  }
  return { node, clock, ids, limits, segmentBytes, crc32: options.crc32 ?? crc32 };
}
