/**
 * Clients that follow the changes of a store, each at one node, while faults happen. What they are told must be what the
 * state machines were given: no gap, no duplicate, in order.
 */

import * as v from 'valibot';
import { NotCaughtUpError, RevisionForgottenError, UnavailableError } from '../../services/store/errors.ts';
import { answerIn } from '../../services/store/key-value/answers.ts';
import type { KeyValueQuestion } from '../../services/store/key-value/questions.ts';
import type { ReplicatedStore } from '../../services/store/replicated-store.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { Problem } from '../claim.ts';
import type { Application } from './audit.ts';

const toldSchema = v.object({
  /** Told is what happened after this revision, */
  after: v.number(),
  /** and up to this one. */
  until: v.number(),
  changes: v.array(v.string()),
  wasForgotten: v.boolean(),
});
type Told = v.InferOutput<typeof toldSchema>;

const decoder = new TextDecoder();

/** A change in words, by which changes are compared. */
const changeOf = (key: string, revision: number, value: Uint8Array | null): string =>
  `${key}=${value === null ? 'nothing' : decoder.decode(value)} at ${revision}`;

/** Few, so that what happened meanwhile comes in several answers. */
const changesPerAnswer = 4;
const answersPerWatch = 12;
const patienceMs = 700;

/**
 * Follows all changes, from now on or from the beginning, for some answers.
 *
 * @param done is told the `Told`; nothing, where not even the revision could be had
 */
export function follow(store: ReplicatedStore, from: 'now' | 'beginning', done: (outcome: OperationEnd) => void): void {
  const ask = (
    question: KeyValueQuestion,
    then: (error: unknown, answer?: ReturnType<typeof answerIn>) => void,
  ): void => {
    const isPatient = question.type === 'changes';
    const answered = (error: unknown, value: unknown): void => {
      let answer: ReturnType<typeof answerIn>;
      try {
        if (error !== undefined) throw error;
        answer = answerIn(value);
      } catch (cause) {
        then(cause);
        return;
      }
      then(undefined, answer);
    };
    try {
      store.queryThen(question, { deadlineMs: patienceMs, consistency: 'stale', isPatient }, answered);
    } catch (closed) {
      then(closed);
    }
  };
  const goOn = (told: Told, answersLeft: number): void => {
    if (answersLeft === 0) {
      done({ type: 'ok', value: told });
      return;
    }
    const question = { type: 'changes', selection: {}, after: told.until, limit: changesPerAnswer } as const;
    ask(question, (error, answer) => {
      if (error instanceof UnavailableError || error instanceof NotCaughtUpError) goOn(told, answersLeft - 1);
      else if (answer === null || answer === undefined || !('type' in answer) || answer.type !== 'changes') {
        done({ type: 'ok', value: { ...told, wasForgotten: error instanceof RevisionForgottenError } });
      } else {
        const changes = answer.changes.map(({ key, revision, value }) => changeOf(key, revision, value));
        goOn({ ...told, until: answer.after, changes: [...told.changes, ...changes] }, answersLeft - 1);
      }
    });
  };
  const begin = (after: number): void =>
    goOn({ after, until: after, changes: [], wasForgotten: false }, answersPerWatch);
  if (from === 'beginning') begin(0);
  else {
    ask({ type: 'revision' }, (error, answer) => {
      if (answer !== null && answer !== undefined && 'type' in answer && answer.type === 'revision') {
        begin(answer.revision);
      } else done({ type: 'failed', reason: `no revision: ${String(error)}` });
    });
  }
}

/** What watches must have met with, in some run. */
export const watcherGoals = [
  'a watch was told of changes in several answers',
  'a watch came too late for what had changed',
] as const;

/** What is known of the changes of a run. */
export interface Watchers {
  applied(application: Application): void;
  ended(outcome: OperationEnd): void;
  /** What is wrong, in words. */
  problem(): Problem;
  readonly reached: ReadonlySet<string>;
}

/** What a command changed. */
function changesIn({ command, result, revision, deleted }: Application): readonly string[] {
  if (command.type === 'put' && result.type === 'stored') return [changeOf(command.key, revision, command.value)];
  const wasThere = command.type === 'delete' && result.type === 'deleted' && result.version !== undefined;
  return wasThere ? [changeOf(command.key, revision, null)] : deleted.map((key) => changeOf(key, revision, null));
}

/** Makes the watch of one run. */
export function createWatchers(): Watchers {
  /** What each revision changed, as the first state machine that came to it had it. */
  const changes = new Map<number, readonly string[]>();
  const reached = new Set<string>();
  let problem: Problem;
  return {
    applied(application) {
      const { revision } = application;
      const changed = changesIn(application);
      const known = changes.get(revision);
      if (known === undefined) changes.set(revision, changed);
      else if (known.join('; ') !== changed.join('; ')) {
        problem ??= `state machines agree: one has ${known.join('; ')}, and another one ${changed.join('; ')}, at revision ${revision}`;
      }
    },
    ended(outcome) {
      if (outcome.type !== 'ok') return;
      const { after, until, changes: told, wasForgotten } = v.parse(toldSchema, outcome.value);
      const happened = [...changes]
        .sort(([a], [b]) => a - b)
        .flatMap(([at, changed]) => (at > after && at <= until ? changed : []));
      if (happened.join('; ') !== told.join('; ')) {
        problem ??= `watches: after ${after} and up to ${until} there was ${happened.join('; ')}, and a watch was told of ${told.join('; ')}`;
      }
      if (told.length > changesPerAnswer) reached.add(watcherGoals[0]);
      if (wasForgotten) reached.add(watcherGoals[1]);
    },
    problem: () => problem,
    reached,
  };
}
