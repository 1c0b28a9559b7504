/** When `quorate up` shows what it runs: once that has settled, and once more when what did not run then does. */

import type { Standing } from './supervisor.ts';

export interface TableParts {
  hasLeader(): boolean;
  /** How each node stands. */
  standings(): readonly Standing[];
  /** Shows the table as all stands now. */
  show(): void;
}

export interface Table {
  readonly isShown: boolean;
  /** Something of what it shows may have changed. */
  changed(): void;
  /** Shows it as it is, unless it was shown already. */
  insist(): void;
}

export function createTable({ hasLeader, standings, show }: TableParts): Table {
  let shown: 'not-yet' | 'early' | 'partly' | 'whole' = 'not-yet';
  const isWhole = (): boolean => hasLeader() && standings().every((it) => it === 'ready');
  const isSettled = (): boolean => hasLeader() && !standings().includes('starting');
  const showNow = (): void => {
    shown = isWhole() ? 'whole' : isSettled() ? 'partly' : 'early';
    show();
  };
  return {
    get isShown() {
      return shown !== 'not-yet';
    },
    changed() {
      const isNews = shown === 'not-yet' || shown === 'early' ? isSettled() : shown === 'partly' && isWhole();
      if (isNews) showNow();
    },
    insist() {
      if (shown === 'not-yet') showNow();
    },
  };
}
