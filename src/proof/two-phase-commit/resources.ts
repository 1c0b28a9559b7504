/**
 * What the actors of a two-phase commit act on, as the model checker sees it: a database that holds one branch, and a
 * decision register with room for one transaction. They keep the promises of `operations.ts`, and no others.
 */

import type { Address, Result } from '../../../statecharts/actor.ts';
import type {
  BranchOperation,
  Outcome as Decision,
  RegisteredBranch,
  RegisterOperation,
} from '../../../statecharts/two-phase-commit.ts';
import { type ResourceModel, type ResourceStep, resourceModel } from '../../checker.ts';
import type { Mistakes } from '../../simulator/database.ts';

/**
 * How a branch stands at its database. `aborted` says as well that its absence is written; `ended` is a branch that
 * changed nothing and was let go at prepare.
 */
export type Standing = 'open' | 'prepared' | 'committed' | 'aborted' | 'ended';

export interface BranchModelOptions {
  /** Whether the database may find a reason to refuse the branch when it should prepare, or commit in one phase. */
  readonly mayRefuse: boolean;
  /** Whether the branch changed nothing, and so is over once it is asked to prepare. */
  readonly isReadOnly: boolean;
  /** What the database does wrong, to be found. */
  readonly mistakes: Mistakes;
}

/** What the database gives out at prepare. */
export const receipt = 'xid-1';

const done = (value: unknown): Result => ({ type: 'done', value });
const refused = (error: string): Result => ({ type: 'refused', error });
const refusal: ResourceStep<Standing> = { state: 'aborted', result: refused('constraint violated') };
const settled = (state: Standing, result: Result): readonly ResourceStep<Standing>[] => [{ state, result }];

/** A database with one branch. A prepare may arrive late, also after whoever asked has died. */
export const branchModel = ({ mayRefuse, isReadOnly, mistakes }: BranchModelOptions): ResourceModel =>
  resourceModel<Standing, BranchOperation>({
    start: 'open',
    perform(standing, operation) {
      switch (operation.type) {
        case 'prepare': {
          const prepared = done({ vote: 'yes', receipt });
          if (standing === 'prepared') return settled(standing, prepared);
          if (standing !== 'open') return settled(standing, refused('there is no such session'));
          if (isReadOnly) return settled('ended', done({ vote: 'read-only' }));
          return [{ state: 'prepared', result: prepared }, ...(mayRefuse ? [refusal] : [])];
        }
        case 'commit':
          if (standing === 'prepared' || standing === 'committed') return settled('committed', done(null));
          if (standing === 'aborted') return settled(standing, refused('the branch was rolled back'));
          if (standing === 'ended') return settled(standing, refused('the branch had nothing to commit'));
          if (mistakes.takesUnknownForSuccess === true) return settled(standing, done(null));
          return settled(standing, { type: 'unknown', error: 'unknown transaction id' });
        case 'rollback':
          if (standing === 'committed') return settled(standing, refused('the branch was committed'));
          if (standing === 'ended' || (standing === 'open' && mistakes.acceptsLatePrepares === true))
            return settled(standing, done(null));
          return settled('aborted', done(null));
        case 'commit-one-phase':
          if (standing === 'committed') return settled(standing, done(null));
          if (standing !== 'open') return settled('aborted', refused('there is no such session'));
          return [{ state: 'committed', result: done(null) }, ...(mayRefuse ? [refusal] : [])];
        case 'end-one-phase': {
          const outcome: Standing = standing === 'committed' ? 'committed' : 'aborted';
          return settled(mistakes.readsAbsence === true ? standing : outcome, done({ outcome }));
        }
      }
    },
  });

/** The register's entry of the transaction; null before it is registered. */
export type RegisterState = {
  readonly epoch: number;
  readonly owner: Address;
  readonly outcome: Decision | 'undecided';
  readonly branches: readonly RegisteredBranch[];
} | null;

const entered = (state: NonNullable<RegisterState>): readonly ResourceStep<RegisterState>[] => [
  { state, result: done({ outcome: state.outcome, branches: state.branches }) },
];
const declined = (state: RegisterState, error: string): readonly ResourceStep<RegisterState>[] => [
  { state, result: refused(error) },
];

/**
 * A decision register: linearizable, and as durable as its answers. A claim waits until the transaction is registered,
 * because only what the register lists is taken over.
 *
 * @param fences whether it refuses the owner of a lower epoch; anything but true is a fault to be found
 */
export const registerModel = (fences = true): ResourceModel =>
  resourceModel<RegisterState, RegisterOperation>({
    start: null,
    perform(entry, operation) {
      switch (operation.type) {
        case 'register-transaction': {
          const { epoch, owner, branches } = operation;
          if (entry === null) return entered({ epoch, owner, branches, outcome: 'undecided' });
          return entry.epoch === epoch && entry.outcome === 'undecided'
            ? entered(entry)
            : declined(entry, 'it belongs to another owner, or is decided');
        }
        case 'claim-transaction': {
          const { epoch, owner } = operation;
          if (entry === null) return [];
          if (entry.epoch > epoch || (entry.epoch === epoch && entry.owner !== owner)) {
            return declined(entry, `its epoch is ${entry.epoch}`);
          }
          return entered({ ...entry, epoch, owner });
        }
        case 'decide-transaction': {
          const { epoch, outcome, branches } = operation;
          if (entry === null) {
            if (outcome === 'committed') return declined(entry, 'it is not registered');
            return entered({ epoch, owner: 'nobody/2pc.coordinator/', outcome, branches });
          }
          if (!fences) return entered({ ...entry, outcome, branches });
          if (entry.outcome !== 'undecided') return entered(entry);
          if (entry.epoch !== epoch) return declined(entry, `its epoch is ${entry.epoch}`);
          return entered({ ...entry, outcome, branches });
        }
        case 'read-decision':
          if (entry === null) return [{ state: entry, result: done({ outcome: 'absent', branches: [] }) }];
          return entered(entry);
        case 'end-transaction':
          if (entry !== null && entry.epoch > operation.epoch) return declined(entry, `its epoch is ${entry.epoch}`);
          return [{ state: entry, result: done(null) }];
      }
    },
  });
