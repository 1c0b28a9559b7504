/** A view of a table, told part by part while the table goes on. */

import { ViewEndedError } from '../errors.ts';
import type { KeptRecord } from './changes.ts';
import type { TableView } from './contract.ts';
import type { MemoryView } from './memory.ts';
import { changesIn, entriesIn } from './parts.ts';
import type { Slabs } from './slabs.ts';

interface Viewed {
  readonly slabs: Slabs;
  readonly memory: MemoryView;
  readonly changes: Iterator<KeptRecord, undefined>;
  readonly floor: number;
  /** Whether the table has opened no later view, and was not emptied. */
  readonly isCurrent: () => boolean;
  /** Called when the changes are told, or never will be. */
  readonly onChangesTold: () => void;
  /** Called when nothing more is asked. */
  readonly onOver: () => void;
}

/** The changes since the floor, and then what stood at it. */
export function viewOf({ slabs, memory, changes, floor, isCurrent, onChangesTold, onOver }: Viewed): TableView {
  let isOver = false;
  const view: TableView = {
    floor,
    next(limitBytes) {
      if (isOver) return undefined;
      if (!isCurrent()) throw new ViewEndedError();
      const part = changesIn(slabs, changes, limitBytes) ?? entriesIn(memory.next(limitBytes), floor);
      if (part?.type !== 'changes') onChangesTold();
      if (part === undefined) view.release();
      return part;
    },
    release() {
      isOver = true;
      memory.release();
      if (!isCurrent()) return;
      onChangesTold();
      onOver();
    },
  };
  return view;
}
