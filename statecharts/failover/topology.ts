/** What clients and proxies must know of a group, and which of two such pieces of news is the later one. */

import * as v from 'valibot';
import { mark } from './servers.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const place = v.object({ server: v.string(), host: v.string(), port: v.pipe(natural, v.maxValue(65_535)) });

/** How writes are acknowledged: once so many standbys hold them, or as the primary does by itself. */
export const groupModes = ['durable', 'pass-through'] as const;
export type GroupMode = (typeof groupModes)[number];

/** A group as it stands. */
export const topology = v.object({
  group: v.string(),
  /** Of the standing that it is taken from: 1 more with each change. */
  revision: natural,
  /** What the primary has inside its own data, too. */
  mark: v.nullable(mark),
  mode: v.picklist(groupModes),
  /** How many of `inSync` hold a write before it is acknowledged. */
  confirmations: natural,
  /** Null while there is none: between a failure and the promotion of another server. */
  primary: v.nullable(place),
  /** Names of those whose confirmations count. */
  inSync: v.array(v.string()),
  /** Those that follow the primary, with how far they are behind it; null where that is not known. */
  standbys: v.array(v.object({ ...place.entries, lagBytes: v.nullable(natural) })),
});
export type Topology = Readonly<v.InferOutput<typeof topology>>;

/**
 * Whether `next` may take the place of `known`: what is earlier, however late it comes, never does. Revisions grow with
 * epochs; those of a group that was founded anew begin at 0, in a later epoch than any before.
 */
export function isLater(known: Topology | undefined, next: Topology): boolean {
  if (known === undefined) return true;
  if (next.group !== known.group) return false;
  const epochs = epochIn(next) - epochIn(known);
  return epochs > 0 || (epochs === 0 && next.revision > known.revision);
}

const epochIn = ({ mark }: Topology): number => mark?.epoch ?? 0;
