/** Asks a running manager from another process: over any bus that reaches its node. */

import { filter } from 'rxjs';
import { addressOf, parseTagged, type Tagged, type TaggedBy } from '../../../statecharts/actor.ts';
import type { Bus } from '../../bus/bus.ts';
import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { TransactionManagerUnreachableError } from './errors.ts';
import type { TransactionOutcome } from './inquiry.ts';
import type { ListedTransaction } from './listing.ts';
import { managerAddress } from './memory-records.ts';
import type { ResourceReport } from './recovery.ts';
import { managerAnswers, type managerRequests } from './wire.ts';

export interface TransactionClientOptions {
  /** A bus that reaches the manager's node. The client does not close it. */
  readonly bus: Bus;
  /** The node whose manager is asked. */
  readonly manager: string;
  readonly environment?: Environment;
}

export interface AskOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
}

/** Every method rejects with TransactionManagerUnreachableError when no answer comes in time. */
export interface TransactionClient {
  /** What became of a transaction. */
  outcome(transaction: string, options?: AskOptions): Promise<TransactionOutcome>;
  /** What is under way, oldest first; `omitted` transactions were too many to list. */
  list(
    options?: AskOptions,
  ): Promise<{ readonly transactions: readonly ListedTransaction[]; readonly omitted: number }>;
  /** Makes a pass of recovery. */
  recover(options?: AskOptions): Promise<readonly ResourceReport[]>;
  close(): void;
}

type Answer = TaggedBy<typeof managerAnswers>;
type Question = TaggedBy<typeof managerRequests>;
type Unnumbered<Q> = Q extends unknown ? Omit<Q, 'request'> & Tagged : never;

const defaultTimeoutMs = 5_000;

/** Makes a client. */
export function createTransactionClient(options: TransactionClientOptions): TransactionClient {
  const { bus, manager, environment = systemEnvironment() } = options;
  const { clock, ids } = environment;
  const self = addressOf(bus.node, 'txn.client', ids.next());
  const waiting = new Map<number, (answer: Answer) => void>();
  let lastRequest = 0;

  const subscription = bus
    .envelopes(self)
    .pipe(filter(({ from }) => from === managerAddress(manager)))
    .subscribe(({ message }) => {
      try {
        const answer = parseTagged(self, 'message', managerAnswers, message);
        waiting.get(answer.request)?.(answer);
      } catch {
        // The caller hears that nothing sensible came, by the timeout.
      }
    });

  /** A question or its answer may be lost, and asking changes nothing: it is asked again until the time is over. */
  const ask = <Type extends Answer['type']>(
    question: Unnumbered<Question>,
    type: Type,
    timeoutMs: number,
  ): Promise<Extract<Answer, { type: Type }>> =>
    new Promise((resolve, reject) => {
      lastRequest += 1;
      const request = lastRequest;
      const message = { ...question, request };
      const send = (): void => {
        bus.send({ from: self, to: managerAddress(manager), message });
        again = clock.setTimeout(send, Math.max(50, timeoutMs / 10));
      };
      const finish = (): void => {
        clock.clearTimeout(again);
        clock.clearTimeout(timeout);
        waiting.delete(request);
      };
      const timeout = clock.setTimeout(() => {
        finish();
        reject(
          new TransactionManagerUnreachableError(
            `expected an answer of the transaction manager of node '${manager}' within ${timeoutMs} ms, and none came; does it run, and is this its address?`,
          ),
        );
      }, timeoutMs);
      let again = timeout;
      waiting.set(request, (answer) => {
        if (!isOf(answer, type)) return;
        finish();
        resolve(answer);
      });
      send();
    });

  return {
    async outcome(transaction, { timeoutMs = defaultTimeoutMs } = {}) {
      const { outcome, detail } = await ask({ type: 'ask-outcome', transaction }, 'outcome', timeoutMs);
      return { outcome, detail };
    },
    async list({ timeoutMs = defaultTimeoutMs } = {}) {
      const { transactions, omitted } = await ask({ type: 'ask-list' }, 'list', timeoutMs);
      return { transactions, omitted };
    },
    async recover({ timeoutMs = 4 * defaultTimeoutMs } = {}) {
      return (await ask({ type: 'ask-recover' }, 'recovered', timeoutMs)).reports;
    },
    close: () => subscription.unsubscribe(),
  };
}

const isOf = <Type extends Answer['type']>(answer: Answer, type: Type): answer is Extract<Answer, { type: Type }> =>
  answer.type === type;
