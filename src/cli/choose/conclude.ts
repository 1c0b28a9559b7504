/** Walks the chart with answers that are given, to what is recommended or refused, or to the next question. */

import { initialTransition, type SnapshotFrom, transition } from 'xstate';
import { choiceChart } from './chart.ts';
import { type Method, methods, type Refusal, refusals } from './methods.ts';
import type { Ask } from './prompts.ts';
import {
  AnswerMissingError,
  type Answers,
  AnswersContradictError,
  answersTo,
  type Question,
  questionNames,
  questions,
  readAnswers,
} from './questions.ts';
import type { Reason } from './reasons.ts';

/** What came of the answers. */
export type Conclusion = { readonly answers: Answers; readonly reasons: readonly Reason[] } & (
  | { readonly recommended: Method }
  | { readonly refused: Refusal }
);

/** A conversation that stands somewhere. */
export type Standing =
  | { readonly type: 'asking'; readonly question: Question; answer(given: Answers): Standing }
  | { readonly type: 'concluded'; readonly conclusion: Conclusion };

type Snapshot = SnapshotFrom<typeof choiceChart>;

/** The beginning of a conversation. */
export function begin(): Standing {
  const [snapshot] = initialTransition(choiceChart);
  return standingOf(snapshot);
}

function standingOf(snapshot: Snapshot): Standing {
  const at = String(snapshot.value);
  const { answers, reasons: given } = snapshot.context;
  const question = questionNames.find((name) => name === at);
  if (question !== undefined) {
    return {
      type: 'asking',
      question,
      answer(next) {
        assertPossible({ ...answers, ...next });
        const [after] = transition(choiceChart, snapshot, { type: 'answer', answers: next });
        return standingOf(after);
      },
    };
  }
  const recommended = methods.find(({ name }) => name === at);
  if (recommended !== undefined) {
    return { type: 'concluded', conclusion: { answers, reasons: given, recommended } };
  }
  const refused = refusals.find(({ name }) => name === at);
  if (refused !== undefined) return { type: 'concluded', conclusion: { answers, reasons: given, refused } };
  throw new Error(`the chart ends in '${at}', which is neither recommended nor refused`);
}

/** @throws AnswersContradictError */
function assertPossible({ machines, zones }: Answers): void {
  if (machines === undefined || zones === undefined || zones <= machines) return;
  throw new AnswersContradictError(
    `expected no more zones than machines, got ${zones} zones of ${machines} machines; count only zones that hold one`,
  );
}

/**
 * What `answers` lead to.
 *
 * @throws AnswerMissingError when a question must be asked that they do not answer
 * @throws AnswersContradictError when they cannot be true together, or answer what is not asked
 */
export function conclude(answers: Answers): Conclusion {
  const asked = new Set<Question>();
  let standing = begin();
  while (standing.type === 'asking') {
    const { question } = standing;
    asked.add(question);
    if (answers[question] === undefined) {
      const expected = answersTo(question)
        .map((it) => JSON.stringify(it))
        .join(', ');
      throw new AnswerMissingError(
        `'${question}' is not answered: ${questions[question].text} Expected one of ${expected}`,
      );
    }
    standing = standing.answer(readAnswers({ [question]: answers[question] }));
  }
  const idle = questionNames.filter((it) => answers[it] !== undefined && !asked.has(it));
  if (idle.length > 0) throw new AnswersContradictError(idle.map((it) => `${it}: ${whyIdle(it)}`).join('; '));
  return standing.conclusion;
}

/** Asks until it is concluded. @throws AnswersContradictError, and what `ask` throws */
export async function converse(ask: Ask): Promise<Conclusion> {
  let before: Answers = {};
  let standing = begin();
  while (standing.type === 'asking') {
    const given = await ask(standing.question, before);
    before = { ...before, ...given };
    standing = standing.answer(given);
  }
  return standing.conclusion;
}

/** Why a question was not asked. */
const whyIdle = (question: Question): string =>
  question === 'owners'
    ? "there is no database that others could own ('databases' is 'none'); leave it out, or say which there are"
    : 'there is one machine, which is in one zone and not apart from others; leave it out, or say how many there are';
