/**
 * The shared coin of randomised consensus (Aspnes & Herlihy 1990), as Kwiatkowska, Norman & Segala (2001) analyse it: each
 * process throws a coin, moves a common counter by it, and looks whether the counter has come to one of the ends.
 */

import type { Choice } from '../../../src/odds.ts';

type Phase = 'throwing' | 'writing' | 'looking' | 'finished';

interface Process {
  readonly phase: Phase;
  readonly coin: 0 | 1;
}

export interface SharedCoin {
  readonly counter: number;
  readonly processes: readonly Process[];
}

/** @param K how far the counter goes, per process */
export const sharedCoin = (processCount: number, K: number) => {
  const end = 2 * (K + 1) * processCount;
  const start: SharedCoin = {
    counter: (K + 1) * processCount,
    processes: Array.from({ length: processCount }, () => ({ phase: 'throwing', coin: 0 })),
  };
  const rewards = { steps: 1 };
  const isFinished = ({ processes }: SharedCoin): boolean => processes.every(({ phase }) => phase === 'finished');

  const choices = (state: SharedCoin): Choice<SharedCoin, 'steps'>[] => {
    if (isFinished(state)) return [{ outcomes: [{ probability: 1, state }], rewards }];
    return state.processes.flatMap((process, place): Choice<SharedCoin, 'steps'>[] => {
      const after = (next: Process, counter = state.counter): SharedCoin => ({
        counter,
        processes: state.processes.with(place, next),
      });
      const surely = (next: SharedCoin) => [{ outcomes: [{ probability: 1, state: next }], rewards }];
      const { counter } = state;
      switch (process.phase) {
        case 'throwing':
          return [
            {
              outcomes: ([0, 1] as const).map((coin) => ({
                probability: 0.5,
                state: after({ phase: 'writing', coin }),
              })),
              rewards,
            },
          ];
        case 'writing':
          return surely(after({ phase: 'looking', coin: 0 }, counter + (process.coin === 1 ? 1 : -1)));
        case 'looking':
          if (counter <= processCount) return surely(after({ phase: 'finished', coin: 0 }));
          if (counter >= end - processCount) return surely(after({ phase: 'finished', coin: 1 }));
          return surely(after({ phase: 'throwing', coin: 0 }));
        default:
          return [];
      }
    });
  };

  const allShow = (coin: 0 | 1) => (state: SharedCoin) =>
    isFinished(state) && state.processes.every((process) => process.coin === coin);
  const disagree = (state: SharedCoin): boolean => isFinished(state) && !allShow(0)(state) && !allShow(1)(state);
  return { start, choices, isFinished, allShow, disagree };
};
