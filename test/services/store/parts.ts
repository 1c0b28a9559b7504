/** The parts of a state's snapshot, taken at once and put back at once. */

import type { SlicedStateMachine } from '../../../src/services/store/state-machine.ts';

type Sliced = Pick<SlicedStateMachine, 'view' | 'restoring'>;

export function partsOf(machine: Sliced, sizeBytes = 64): readonly Uint8Array[] {
  const view = machine.view();
  const parts: Uint8Array[] = [];
  for (let part = view.next(sizeBytes); part !== undefined; part = view.next(sizeBytes)) parts.push(part);
  return parts;
}

export function restore(machine: Sliced, parts: readonly Uint8Array[]): void {
  const restoration = machine.restoring();
  for (const part of parts) restoration.take(part);
  restoration.finish();
}

/** The bytes of all parts. */
export const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0);
