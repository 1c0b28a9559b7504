/** What managers of a group refuse by name. */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { ManagerRefusal } from '../../../statecharts/failover.ts';

/** A data directory was begun for a group that acknowledges writes otherwise. */
export class OtherGroupError extends QuorateError {
  readonly code = 'OTHER_GROUP';
}

/** A manager refused what an operator asked: it has not happened. */
export class ManagerRefusedError extends QuorateError {
  readonly code: ManagerRefusal;

  constructor(code: ManagerRefusal, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether what an operator asked has happened is open. */
export class ManagerAnswerMissingError extends QuorateError {
  readonly code = 'ANSWER_MISSING';
}

/** A manager waits for as many answers as it can. */
export class OperatorsWaitingError extends QuorateError {
  readonly code = 'OPERATORS_WAITING';
}
