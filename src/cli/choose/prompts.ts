/** Asks the questions in a terminal. */

import type { Readable, Writable } from 'node:stream';
import { isCancel, select, text } from '@clack/prompts';
import { UsageError } from '../errors.ts';
import { type Answers, type Question, questions, readAnswers } from './questions.ts';

/** The person has left before the end. */
export class ChoiceLeftError extends UsageError {
  readonly code = 'CHOICE_LEFT';
}

/** Asks one question, given what was answered. */
export type Ask = (question: Question, before: Answers) => Promise<Answers>;

/** Asks at a terminal. @throws ChoiceLeftError when the person leaves */
export const askingAt =
  (input: Readable, output: Writable): Ask =>
  async (question, before) => {
    const asked = questions[question];
    const answered =
      'choices' in asked
        ? await select({
            message: asked.text,
            options: Object.entries(asked.choices).map(([value, label]) => ({ value, label })),
            input,
            output,
          })
        : await text({
            message: asked.text,
            placeholder: String(asked.least),
            validate: (typed) => problemOf(question, typed ?? '', asked.least, mostOf(question, asked.most, before)),
            input,
            output,
          });
    if (isCancel(answered)) throw new ChoiceLeftError('the questions were left before the last one; nothing is chosen');
    return readAnswers({ [question]: 'choices' in asked ? answered : Number(answered) });
  };

const mostOf = (question: Question, most: number, { machines = most }: Answers): number =>
  question === 'zones' ? machines : most;

function problemOf(question: Question, typed: string, least: number, most: number): string | undefined {
  const count = Number(typed);
  if (/^\d+$/.test(typed) && count >= least && count <= most) return undefined;
  const why = question === 'zones' ? ', as each zone holds a machine' : '';
  return `Type a whole number from ${least} to ${most}${why}.`;
}
