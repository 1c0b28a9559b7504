/**
 * The seam between a comparison and the methods that it compares: how a method is set up on simulated machines, how it is asked to
 * move money between two accounts, and what it can tell of itself. All methods run on three machines, `n1` to `n3`, each in a zone of
 * its own, with a client beside each; what a method has less of, such as copies, its machines have not.
 */

import type { Application, Boot, OperationEnd, OutsideServer, StageParts } from '../simulator/scenario.ts';
import type { Statements, Step } from './isolation/statements.ts';

/** What an operation of the workload is, or why a method cannot express it. */
export type Expressed = { readonly how: string } | { readonly notApplicable: string };

/** The operations that methods are asked for, in the order in which they are shown. */
export const operationKinds = ['transfer', 'read', 'transfer-across', 'retry'] as const;
export type OperationKind = (typeof operationKinds)[number];

/** What each means. */
export const operationMeanings: Readonly<Record<OperationKind, string>> = {
  transfer: 'moves an amount from one account to the other, both or neither',
  read: 'reads both balances as of one moment, and the latest',
  'transfer-across': 'the same where each account is in a database of its own',
  retry: 'asks again under the same name, and is carried out once',
};

/** Moves `amount`, which is above 0, from account `a` to `b`. `id` names it in its run. */
export interface Transfer {
  readonly id: string;
  readonly amount: number;
}

/** What both accounts hold: the value of each transfer and read that succeeded. */
export interface Balances {
  readonly a: number;
  readonly b: number;
}

/** What each account holds at the beginning: far more than a run moves. */
export const opening: Balances = { a: 1_000_000, b: 1_000_000 };

/** A machine of a method, as the workload sees it. */
export interface Teller extends Application {
  /** Ends with both balances, as the transfer left them, or as they are read. */
  transfer(transfer: Transfer): Promise<OperationEnd>;
  read(): Promise<OperationEnd>;
  /**
   * The names of all transfers that this machine finds carried out, each as often as it was.
   *
   * @throws what the method throws when it cannot tell
   */
  carriedOut(): Promise<readonly string[]>;
  /**
   * Runs several statements as one transaction; left out where a method has none.
   *
   * @param note is told what each statement found or left, as it is answered
   */
  transact?(statements: Statements, note: (step: Step, balance: number) => void): Promise<OperationEnd>;
}

/** Which ways are cut: `from` and `to` are machines or servers. */
export interface Links {
  /** When ways are cut, and when they are mended. */
  readonly changesAtMs: readonly number[];
  isCut(from: string, to: string): boolean;
}

/** No way is cut. */
export const soundLinks: Links = { changesAtMs: [], isCut: () => false };

/** What a stage is told besides what every stage is. */
export interface StageOptions extends StageParts {
  /** Which ways are cut now, those to servers outside of the machines included. */
  readonly links: Links;
  readonly costs: Costs;
}

/** Counts what the simulator does not see: what goes to servers outside of the machines, and what those write. */
export interface Costs {
  message(): void;
  flush(): void;
}

/** A method, set up for one run. */
export interface MethodStage {
  boot(boot: Boot): Teller;
  readonly servers: ReadonlyMap<string, OutsideServer>;
  /** The machine on which all depends now: of the leader, the primary, the coordinator; undefined while there is none. */
  serving(): string | undefined;
  /** A machine has died. */
  died?(machine: string): void;
  /** The transactions that have stood prepared for longer than `ms` so far; left out where none is ever prepared. */
  blockedLongerThan?(ms: number): readonly string[];
}

/** A method to be compared. */
export interface Method {
  /** As it is asked for: `raft`. */
  readonly name: string;
  readonly title: string;
  /** What it keeps where, and with which settings, in a sentence or two. */
  readonly about: string;
  readonly operations: Readonly<Record<OperationKind, Expressed>>;
  /** Why a figure is not to be had, by its name. */
  readonly lacks: Readonly<Partial<Record<Figure, string>>>;
  /** Why a kind of fault cannot befall it, by its name. */
  readonly spared: Readonly<Partial<Record<string, string>>>;
  /** The servers outside of the machines: each goes down with a machine (`host`), or stands alone in the zone of one. */
  readonly servers: readonly Placed[];
  /** Of each part of the data, the machines and servers that hold a copy of it. */
  readonly copies: readonly (readonly string[])[];
  stage(options: StageOptions): MethodStage;
}

/** A server outside of the machines. */
export interface Placed {
  readonly name: string;
  /** The machine in whose zone it is. */
  readonly zone: string;
  /** Whether it is on that machine, and shares its faults. */
  readonly isOnMachine: boolean;
}

/** Figures that some methods do not have. */
export type Figure = 'messages' | 'flushes' | 'blocked' | 'isolation';
