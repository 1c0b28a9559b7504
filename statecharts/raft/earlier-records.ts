/** Records as earlier versions wrote them, read as the present ones. */

import type { Tagged } from '../actor/effects.ts';
import { foundingMembers, isServerSet } from './members.ts';

/** Version 1 knew no members but voters, who never changed. */
function fromVersion1(record: Tagged): Tagged {
  switch (record.type) {
    case 'entries':
      return changed(record, { entries: withMembers });
    case 'snapshot':
      return changed(record, { entries: withMembers, snapshot: withMember });
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

/** What is malformed stays so, and is refused as such. */
function withMember(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('voters' in value)) return value;
  const { voters, ...rest } = value;
  return isServerSet(voters, 1) ? { ...rest, members: foundingMembers(voters) } : value;
}

/** How records of each earlier version become present ones. */
export const earlierRecords: Readonly<Record<number, (record: Tagged) => Tagged>> = { 1: fromVersion1 };
