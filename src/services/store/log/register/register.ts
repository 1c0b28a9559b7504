/**
 * A register with compare-and-set over a replicated log of its own, as one node has it. What is asked is decided by the log,
 * through the node that leads that, and nothing of it is remembered here: what is not answered is asked again, and must mean the
 * same then.
 */

import { NodeOverloadedError, NodeStoppedError } from '../../../../host/errors.ts';
import { encode } from '../../codec.ts';
import type { LogEvent, LogListener, ReplicatedLog } from '../replicated-log.ts';
import { LoggedValue, type RegisterRules } from './value.ts';

export type { RegisterRules } from './value.ts';

export interface RegisterParts<Value, Change> {
  /** Started in this turn, for this alone: the value is all of its state. */
  readonly log: ReplicatedLog;
  readonly rules: RegisterRules<Value, Change>;
  /** The value before any change; the same on all nodes. */
  readonly founding: Value;
  /** Something was asked, here or elsewhere, and decided; the value is another one or not. */
  decided(): void;
  /** The node has begun to lead the log, or ceased to. */
  led?(isLeader: boolean): void;
  /** The register has ended with its log. */
  readonly ended: LogListener['ended'];
}

/** What a register is asked. */
export interface Asked<Change> {
  /** The change to decide; null where the value is asked for. */
  readonly wanted: Change | null;
  /** Whether another node has passed it on. */
  readonly isPassed: boolean;
  /** Passes it on to the node that leads. */
  pass(leader: string): void;
  /** Tells the value, once `current` has all that was decided before this. */
  answer(): void;
}

/** The register on a node. */
export interface ReplicatedRegister<Value, Change> {
  /** As this node knows it; another one may have a later value. */
  readonly current: Value;
  /** Whether this node leads. */
  readonly isLeader: boolean;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  /**
   * Has the log decide or confirm what is asked, through the node that leads. What becomes of a change, `decided` says. It is lost
   * while no node is known to lead, if the one that does ceases to, or if too many questions are waiting.
   */
  take(asked: Asked<Change>): void;
  /**
   * Lets another node lead the log, if this one does. `over` is called once another one leads, or none will by that, maybe
   * before this returns; never if the register ends before, or takes no requests.
   */
  resign(over: () => void): void;
}

/** Questions that wait for the log; more are not answered. */
const waitingLimit = 1_000;

/** A question that waits until the log has confirmed an index, and that is applied here. */
interface Question {
  readonly index: number | undefined;
  answer(): void;
}

/** Makes the register of a node. */
export function replicatedRegister<Value, Change>(
  parts: RegisterParts<Value, Change>,
): ReplicatedRegister<Value, Change> {
  const { log, rules, founding, decided, led = () => undefined, ended } = parts;
  const questions = new Map<number, Question>();
  const resigning = new Map<number, () => void>();
  let lastId = 0;
  let hasLed = false;
  const value = new LoggedValue(log, rules, founding, decided, ended);

  /** The node takes no more requests now, or for good; what was asked is asked again. */
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof NodeOverloadedError || error instanceof NodeStoppedError)) throw error;
    }
  };
  const answer = (): void => {
    for (const [id, question] of questions) {
      if (question.index === undefined || question.index > value.appliedIndex) continue;
      questions.delete(id);
      question.answer();
    }
  };
  const hear = (event: LogEvent): void => {
    switch (event.type) {
      case 'committed':
        value.follow(event.entries);
        break;
      case 'snapshotInstalled':
        value.install(event.index, event.snapshot);
        break;
      case 'snapshotDue':
        attempt(() => value.due());
        break;
      case 'readable': {
        const question = questions.get(event.id);
        if (question !== undefined) questions.set(event.id, { ...question, index: event.index });
        break;
      }
      case 'handedOver':
      case 'notHandedOver': {
        const over = resigning.get(event.id);
        resigning.delete(event.id);
        over?.();
        break;
      }
      case 'refused':
        questions.delete(event.id);
    }
    answer();
  };
  const record = (wanted: Change): void => {
    lastId += 1;
    attempt(() => log.propose(lastId, [encode(wanted)]));
  };
  const confirm = (whenConfirmed: () => void): void => {
    if (questions.size >= waitingLimit) return;
    lastId += 1;
    attempt(() => {
      log.read(lastId);
      questions.set(lastId, { index: undefined, answer: whenConfirmed });
    });
  };

  log.listen({
    event(event) {
      try {
        hear(event);
      } catch (error) {
        ended(error);
      }
    },
    changed() {
      if (log.isLeader === hasLed) return;
      hasLed = log.isLeader;
      led(hasLed);
    },
    ended,
  });
  return {
    get current() {
      return value.current;
    },
    get isLeader() {
      return log.isLeader;
    },
    get leader() {
      return log.leader;
    },
    take(asked) {
      if (!log.isLeader) {
        // Passed on once: two nodes that take each other for the leader would do so for ever.
        if (!asked.isPassed && log.leader !== undefined) asked.pass(log.leader);
      } else if (asked.wanted === null) confirm(() => asked.answer());
      else record(asked.wanted);
    },
    resign(over) {
      lastId += 1;
      resigning.set(lastId, over);
      attempt(() => log.handOver(lastId));
    },
  };
}
