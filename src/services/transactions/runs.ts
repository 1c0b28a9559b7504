/**
 * How a manager runs the transactions that it is asked for: each once under its idempotency key, with what the parts of
 * the manager are to hear of it.
 */

import {
  type CoordinatorOutput,
  coordinatorAddress,
  type KeptAnswer,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Node, Resources } from '../../host/node.ts';
import type { BranchMode } from '../../resources/mode.ts';
import { coordinatorTimesOf, type Hazard, participantTimesOf } from './actors.ts';
import { assertSameRequest, storedResult } from './answers.ts';
import type { Committed } from './contract.ts';
import type { Places } from './decisions.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import type { Memory } from './memory.ts';
import type { Nesting } from './nesting.ts';
import type { OpenTransactions } from './open-transactions.ts';
import type { TransactionLimits, TransactionTimes } from './options.ts';
import type { DecisionRegister } from './register/register.ts';
import { type Running, runTransaction } from './transaction.ts';
import type { Participating, WorkOf } from './work.ts';

/** What all parts of a manager work with. */
export interface Common {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly register: DecisionRegister | undefined;
  readonly memory: Memory;
  readonly times: TransactionTimes;
  readonly places: Places;
}

/** How one transaction is to be run. */
export interface How {
  readonly timeoutMs: number;
  readonly idempotencyKey: string | undefined;
  /** Of the request. */
  readonly fingerprint: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly mode: BranchMode;
}

/** The application's function. */
export type Act<Owned extends Resources, T> = (work: WorkOf<Owned>) => Promise<T>;

/** What it takes to run transactions. */
export interface RunsParts extends Common {
  /** The resource that decides by its own commit. */
  readonly last: string | undefined;
  readonly limits: TransactionLimits;
  readonly open: OpenTransactions;
  readonly keys: IdempotencyKeys;
  readonly nesting: Nesting;
  onHazard(found: Hazard): void;
  /** @throws TransactionManagerClosedError */
  assertRunning(): void;
}

export class TransactionRuns {
  readonly #parts: RunsParts;
  #committed = 0;
  #aborted = 0;

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  /** How many have ended, and how. */
  get counts(): { readonly committed: number; readonly aborted: number } {
    return { committed: this.#committed, aborted: this.#aborted };
  }

  /** Runs a transaction, unless one was committed under its key: then that is the answer. */
  async begin<Owned extends Resources, T>(act: Act<Owned, T>, how: How): Promise<Committed<T>> {
    const { node, clock, times, open, keys, nesting, assertRunning } = this.#parts;
    const { timeoutMs, idempotencyKey, fingerprint, signal } = how;
    const untilMs = clock.nowMs() + timeoutMs + times.outcomeTimeoutMs;
    nesting.assertKeyIsFree(idempotencyKey);
    while (idempotencyKey !== undefined) {
      const earlier = await keys.committedUnder(idempotencyKey, untilMs);
      if (earlier !== undefined) {
        assertSameRequest(earlier, fingerprint);
        const { transaction, answer } = earlier;
        const repeated = { outcome: 'committed', transaction, isRepeated: true } as const;
        return typeof answer?.result === 'string' ? { ...repeated, value: JSON.parse(answer.result) } : repeated;
      }
      assertRunning();
      // Another call may have taken the key while this one looked.
      if (!keys.isTaken(idempotencyKey)) break;
    }
    signal?.throwIfAborted();
    const id = open.begin();
    try {
      const running = this.#run(id, act, how);
      if (idempotencyKey !== undefined) keys.take(idempotencyKey, id, running.verdict);
      return { outcome: 'committed', transaction: id, isRepeated: false, value: await running.result };
    } catch (error) {
      // Not begun at all: the node would not start its coordinator.
      if (
        !node.isAlive(coordinatorAddress({ manager: node.id, transaction: id })) &&
        open.isOpen(id) &&
        node.isRunning
      ) {
        this.#over(id, idempotencyKey);
        open.ended(id);
      }
      throw error;
    }
  }

  #run<Owned extends Resources, T>(id: string, act: Act<Owned, T>, how: How): Running<T> {
    const { timeoutMs, idempotencyKey, fingerprint, signal, mode } = how;
    let answer: KeptAnswer | undefined;
    const { node, protocol, clock, resources, memory, times, places, last, limits, nesting } = this.#parts;
    return runTransaction(
      {
        node,
        protocol,
        clock,
        id,
        resources,
        idempotencyKey,
        signal,
        mode,
        level: nesting.begin(id, idempotencyKey),
        // What changes nothing leaves nothing to decide, and so asks no other place.
        ...(mode.readOnly === true
          ? { last: undefined, place: { type: 'journal' as const } }
          : { last, place: places.own }),
        coordinatorTimes: coordinatorTimesOf(times, timeoutMs),
        participantTimes: participantTimesOf(times, timeoutMs),
        outcomeTimeoutMs: times.outcomeTimeoutMs,
        maxStatements: limits.statements,
        async beforeForeignDecision(resource) {
          if (idempotencyKey !== undefined) await memory.intend({ transaction: id, idempotencyKey, resource });
        },
        answerTo(value) {
          if (fingerprint !== undefined) answer = { fingerprint, result: storedResult(value, limits.resultBytes) };
        },
        keepAnswer: (durability) => ({
          answer,
          durable: answer === undefined ? Promise.resolve() : memory.answer(id, answer, durability),
        }),
        onOutput: (output) => this.#hear(output, idempotencyKey ?? null),
        onOver: () => this.#over(id, idempotencyKey),
      },
      act,
    );
  }

  #hear(output: CoordinatorOutput, idempotencyKey: string | null): void {
    const { memory, open, onHazard } = this.#parts;
    switch (output.type) {
      case 'committed':
        this.#committed += 1;
        memory.committed(output.transaction, idempotencyKey);
        return;
      case 'aborted':
        this.#aborted += 1;
        memory.dropped(output.transaction);
        return;
      case 'hazard':
        onHazard(output);
        return;
      case 'ended':
        open.ended(output.transaction);
        return;
      case 'fenced':
    }
  }

  #over(id: string, idempotencyKey: string | undefined): void {
    const { open, keys } = this.#parts;
    open.decided(id);
    if (idempotencyKey !== undefined) keys.release(idempotencyKey, id);
  }
}
