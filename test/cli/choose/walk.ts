/** All ways through the questions. */

import { begin, type Conclusion, type Standing } from '../../../src/cli/choose/conclude.ts';
import { answersTo, readAnswers } from '../../../src/cli/choose/questions.ts';

function* from(standing: Standing): Generator<Conclusion> {
  if (standing.type === 'concluded') {
    yield standing.conclusion;
    return;
  }
  for (const answer of answersTo(standing.question)) {
    const given = readAnswers({ [standing.question]: answer });
    let next: Standing;
    try {
      next = standing.answer(given);
    } catch (error) {
      // More zones than machines: the only answer that what was said before rules out.
      if (standing.question === 'zones') continue;
      throw error;
    }
    yield* from(next);
  }
}

/** What each way leads to. */
export const allConclusions = (): readonly Conclusion[] => [...from(begin())];
