/** What the parts of a manager ask of its memory, and have it keep. */

import type { KeptAnswer } from '../../../statecharts/two-phase-commit.ts';
import type { Holder } from './answers.ts';
import type { Order } from './ids.ts';
import type { Intent } from './intents.ts';

export interface Memory {
  /** The present life of the manager, from 1. */
  readonly incarnation: number;
  /** Resolves when this life is durable; nothing may be begun before. @throws what the journal failed with */
  readonly ready: Promise<void>;
  /** The last resource of a life of the manager; undefined when it had none, or when that is not known any more. */
  lastResourceIn(incarnation: number): string | undefined;
  /** Whether earlier lives may have left branches prepared whose decision only this resource knows. */
  mayDecide(resource: string): boolean;
  /** Forgets the last resources of earlier lives of which nothing is prepared any more; `isSettled` says where not. */
  settleEarlierLives(isSettled: (resource: string) => boolean): void;
  /** Up to here, what is not remembered may have been forgotten, here and by the resources. */
  readonly mark: Order;
  /**
   * The resources of this life, and of all since one let resources forget: each may have committed by itself what nobody
   * here has heard of.
   */
  readonly witnesses: readonly string[];
  /** How many lives, this one included, have begun since one let resources forget. */
  readonly livesKept: number;
  /**
   * Raises the mark to the end of the earlier lives. Resources may forget when it has resolved: what one of them
   * committed by itself, and nobody here has heard of, is then known to nobody. @throws what the journal failed with
   */
  expireEarlierLives(): Promise<void>;
  isCommitted(transaction: string): boolean;
  /** The transaction that committed under a key, and what repetitions are answered. */
  committedUnder(idempotencyKey: string): Holder | undefined;
  intentUnder(idempotencyKey: string): Intent | undefined;
  intents(): readonly Intent[];
  /**
   * Keeps what repetitions are to be answered, should the transaction commit: with what is written next at the latest.
   * Resolves when that is durable, which is seen to where `mode` is `durable`. @throws what the journal failed with
   */
  answer(transaction: string, answer: KeptAnswer, mode: 'durable' | 'ahead'): Promise<void>;
  /** Drops the answers of earlier lives that came to nothing. What these have committed in the journal is told before. */
  dropAnswers(): void;
  /** Remembers a commit that is durable elsewhere, so no caller waits for this. Repeating it is safe. */
  committed(transaction: string, idempotencyKey: string | null): void;
  /** Resolves when the intent is durable. @throws what the journal failed with */
  intend(intent: Intent): Promise<void>;
  /** The intent came to nothing. */
  dropped(transaction: string): void;
  /** Committed transactions that are remembered, and how many were forgotten before their retention was over. */
  readonly counts: { readonly outcomes: number; readonly keys: number; readonly forgottenEarly: number };
  /** Stops the timers. */
  close(): void;
}
