/** Whether the condition of a write, or of a transaction, holds. */

import type { Stored } from '../table/contract.ts';
import type { Condition } from './commands.ts';

/** @param present what stands under the key; undefined for nothing */
export function holds(condition: Condition, present: Stored | undefined): boolean {
  switch (condition.type) {
    case 'version':
      return present?.version === condition.version;
    case 'value':
      return present !== undefined && sameBytes(present.value, condition.value);
    case 'present':
      return present !== undefined;
    case 'absent':
      return present === undefined;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);
