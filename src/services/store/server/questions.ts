/**
 * Answers questions to the state of a store, when their askers have room for what may be large. Those to which there is no
 * answer yet wait for it, until shortly before their askers hear no more.
 */

import type { Clock } from '../../../environment/clock.ts';
import { messageOf } from '../../../environment/message.ts';
import { MalformedRequestError } from '../errors.ts';
import type { Replica } from '../replica.ts';
import type { Desk, Sink, Waiting } from '../requests/desk.ts';
import { LaterAnswer, type SlicedStateMachine } from '../state-machine.ts';
import type { ServerLimits } from './limits.ts';

export interface Questions {
  /** Answers a question now, or once its asker has room, or once there is something to tell. */
  answer(item: Waiting, question: unknown): void;
  /** Those that wait are not answered any more. Idempotent. */
  close(): void;
}

export interface QuestionsParts {
  readonly clock: Clock;
  readonly machine: SlicedStateMachine;
  readonly replica: Pick<Replica, 'isRestoring'>;
  readonly desk: Desk;
  readonly limits: Pick<ServerLimits, 'waitingQuestions' | 'waitingQuestionsOfOne'>;
}

/** So that an answer that there is nothing arrives in time, in milliseconds, and as a part of the time that is left. */
const marginMs = 200;
const marginShare = 0.25;
/** One that is gone without a word keeps its place no longer than this, in milliseconds, however long it said to wait. */
const longestWaitMs = 60_000;

/** Makes what answers the questions to one state. */
export function createQuestions(parts: QuestionsParts): Questions {
  const { clock, machine, replica, desk, limits } = parts;
  /** What calls off each question that waits. */
  const waiting = new Set<() => void>();
  const waitingOf = new Map<Sink, number>();
  const count = (sink: Sink, more: 1 | -1): void => {
    const sum = (waitingOf.get(sink) ?? 0) + more;
    if (sum === 0) waitingOf.delete(sink);
    else waitingOf.set(sink, sum);
  };
  const isFullFor = (sink: Sink): boolean =>
    waiting.size >= limits.waitingQuestions ||
    (!sink.isOwn && (waitingOf.get(sink) ?? 0) >= limits.waitingQuestionsOfOne);

  const ask = (question: unknown): unknown => {
    if (machine.query === undefined) throw new MalformedRequestError('this state machine answers no questions');
    return machine.query(question);
  };
  /** @param find throws where the question makes no sense: it changes nothing, so that harms its asker alone */
  const answer = (item: Waiting, find: () => unknown): void => {
    if (!item.sink.hasRoom) {
      item.sink.whenRoom(() => {
        answer(item, find);
        desk.flush();
      });
      return;
    }
    if (replica.isRestoring) {
      desk.refuse(item, 'not-ready');
      return;
    }
    let value: unknown;
    try {
      value = find();
    } catch (error) {
      desk.refuse(item, 'malformed', undefined, messageOf(error));
      return;
    }
    if (value instanceof LaterAnswer) wait(item, value);
    else desk.answer(item, { id: item.id, status: 'done', value });
  };
  const wait = (item: Waiting, later: LaterAnswer): void => {
    const leftMs = Math.min((item.expiresAtMs ?? clock.nowMs()) - clock.nowMs(), longestWaitMs);
    if (isFullFor(item.sink)) {
      desk.refuse(item, 'overloaded');
      return;
    }
    const callOff = (): void => {
      notDue();
      clock.clearTimeout(timeout);
      waiting.delete(callOff);
      count(item.sink, -1);
    };
    const end = (): void => {
      if (!waiting.has(callOff)) return;
      callOff();
      answer(item, () => later.now());
      desk.flush();
    };
    // What is told of is being applied, maybe with more: the answer comes in a turn of its own.
    const notDue = later.wait(() => clock.enqueue(end));
    const timeout = clock.setTimeout(end, Math.max(0, leftMs - Math.min(marginMs, leftMs * marginShare)));
    waiting.add(callOff);
    count(item.sink, 1);
  };
  return {
    answer: (item, question) => answer(item, () => ask(question)),
    close() {
      for (const callOff of [...waiting]) callOff();
    },
  };
}
