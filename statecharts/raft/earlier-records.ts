/** Records as earlier versions wrote them, read as the present ones. */

import type { EarlierRecord, KeepSnapshot } from '../actor/definition.ts';
import type { Tagged } from '../actor/effects.ts';
import { foundingMembers, isServerSet } from '../replication/members.ts';

/** Version 1 knew no members but voters, who never changed, and held the bytes of snapshots in their records. */
function fromVersion1(record: Tagged, keep: KeepSnapshot): Tagged {
  switch (record.type) {
    case 'entries':
      return changed(record, { entries: withMembers });
    case 'snapshot':
      return changed(record, { entries: withMembers, snapshot: (value) => inFile(withMember(value), keep) });
    default:
      return record;
  }
}

/** `record` with some of its parts changed, where it has them. */
function changed(record: Tagged, parts: Readonly<Record<string, (value: unknown) => unknown>>): Tagged {
  const values = Object.entries(record).map(([name, value]) => [name, parts[name]?.(value) ?? value]);
  return { ...record, ...Object.fromEntries(values) };
}

const withMembers = (entries: unknown): unknown => (Array.isArray(entries) ? entries.map(withMember) : entries);

function inFile(value: unknown, keep: KeepSnapshot): unknown {
  if (typeof value !== 'object' || value === null || !('data' in value && 'index' in value)) return value;
  const { data, ...rest } = value;
  return data instanceof Uint8Array ? { ...rest, file: keep(String(rest.index), data) } : value;
}

/** What is malformed stays so, and is refused as such. */
function withMember(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('voters' in value)) return value;
  const { voters, ...rest } = value;
  return isServerSet(voters, 1) ? { ...rest, members: foundingMembers(voters) } : value;
}

/** How records of each earlier version become present ones. */
export const earlierRecords: Readonly<Record<number, EarlierRecord>> = { 1: fromVersion1 };
