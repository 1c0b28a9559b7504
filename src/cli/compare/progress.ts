/** How far a comparison is: a bar that a person watches, or a line now and then where no person does. */

import type { ComparisonProgress } from '../../compare/compare.ts';
import type { Terminal } from '../terminal.ts';

export interface ProgressBar {
  show(progress: ComparisonProgress): void;
  /** All is done: what stands there is wiped off. */
  end(): void;
}

const widthChars = 30;
/** `████░░░░  12/104  Raft: crash` */
export function barOf({ done, total, method, part }: ComparisonProgress): string {
  const filled = Math.floor((done / Math.max(1, total)) * widthChars);
  const bar = '█'.repeat(filled) + '░'.repeat(widthChars - filled);
  return `${bar}  ${String(done).padStart(String(total).length)}/${total}  ${method}: ${part}`;
}

/** Makes the bar of one comparison. */
export function createProgressBar({ progress, err }: Pick<Terminal, 'progress' | 'err'>): ProgressBar {
  if (progress !== undefined) return { show: (it) => progress(barOf(it)), end: () => progress('') };
  let last = '';
  return {
    show({ done, total, method }) {
      if (method === last) return;
      last = method;
      err(`${done}/${total} ${method}`);
    },
    end: () => {},
  };
}
