/** What a commit costs, beside the formulas of Gray & Lamport (2006), §3.2 and §4.3. */

import { describe, expect, test } from 'vitest';
import {
  type Case,
  faultCounts,
  formulaOf,
  measuredAsInPaper,
  measuredAsItIs,
  measuredAsManaged,
  participantCounts,
} from '../../../src/proof/two-phase-commit/costs/compare.ts';

const placements = ['apart', 'leader-with-acceptor', 'together'] as const;
const cases = faultCounts.flatMap((faults) => participantCounts.map((participants) => ({ faults, participants })));

test.each(placements)(
  'under the assumptions of the paper, with everything %s, counts are its formulas',
  (placement) => {
    const compared = cases.flatMap((it) => {
      const asked: Case = { ...it, placement };
      const formula = formulaOf(asked);
      return formula === undefined ? [] : [{ asked, formula, measured: measuredAsInPaper(asked) }];
    });
    expect(compared.length).toBeGreaterThan(10);
    for (const { asked, formula, measured } of compared) {
      // Two resource managers that are beside the two acceptors need one delay fewer than any more of them.
      const isShort = placement === 'together' && asked.participants === 2 && asked.faults === 1;
      const delays = formula.delays - (isShort ? 1 : 0);
      expect({ asked, ...measured }).toEqual({ asked, ...formula, delays });
    }
  },
);

test('with F = 0, Paxos Commit has the messages, delays and writes of two-phase commit', () => {
  for (const participants of participantCounts) {
    const paxos = measuredAsInPaper({ participants, faults: 0, placement: 'leader-with-acceptor' });
    expect(paxos).toEqual(measuredAsInPaper({ participants, faults: undefined, placement: 'apart' }));
    const together = { participants, placement: 'together' } as const;
    expect(measuredAsInPaper({ ...together, faults: 0 })).toEqual(
      measuredAsInPaper({ ...together, faults: undefined }),
    );
  }
});

describe('all that is said here', () => {
  test('is what the paper counts, the prepare of the first one, acknowledgements, and the end for acceptors', () => {
    for (const { participants: n, faults: f } of cases) {
      if (f === undefined) {
        expect(measuredAsItIs({ participants: n, faults: f, placement: 'apart' })).toMatchObject({ messages: 4 * n });
        continue;
      }
      const { messages } = measuredAsItIs({ participants: n, faults: f, placement: 'leader-with-acceptor' });
      // Each of N: a prepare, F + 1 votes, a decision, an acknowledgement. Of the F other acceptors used: 2b; of 2F: the end.
      expect(messages).toBe(n * (f + 4) + f + 2 * f);
    }
  });

  test('is votes to other nodes, answers and the end, where participants live with their coordinator', () => {
    for (const { participants, faults } of cases) {
      const { messages, stableWrites } = measuredAsManaged({ participants, faults });
      expect(messages).toBe(faults === undefined ? 0 : participants * faults + faults + 2 * faults);
      expect(stableWrites).toBe(participants + 1 + (faults ?? 0));
    }
  });
});
