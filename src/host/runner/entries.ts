/** What an actor writes down, as the journal takes it. */

import type { Address, Persist } from '../../../statecharts/actor.ts';
import type { JournalEntry } from '../../journal/journal.ts';

/** The entries of records that are waiting to be written, in order. */
export const entriesOf = (actor: Address, version: number, records: readonly Persist[]): readonly JournalEntry[] =>
  records.map(
    ({ record, checkpoint, mark, keepsAbove }): JournalEntry => ({
      actor,
      version,
      record,
      ...(checkpoint === true ? { replaces: 'checkpoint' } : {}),
      ...(mark === undefined ? {} : { mark }),
      ...(keepsAbove === undefined ? {} : { keepsAbove }),
    }),
  );

/** The entry after which nothing is known of an actor. */
export const forgetting = (actor: Address, version: number): JournalEntry => ({
  actor,
  version,
  record: { type: 'forgotten' },
  replaces: 'forget',
});
