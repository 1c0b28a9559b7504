/**
 * The way between a machine and a database server: requests and answers take their time, and a connection breaks before
 * or after a request was carried out. What was sent arrives though the sender dies; what comes back reaches only a machine
 * that still lives, and one that stands still when it goes on.
 */

import type { Clock } from '../../environment/clock.ts';
import { chance, type Random } from '../../environment/random.ts';
import { ResourceUnreachableError } from '../../resources/errors.ts';
import type { DatabaseServer } from './contract.ts';

export interface Wire {
  /**
   * Sends a request, which `handle` carries out when it arrives, and answers once.
   *
   * @param onBreak is called when the connection breaks, for the server to notice
   * @throws ResourceUnreachableError when the connection breaks, or the server is down
   */
  request<T>(handle: (reply: (answer: T) => void) => void, onBreak?: () => void): Promise<T>;
}

/** What lies between a machine and a server: what is sent over it is lost while that way is cut, and none is told. */
export interface Line {
  isCut(way: 'request' | 'answer'): boolean;
  /** Something was sent. */
  sent(way: 'request' | 'answer'): void;
}

const soundLine: Line = { isCut: () => false, sent: () => {} };

/** How long it takes a client to notice a broken connection, in milliseconds. */
const resetMs = 2;

/** Makes the way from a machine on `clock` to `server`; `time` is the true one. */
export function createWire(
  server: DatabaseServer,
  clock: Clock,
  time: Clock,
  random: Random,
  line: Line = soundLine,
): Wire {
  const delayMs = (): number => 0.1 + random.next() * Math.max(0.4, server.condition.maxDelayMs);
  return {
    request: (handle, onBreak) =>
      new Promise((resolve, reject) => {
        const broken = (detail: string): void => {
          onBreak?.();
          const error = new ResourceUnreachableError(`the connection to '${server.name}' broke: ${detail}`);
          time.setTimeout(() => clock.enqueue(() => reject(error)), resetMs);
        };
        const { breakProbability } = server.condition;
        if (chance(random, breakProbability / 2)) {
          broken('nothing was sent');
          return;
        }
        line.sent('request');
        time.setTimeout(() => {
          if (line.isCut('request')) return;
          if (!server.isUp) {
            broken('the server is down');
            return;
          }
          const connected = server.connected(() => broken('the server has crashed'));
          handle((answer) => {
            connected();
            line.sent('answer');
            if (chance(random, breakProbability / 2)) broken('the answer was lost');
            else {
              time.setTimeout(() => {
                if (!line.isCut('answer')) clock.enqueue(() => resolve(answer));
              }, delayMs());
            }
          });
        }, delayMs());
      }),
  };
}
