/**
 * How a branch may be asked to run: by which isolation, and whether it only reads. A resource says what it offers; what it
 * does not offer is refused before the branch begins, because one that runs with less would not say so.
 */

import { BranchModeError } from './errors.ts';

/** The isolation levels that can be asked for, by their names in SQL, the weakest first. */
export const branchIsolations = ['read committed', 'repeatable read', 'serializable'] as const;

/** The name of an isolation level. What a database means by it is the database's. */
export type BranchIsolation = (typeof branchIsolations)[number];

/** How a branch is to run. What is left out is as the resource has it by default. */
export interface BranchMode {
  readonly isolation?: BranchIsolation | undefined;
  /** The branch changes nothing: what would is refused by the resource. */
  readonly readOnly?: boolean | undefined;
}

/** What branches can be asked for at a resource. */
export interface ModesOffered {
  /** A resource may give more than the level that was asked for, and never less. */
  readonly isolations: readonly BranchIsolation[];
  readonly readOnly: boolean;
}

/** All that there is. */
export const allModes: ModesOffered = { isolations: branchIsolations, readOnly: true };

/**
 * Refuses what a resource does not offer.
 *
 * @param resource its name
 * @param offered undefined: its defaults alone
 * @throws BranchModeError
 */
export function assertOffered(
  resource: string,
  offered: ModesOffered | undefined,
  { isolation, readOnly = false }: BranchMode,
): void {
  const { isolations = [], readOnly: offersReadOnly = false } = offered ?? {};
  if (isolation !== undefined && !isolations.includes(isolation)) {
    throw new BranchModeError(
      `expected an isolation that '${resource}' offers (${isolations.join(', ') || 'its default alone'}), got '${isolation}'; leave it out, or use another resource`,
    );
  }
  if (readOnly && !offersReadOnly) {
    throw new BranchModeError(
      `expected a branch that may write at '${resource}', which offers none that only reads; leave out readOnly`,
    );
  }
}
