/**
 * The coordinates of a branch: which manager's transaction it belongs to, and which part of it. The global id by
 * which a database knows a prepared branch names all three, so that whoever lists them knows whose they are.
 */

import { BranchNameError } from './errors.ts';

/** One resource's part of one distributed transaction. */
export interface Branch {
  /** The transaction manager that began it; the same after the manager's restart. */
  readonly manager: string;
  readonly transaction: string;
  /** The name of the branch within its transaction, usually the resource's. */
  readonly branch: string;
}

/** Longest accepted parts, in characters: MariaDB keeps manager and transaction in 64 bytes, and the branch in 64. */
export const branchLimits = { manager: 24, transaction: 39, branch: 48 } as const;

const prefix = 'quorate';
const allowed = /^[A-Za-z0-9_.~-]+$/;
/** The names of a branch's coordinates. */
export const branchParts = ['manager', 'transaction', 'branch'] as const;

/**
 * Refuses coordinates that no database could keep.
 *
 * @throws BranchNameError naming the part: 1 to 24, 39 and 48 characters of `A-Za-z0-9_.~-`
 */
export function assertBranch(branch: Branch): void {
  for (const part of branchParts) {
    const name = branch[part];
    if (typeof name === 'string' && name.length <= branchLimits[part] && allowed.test(name)) continue;
    throw new BranchNameError(
      `expected as ${part} of a branch 1 to ${branchLimits[part]} characters of A-Z a-z 0-9 _ . ~ -, got ${JSON.stringify(name)}`,
    );
  }
}

/** The global id of a branch: at most 121 bytes of ASCII without quotes, below PostgreSQL's limit of 200. */
export function globalIdOf(branch: Branch): string {
  assertBranch(branch);
  return `${prefix}:${branch.manager}:${branch.transaction}:${branch.branch}`;
}

/** What the global ids of all branches of a manager begin with. */
export const globalIdPrefix = (manager: string): string => `${prefix}:${manager}:`;

/** The coordinates in a global id; undefined for an id that is not of this form, and so is somebody else's. */
export function branchOf(globalId: string): Branch | undefined {
  const [first, manager, transaction, branch, ...rest] = globalId.split(':');
  if (first !== prefix || manager === undefined || transaction === undefined || branch === undefined) return undefined;
  if (rest.length > 0) return undefined;
  const found: Branch = { manager, transaction, branch };
  return branchParts.every((part) => allowed.test(found[part]) && found[part].length <= branchLimits[part])
    ? found
    : undefined;
}
