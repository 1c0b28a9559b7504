/** What an operator asks of the manager on a node: each request is answered once, or its time is over. */

import type { ManagerOutput, ManagerRefusal, ManagerRequest, Standing } from '../../../statecharts/failover.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { ManagerAnswerMissingError, ManagerRefusedError, OperatorsWaitingError } from './errors.ts';

/** A request without its number. */
export type OperatorRequest = ManagerRequest extends infer One
  ? One extends { readonly id: number }
    ? Omit<One, 'id'>
    : never
  : never;

export interface OperatorParts {
  readonly clock: Clock;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Throws like `node.request`. */
  ask(request: ManagerRequest): void;
  standing(): Standing;
}

export interface OperatorDesk {
  /**
   * Resolves once the manager has accepted the request, which is then recorded, and under way or done.
   *
   * @throws ManagerRefusedError, ManagerAnswerMissingError, OperatorsWaitingError, and like `node.request`
   */
  request(asked: OperatorRequest): Promise<void>;
  /** Hears what the manager tells. */
  hear(output: ManagerOutput): void;
}

/** Requests that wait at once. */
const waitingLimit = 64;

interface Waiting {
  readonly timeout: TimeoutHandle;
  resolve(): void;
  reject(error: Error): void;
}

export function createOperatorDesk({ clock, timeoutMs, ask, standing }: OperatorParts): OperatorDesk {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    if (found !== undefined) clock.clearTimeout(found.timeout);
    waiting.delete(id);
    return found;
  };
  return {
    request: (asked) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= waitingLimit) {
          reject(new OperatorsWaitingError(`${waitingLimit} requests of operators wait already; ask again later`));
          return;
        }
        lastId += 1;
        const id = lastId;
        const timeout = clock.setTimeout(
          () =>
            take(id)?.reject(
              new ManagerAnswerMissingError(
                `no answer within ${timeoutMs} ms, so it may still happen; look at the status of the group`,
              ),
            ),
          timeoutMs,
        );
        waiting.set(id, { timeout, resolve, reject });
        try {
          ask({ ...asked, id });
        } catch (error) {
          take(id);
          reject(error);
        }
      }),
    hear(output) {
      if (output.type === 'accepted') take(output.id)?.resolve();
      if (output.type === 'refused') {
        take(output.id)?.reject(new ManagerRefusedError(output.reason, refusalText(output.reason, standing())));
      }
    },
  };
}

const membersIn = ({ primary, candidate, inSync }: Standing): string =>
  [...new Set([primary, candidate, ...inSync].flatMap((it) => it?.server ?? []))].sort().join(', ');

function refusalText(reason: ManagerRefusal, standing: Standing): string {
  const { phase, manager, primary } = standing;
  switch (reason) {
    case 'NOT_IN_OFFICE':
      return manager === null
        ? 'no manager is in office yet; ask again once a majority of them runs'
        : `this manager is not in office; ask ${manager}`;
    case 'NOT_NOW':
      return `not while the group is in phase '${phase}', or it is so already; look at its status`;
    case 'NOT_READY':
      return `expected a server in sync with the primary, ${primary?.server ?? 'of which there is none'}; look at which are`;
    case 'NOT_OFF':
      return `expected the word that those are off which are not fenced, and could confirm writes beside another primary: of ${membersIn(standing)}, all whose role is not 'fenced'; see to it that they are, and name them as 'off'`;
    case 'OVERTAKEN':
      return 'something more urgent came between, and it has not happened; look at the status, and ask again';
  }
}
