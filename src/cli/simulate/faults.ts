/** Which faults a simulation may have. */

import { InvalidArgumentError } from 'commander';
import { allFaults } from '../../simulator/plan.ts';
import type { FaultKind } from '../../simulator/schedule.ts';

/** The faults that were chosen. */
export interface FaultSelection {
  readonly kinds: readonly FaultKind[];
  /** Whether envelopes may be lost, repeated, and late. */
  readonly network: boolean;
}

/** No protocol here claims to survive that a disk is wiped: a server that forgot its votes would vote twice. */
export const faultKinds = allFaults.filter((kind) => kind !== 'wipe');

/** Every fault there is. */
export const everyFault: FaultSelection = { kinds: faultKinds, network: true };

/** Reads a choice of faults. @throws InvalidArgumentError */
export function faultsIn(text: string): FaultSelection {
  if (text === 'all') return everyFault;
  if (text === 'none') return { kinds: [], network: false };
  const names = text.split(',');
  const unknown = names.find((name) => name !== 'network' && !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no fault '${unknown}'; there are: network, ${faultKinds.join(', ')}.`);
  }
  return { kinds: faultKinds.filter((kind) => names.includes(kind)), network: names.includes('network') };
}
