/** The step of the clock: time passes, for all nodes at once. */

import { kindCode } from '../../steps.ts';
import type { Visitor, VisitorParts } from './visitor.ts';

/** Visits the next tick, of at most `ticks`. */
export function clockVisitor({ layout, successor }: VisitorParts, ticks: number | undefined): Visitor {
  const { next } = successor;
  return (state, visit, watch) => {
    const now = successor.instantOf(state);
    if (now === ticks) {
      watch?.withheld?.(kindCode.tick, 0, 0);
      return;
    }
    successor.begin(state);
    next[layout.clock] = now + 1;
    visit(kindCode.tick, 0, 0, next);
  };
}
