/**
 * Ending branches by their names. Every answer follows from what the server said; where it did not say it for certain,
 * the answer is `unknown`.
 */

import { messageOf } from '../../environment/message.ts';
import type { Absence, BranchSession, Ending } from '../transactional.ts';
import type { Control, SqlConnection } from './connection.ts';
import type { Dialect, NamedBranch } from './dialect.ts';

/** What of a dialect ends branches by their names. */
export type Endings<C extends SqlConnection, S extends BranchSession> = Pick<
  Dialect<C, S>,
  'endPrepared' | 'outcomeOf' | 'remembersRollbacks' | 'writeAbsence' | 'writeBroken'
>;

/** Commits a prepared branch; a name that is not known is looked up in what the database remembers. */
export async function commitBranch<C extends SqlConnection, S extends BranchSession>(
  dialect: Endings<C, S>,
  control: Control,
  { branch, receipt }: NamedBranch<C>,
): Promise<Ending> {
  const ended = await dialect.endPrepared(control, 'commit', branch);
  if (ended.type !== 'absent') return ended;
  const found = await dialect.outcomeOf(control, branch, receipt);
  switch (found.type) {
    case 'committed':
      return { type: 'done' };
    case 'aborted':
      return { type: 'refused', reason: 'it was rolled back by somebody else, or its absence was written' };
    case 'prepared':
      return { type: 'unknown', reason: 'it is prepared, and the server did not find it by its name; ask again' };
    case 'absent':
      return {
        type: 'unknown',
        reason: 'the server neither has it nor remembers its end; is this the right database?',
      };
    case 'unknown':
      return found;
  }
}

/** Sees to it that a branch never commits. */
export async function rollbackBranch<C extends SqlConnection, S extends BranchSession>(
  dialect: Endings<C, S>,
  control: Control,
  named: NamedBranch<C>,
): Promise<Ending> {
  const { branch, receipt } = named;
  let reason = 'it is still there';
  // Twice: what was about to be prepared when its session was ended may have got there in between.
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const ended = await dialect.endPrepared(control, 'rollback', branch);
    if (ended.type === 'unknown' || (ended.type === 'done' && dialect.remembersRollbacks)) return ended;
    if (dialect.remembersRollbacks) {
      const found = await dialect.outcomeOf(control, branch, receipt);
      if (found.type === 'committed') return committedByAnother;
      if (found.type === 'aborted') return { type: 'done' };
      if (found.type === 'unknown' && receipt === undefined) return found;
    }
    const written = await writeAbsence(dialect, control, named);
    switch (written.type) {
      case 'absent':
        return { type: 'done' };
      case 'committed':
        return committedByAnother;
      case 'unknown':
        return ended.type === 'done' ? ended : written;
      case 'present':
        reason = written.reason;
    }
  }
  return { type: 'unknown', reason };
}

/**
 * Ends the branch's sessions, and writes its key as aborted, unless it may have committed: whichever of the two is written
 * first stays.
 */
export async function writeAbsence<C extends SqlConnection, S extends BranchSession>(
  dialect: Endings<C, S>,
  control: Control,
  named: NamedBranch<C>,
): Promise<Absence> {
  if (named.isBroken) await dialect.writeBroken(control, named.branch);
  return dialect.writeAbsence(control, named);
}

const committedByAnother: Ending = { type: 'refused', reason: 'it was committed by somebody else' };

/** The answer for an attempt whose connection could not be had, or did not answer. */
export const unreachable = (error: unknown): { readonly type: 'unknown'; readonly reason: string } => ({
  type: 'unknown',
  reason: messageOf(error),
});
