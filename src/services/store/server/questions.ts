/** Answers questions to the state of a store, when their askers have room for what may be large. */

import { MalformedRequestError } from '../errors.ts';
import type { Replica } from '../replica.ts';
import type { Desk, Waiting } from '../requests/desk.ts';
import type { SlicedStateMachine } from '../state-machine.ts';

/** Answers a question now, or once its asker has room. */
export type AnswerQuestion = (item: Waiting, question: unknown) => void;

/** Makes what answers the questions to one state. */
export function createQuestions(machine: SlicedStateMachine, replica: Replica, desk: Desk): AnswerQuestion {
  const answer: AnswerQuestion = (item, question) => {
    if (!item.sink.hasRoom) {
      item.sink.whenRoom(() => {
        answer(item, question);
        desk.flush();
      });
      return;
    }
    if (replica.isRestoring) {
      desk.refuse(item, 'not-ready');
      return;
    }
    let value: unknown;
    // A question changes nothing, so one that makes the state machine throw harms its asker alone.
    try {
      if (machine.query === undefined) throw new MalformedRequestError('this state machine answers no questions');
      value = machine.query(question);
    } catch (error) {
      desk.refuse(item, 'malformed', undefined, error instanceof Error ? error.message : String(error));
      return;
    }
    desk.answer(item, { id: item.id, status: 'done', value });
  };
  return answer;
}
