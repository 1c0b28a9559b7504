/** Places in the write-ahead log, and the histories of timelines, as PostgreSQL writes them. */

/** The bytes before a place in the log that is written as `16/B374D848`. */
export function offsetOf(lsn: string): number {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn) ?? [];
  if (high === undefined || low === undefined)
    throw new TypeError(`expected a place in a log such as 0/3000060, got '${lsn}'`);
  return Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
}

/** The inverse. */
export const lsnOf = (offset: number): string =>
  `${Math.floor(offset / 2 ** 32)
    .toString(16)
    .toUpperCase()}/${(offset % 2 ** 32).toString(16).toUpperCase()}`;

/** A timeline from which another one was begun, and where. */
export interface Ancestor {
  readonly timeline: number;
  readonly endOffset: number;
}

/** Eight hexadecimal digits, as in the names of files. */
const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export const historyFileOf = (timeline: number): string => `pg_wal/${hex8(timeline)}.history`;

/** The file of the log that holds the byte at `offset`. */
export function walFileOf(timeline: number, offset: number, segmentBytes: number): string {
  const segment = Math.floor(offset / segmentBytes);
  const perLog = 2 ** 32 / segmentBytes;
  return `pg_wal/${hex8(timeline)}${hex8(Math.floor(segment / perLog))}${hex8(segment % perLog)}`;
}

/** The ancestors that a history file names, the oldest first. */
export function ancestorsOf(historyFile: string): readonly Ancestor[] {
  return historyFile.split('\n').flatMap((line): Ancestor[] => {
    const [, timeline, lsn] = /^\s*(\d+)\s+(\S+)/.exec(line) ?? [];
    return timeline === undefined || lsn === undefined
      ? []
      : [{ timeline: Number(timeline), endOffset: offsetOf(lsn) }];
  });
}

/** How far a server's data reach, and where they come from. */
export interface Lineage {
  readonly timeline: number;
  readonly offset: number;
  readonly ancestors: readonly Ancestor[];
}

/** Where two servers' data part: up to this offset they are the same. Undefined where they have nothing in common. */
export function forkOf(one: Lineage, other: Lineage): number | undefined {
  const chainOf = ({ ancestors, timeline, offset }: Lineage): readonly Ancestor[] => [
    ...ancestors,
    { timeline, endOffset: offset },
  ];
  const others = new Map(chainOf(other).map(({ timeline, endOffset }) => [timeline, endOffset]));
  const common = chainOf(one).findLast(({ timeline }) => others.has(timeline));
  const end = common === undefined ? undefined : others.get(common.timeline);
  return common === undefined || end === undefined ? undefined : Math.min(common.endOffset, end);
}
