/**
 * Which statements the servers keep by name, parsed and perhaps planned: those with parameters that come again. The
 * names are shared by all connections of a resource, so that what one connection learns of a statement holds for all.
 *
 * A name is given once and never to another text. A statement whose kept form no longer fits (its tables were altered)
 * gets another name, under which every connection has it parsed anew.
 */

import { sqlStateOf } from './errors.ts';

export interface StatementNames {
  /** The name to send a text under; undefined: send it without one. */
  nameOf(text: string): string | undefined;
  /** The name that a text was given before. */
  given(text: string): string | undefined;
  /** Takes note that a server refused what it had under `name`. */
  refused(text: string, name: string, error: unknown): void;
}

/** What a resource keeps track of; every connection may have as many statements at its server as there were names. */
export const nameLimits = {
  /** Names that are given in all. What comes later has none. */
  names: 200,
  /** Longer texts are mostly generated, and rarely the same. */
  textLength: 8_192,
  /** Texts that came once. The oldest is forgotten first. */
  seenOnce: 500,
} as const;

/** "cached plan must not change result type", and a name that the server does not know or has for another statement. */
const misfits = new Set(['0A000', '26000', '42P05']);

export function createStatementNames(): StatementNames {
  const named = new Map<string, string>();
  const seenOnce = new Set<string>();
  let count = 0;

  const giveName = (text: string): string | undefined => {
    count += 1;
    const name = count > nameLimits.names ? undefined : `q_${count}`;
    if (name === undefined) named.delete(text);
    else named.set(text, name);
    return name;
  };
  return {
    nameOf(text) {
      const known = named.get(text);
      if (known !== undefined) return known;
      if (count >= nameLimits.names || text.length > nameLimits.textLength) return undefined;
      if (seenOnce.delete(text)) return giveName(text);
      seenOnce.add(text);
      if (seenOnce.size > nameLimits.seenOnce) {
        for (const oldest of seenOnce) {
          seenOnce.delete(oldest);
          break;
        }
      }
      return undefined;
    },
    given: (text) => named.get(text),
    refused(text, name, error) {
      // Several connections may find out at the same time; one new name is enough.
      if (misfits.has(sqlStateOf(error) ?? '') && named.get(text) === name) giveName(text);
    },
  };
}
