/**
 * What is asked of a person who must choose a method, in the order in which it is asked, and how answers that come in a file
 * are read.
 */

import * as v from 'valibot';
import { oneOf, problemsOf, section } from '../config/sections.ts';
import { UsageError } from '../errors.ts';

/** An answer, or a question, that there is not. */
export class AnswerUnknownError extends UsageError {
  readonly code = 'ANSWER_UNKNOWN';
}

/** A question that must be asked was not answered. */
export class AnswerMissingError extends UsageError {
  readonly code = 'ANSWER_MISSING';
}

/** Answers that cannot be true together. */
export class AnswersContradictError extends UsageError {
  readonly code = 'ANSWERS_CONTRADICT';
}

/** A question whose answer is one of some words. */
export interface ChoiceQuestion {
  readonly text: string;
  /** What each word stands for. */
  readonly choices: Readonly<Record<string, string>>;
}

/** A question whose answer is a count. */
export interface CountQuestion {
  readonly text: string;
  readonly least: number;
  readonly most: number;
}

const atMostMachines = 9;

/** The questions, in their order. Which of them are asked is the chart's business. */
export const questions = {
  loss: {
    text: 'What may be lost when a machine is gone for ever, with its disk?',
    choices: {
      nothing: 'nothing that was acknowledged',
      'last-writes': 'the last writes, as many as I say',
      'since-backup': 'what came since the last backup',
    },
  },
  downtime: {
    text: 'How long may it be down when a machine dies?',
    choices: {
      seconds: 'seconds: nobody is asked',
      minutes: 'minutes: until a process is started again, or a standby has caught up',
      days: 'until a person has repaired it',
    },
  },
  machines: { text: 'How many machines are there?', least: 1, most: atMostMachines },
  zones: { text: 'In how many zones, of which each may fail as a whole?', least: 1, most: atMostMachines },
  databases: {
    text: 'Which databases hold the data?',
    choices: {
      none: 'none: a store of this library is to hold it',
      one: 'one: PostgreSQL, Redis, or another server with standbys',
      several: 'several, and changes concern more than one of them',
    },
  },
  owners: {
    text: 'Who owns the databases?',
    choices: {
      ours: 'we do: we may add standbys, and say which one is primary',
      others: 'others do: we are clients',
    },
  },
  distance: {
    text: 'How far apart are the machines?',
    choices: {
      room: 'in one room: a round trip takes less than a millisecond',
      region: 'in one region: a few milliseconds',
      continents: 'on continents: tens of milliseconds, and more',
    },
  },
  retries: {
    text: 'May clients ask again when no answer came?',
    choices: {
      yes: 'yes, under the same name of the request',
      no: 'no: each request is sent once',
    },
  },
} as const satisfies Readonly<Record<string, ChoiceQuestion | CountQuestion>>;

export type Question = keyof typeof questions;

/** All questions, in their order. */
export const questionNames: readonly Question[] = [
  'loss',
  'downtime',
  'machines',
  'zones',
  'databases',
  'owners',
  'distance',
  'retries',
];

const wordOf = <const Words extends readonly string[]>(...words: Words) => v.exactOptional(oneOf(words));
const countOf = ({ least, most }: CountQuestion) => {
  const expected = `expected a whole number from ${least} to ${most}`;
  return v.exactOptional(
    v.pipe(
      v.number(({ received }) => `${expected}, got ${received}`),
      v.check(
        (count) => Number.isInteger(count) && count >= least && count <= most,
        ({ input }) => `${expected}, got ${input}`,
      ),
    ),
  );
};

const answersSchema = section({
  loss: wordOf('nothing', 'last-writes', 'since-backup'),
  downtime: wordOf('seconds', 'minutes', 'days'),
  machines: countOf(questions.machines),
  zones: countOf(questions.zones),
  databases: wordOf('none', 'one', 'several'),
  owners: wordOf('ours', 'others'),
  distance: wordOf('room', 'region', 'continents'),
  retries: wordOf('yes', 'no'),
});

/** What was answered, so far. */
export type Answers = v.InferOutput<typeof answersSchema>;

/** Reads answers; which of them are needed is not looked at. @throws AnswerUnknownError */
export function readAnswers(content: unknown): Answers {
  const parsed = v.safeParse(answersSchema, content);
  if (parsed.success) return parsed.output;
  throw new AnswerUnknownError(`the answers are malformed at\n  ${problemsOf(parsed.issues)}`);
}

/** The answers that there are to a question, as in a file. */
export function answersTo(question: Question): readonly (string | number)[] {
  const asked: ChoiceQuestion | CountQuestion = questions[question];
  if ('choices' in asked) return Object.keys(asked.choices);
  return Array.from({ length: asked.most - asked.least + 1 }, (_, index) => asked.least + index);
}
