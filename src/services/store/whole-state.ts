/** State machines whose snapshot is one value, in the form of those that give theirs away in slices. */

import { UnreadableStateError } from './errors.ts';
import type { SlicedStateMachine, StateMachine } from './state-machine.ts';

/** The largest snapshot of a `StateMachine`, in bytes: encoding and reading it takes one turn. */
export const wholeStateLimitBytes = 64 * 1_024 * 1_024;

/** `machine` in slices. Its whole state is encoded when the first of them is asked for. */
export function slicedOf(machine: StateMachine | SlicedStateMachine): SlicedStateMachine {
  if ('view' in machine) return machine;
  return Object.assign(Object.create(machine) as Omit<StateMachine, 'snapshot' | 'restore'>, {
    view() {
      const whole = machine.snapshot();
      if (whole.length > wholeStateLimitBytes) {
        throw new UnreadableStateError(
          `expected a snapshot of at most ${wholeStateLimitBytes} bytes, got ${whole.length}; give the state away in slices (SlicedStateMachine)`,
        );
      }
      let rest: Uint8Array | undefined = whole;
      return {
        next(sizeBytes: number) {
          if (rest === undefined) return undefined;
          const part = rest.subarray(0, Math.max(1, sizeBytes));
          rest = part.length < rest.length ? rest.subarray(part.length) : undefined;
          return part;
        },
        release() {
          rest = undefined;
        },
      };
    },
    restoring() {
      const parts: Uint8Array[] = [];
      return {
        take: (part: Uint8Array) => void parts.push(part.slice()),
        finish: () => machine.restore(joined(parts)),
      };
    },
  });
}

/** All of `parts` as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
