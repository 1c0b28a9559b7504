/** How entries are written down: with a mark, so that a later snapshot leaves in force those that it needs. */

import { marked, type Persist, persist } from '../../actor/effects.ts';
import type { Entry, RaftRecord } from '../messages.ts';

/** The record that says anew what the log holds from the first of `entries` on. */
export const entriesWritten = (entries: readonly Entry[]): Persist<RaftRecord> =>
  marked(persist({ type: 'entries', entries }), entries.at(-1)?.index ?? 0);
