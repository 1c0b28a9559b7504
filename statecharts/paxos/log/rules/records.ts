/** How acceptances are written down: with marks, so that a later snapshot leaves in force those that it needs. */

import { marked, type Persist, persist } from '../../../actor/effects.ts';
import type { Ballot } from '../../ballot.ts';
import type { Entry, PaxosRecord } from '../messages.ts';

/** The record that says that `entries` were accepted at `ballot`. */
export const acceptance = (ballot: Ballot, entries: readonly Entry[]): Persist<PaxosRecord> =>
  marked(persist({ type: 'accepted', ballot, entries }), entries.at(-1)?.index ?? 0);
