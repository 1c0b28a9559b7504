/** A connection to an SQL server as the common parts see it, and what its errors mean. */

import type { Budget } from '../deadline.ts';

/** A row as drivers return it. */
export type Row = Readonly<Record<string, unknown>>;

/** The same in the row mode `array`: its values, in the order of the columns. */
export type ArrayRow = readonly unknown[];

/** A row in either mode. */
export type AnyRow = Row | ArrayRow;

/** A result as far as the common parts look at it. */
export interface SqlResult {
  readonly rows: readonly Row[];
  /** Rows that were written or deleted, if it says so. */
  readonly affectedRows?: number | undefined;
  /** The command's tag, where servers say it. */
  readonly command?: string | undefined;
}

/** A parameter of the resource's own statements. */
export type Parameter = string | number | null;

/** A connection to a server, whatever is said on it. */
export interface SqlConnection {
  /** False once the connection was lost or cut, leads to a server that takes no writes, or the resource has moved. */
  isUsable(): boolean;
  /** Cuts the connection off. The server's session may work on for a while. */
  destroy(): void;
  /** Sends one statement of ours and waits for its result. Throws the driver's error. */
  ask(text: string, values?: readonly Parameter[]): Promise<SqlResult>;
  /** Gives up what a statement of ours left open, if it left anything. Rejects when the connection must not serve again. */
  tidy(): Promise<unknown> | undefined;
}

/** A connection on loan for control: its statements share one deadline, and none is left running when it is over. */
export interface Control {
  readonly budget: Budget;
  /** Sends a statement and waits for its answer. Throws the driver's error, or ResourceDeadlineError. */
  send(text: string, values?: readonly Parameter[]): Promise<SqlResult>;
}

/** What the errors of a server, of its driver and of sockets mean. */
export interface ErrorMeanings {
  /**
   * Whether the error says for certain that the statement failed, and did nothing. What ended the session, and everything
   * that did not come from the server as an error, does not: what was under way may have happened.
   */
  isDefinite(error: unknown): boolean;
  /** The server's own code of the error. */
  codeOf(error: unknown): string | undefined;
  /** Whether another transaction may do the same without it: deadlocks, conflicts of serialization, waits for locks. */
  isTransient(error: unknown): boolean;
  /** Whether a unique key is taken. */
  isTaken(error: unknown): boolean;
  /** Whether a permission is missing. */
  isForbidden(error: unknown): boolean;
  /** Whether the server takes no writes: the primary may be somewhere else by now, and the next one connects anew. */
  takesNoWrites(error: unknown): boolean;
  /** Why a branch votes no, with what to do where that is known. `name`: of the resource. */
  refusalOf(name: string, error: unknown): string;
}

export interface ConnectionParts {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** Where to, if the resource is told so anew for each connection. */
  readonly url: string | undefined;
  /** Whether the resource is still where this connection leads. */
  isCurrent(): boolean;
}
