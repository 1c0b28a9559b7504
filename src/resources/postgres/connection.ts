/** One connection to PostgreSQL. The only module that loads `pg`. */

import type { Client, ClientConfig, QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { budget, within } from '../deadline.ts';
import { DriverMissingError, ResourceUnreachableError } from '../errors.ts';
import { connectError } from './errors.ts';
import type { StatementNames } from './names.ts';

/** A row as `pg` returns it. */
export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  readonly text: string;
  /** Without any, the text may hold several statements. */
  readonly values?: readonly unknown[] | undefined;
  /**
   * Whether it may travel with the one before it as one message, which takes less of everybody's time; it is not run then
   * if that one fails. Only behind a statement of ours, or one with values: any other text may be several statements.
   */
  readonly follows?: true;
}

/** A statement as it stands in a message of several. */
interface Part {
  readonly text: string;
  /** Under which the server keeps it. By the time of the answer, it may have been given another one. */
  readonly name: string | undefined;
  readonly sent: string;
}

/** What became of a statement. */
export type Answer<R extends Row = Row> = { readonly result: QueryResult<R> } | { readonly error: unknown };

export interface PostgresConnection {
  /** Names the server process for as long as it lives: its id, and when it started. */
  readonly backend: Backend;
  /** The history in which the server counts transactions (`historyOf`); null when it was a standby. */
  readonly history: string | null;
  /** The `application_name` that the connection has now. */
  label: string;
  /** `I` outside a transaction, `T` in one, `E` in a failed one. */
  status(): string | null;
  /** False once the connection was lost or cut, or the resource has moved. */
  isUsable(): boolean;
  /**
   * Sends statements in one packet, which wakes the server once, and waits for the answers to all of them. One that fails
   * does not keep those behind it from being run, unless they travel as one message: then all of those have its error.
   */
  exchange<R extends Row = Row>(statements: readonly Statement[]): Promise<readonly Answer<R>[]>;
  /** Sends one statement and waits for its result. Throws the driver's error. */
  send<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>>;
  /** Cuts the connection off. The server process may work on for a while. */
  destroy(): void;
}

export interface Backend {
  readonly pid: number;
  /** Seconds since 1970 with microseconds, as text. */
  readonly startedAt: string;
}

export interface ConnectParts {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly config: ClientConfig;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Absent: statements are sent without names. */
  readonly names: StatementNames | undefined;
  /** Whether the resource is still where this connection leads. */
  isCurrent(): boolean;
}

/**
 * Which transactions a transaction id can be about: the cluster, and the timeline, on which a promoted standby counts
 * transactions on its own. Null at a standby.
 */
export const historyOf = `case when not pg_is_in_recovery() then
  (select system_identifier::text from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
  end`;

/** Raises what every commit waits for, where the settings do not wait for the disk at all. */
const waitForDisk =
  "case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', false) end";

/**
 * Connects.
 *
 * @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError
 */
export async function connect(parts: ConnectParts): Promise<PostgresConnection> {
  const { name, config, clock, names } = parts;
  const limit = budget(clock, parts.timeoutMs);
  const driver = await loadDriver();
  // In pipeline mode `pg` sends at once what is asked for while another query runs: BEGIN travels with the first
  // statement, and PREPARE with the last.
  const client: Client = new driver.Client({ ...config, pipeline: true, keepAlive: true });
  let isLost = false;
  // Every loss also fails the query that was under way; an unheard 'error' event would end the process.
  client.on('error', () => {
    isLost = true;
  });
  client.on('end', () => {
    isLost = true;
  });
  const cut = (): void => {
    isLost = true;
    // `end` alone waits for queries that were sent; this socket must not be waited for.
    client.connection.stream.destroy();
    client.end().catch(() => undefined);
  };
  /**
   * A message that began in a transaction, or itself began one, failed, and its end has not come: the server sends errors
   * at once, and what the driver says of the transaction is from before the message.
   */
  let hasFailed = false;
  client.connection.on('readyForQuery', () => {
    hasFailed = false;
  });
  /** The names under which this server keeps statements. */
  const kept = new Set<string>();
  const submit = <R extends Row>({ text, values }: Statement, answer: (answer: Answer<R>) => void): void => {
    const name = values === undefined || values.length === 0 ? undefined : names?.nameOf(text);
    const onAnswer = (error: unknown, result: QueryResult<R>): void => {
      if (!error) {
        if (name !== undefined) kept.add(name);
        answer({ result });
        return;
      }
      if (client.getTransactionStatus() === 'T') hasFailed = true;
      if (name !== undefined) names?.refused(text, name, error);
      answer({ error });
    };
    // The driver copies a configuration property by property, which costs more than all the rest of it.
    if (values === undefined) client.query<R>(text, onAnswer);
    else if (name === undefined) client.query<R>(text, [...values], onAnswer);
    else client.query<R>({ text, values: [...values], name }, onAnswer);
  };
  /** The statement as a part of a message; undefined when it must travel alone. */
  const partOf = ({ text, values = [] }: Statement): Part | undefined => {
    if (values.length === 0) return { text, name: undefined, sent: text };
    const name = names?.given(text);
    if (name === undefined || !kept.has(name)) return undefined;
    const literals = values.map(literalOf);
    return literals.includes(undefined) ? undefined : { text, name, sent: `execute ${name}(${literals.join(', ')})` };
  };
  /** As many statements, from the first on, as can travel as one message. */
  const partsOf = (statements: readonly Statement[]): readonly Part[] => {
    const parts: Part[] = [];
    for (const statement of statements) {
      const part = parts.length === 0 || statement.follows === true ? partOf(statement) : undefined;
      if (part === undefined) break;
      parts.push(part);
    }
    return parts;
  };
  const submitTogether = <R extends Row>(
    parts: readonly Part[],
    answer: (index: number, answer: Answer<R>) => void,
  ): void => {
    client.query<R>(parts.map(({ sent }) => sent).join('; '), (error, results) => {
      if (error) hasFailed = true;
      const all: readonly QueryResult<R>[] = Array.isArray(results) ? results : [];
      for (const [index, { text, name }] of parts.entries()) {
        const result = all[index];
        if (error && name !== undefined) names?.refused(text, name, error);
        if (error) answer(index, { error });
        else if (result !== undefined) answer(index, { result });
        else answer(index, { error: new TypeError(`expected ${parts.length} results, got ${all.length}`) });
      }
    });
  };
  const exchange = <R extends Row>(statements: readonly Statement[]): Promise<readonly Answer<R>[]> =>
    new Promise((resolve) => {
      const answers: Answer<R>[] = [];
      let answered = 0;
      const set = (index: number, answer: Answer<R>): void => {
        // The driver reports some of its own refusals twice.
        if (answers[index] !== undefined) return;
        answers[index] = answer;
        answered += 1;
        if (answered === statements.length) resolve(answers);
      };
      const { stream } = client.connection;
      stream.cork();
      try {
        for (let left = statements; left.length > 0; ) {
          const from = statements.length - left.length;
          const parts = partsOf(left);
          const [first] = left;
          if (parts.length > 1) submitTogether<R>(parts, (index, answer) => set(from + index, answer));
          else if (first !== undefined) submit<R>(first, (answer) => set(from, answer));
          left = left.slice(Math.max(1, parts.length));
        }
      } finally {
        stream.uncork();
      }
    });
  const send = async <R extends Row>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> =>
    resultOf(await exchange<R>([{ text, values }]));

  try {
    await within(clock, client.connect(), limit.remainingMs(), `the connection to '${name}'`);
    const { rows } = await within(
      clock,
      send<{ pid: number; started: string; history: string | null }>(
        `select pid, extract(epoch from backend_start)::text as started, ${historyOf} as history, ${waitForDisk} as durability
        from pg_stat_activity where pid = pg_backend_pid()`,
      ),
      limit.remainingMs(),
      `the first answer of '${name}'`,
    );
    const [row] = rows;
    if (row === undefined) throw new ResourceUnreachableError(`'${name}' does not show this session to itself`);
    return {
      backend: { pid: row.pid, startedAt: row.started },
      history: row.history,
      label: '',
      status: () => (hasFailed ? 'E' : client.getTransactionStatus()),
      isUsable: () => !isLost && parts.isCurrent(),
      exchange,
      send,
      destroy: cut,
    };
  } catch (error) {
    cut();
    throw connectError(name, error);
  }
}

/** Longer values travel as parameters. */
const maxLiteralLength = 1_000;
/** What needs no escape in any reading of a literal. */
const plainText = /^[ !#-&(-[\]-~]*$/;

/**
 * How a value is written as a literal without a type, which the server reads as it would read the parameter; undefined
 * for one that would have to be quoted with care.
 */
function literalOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'null';
  const text = ['number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : value;
  return typeof text === 'string' && text.length <= maxLiteralLength && plainText.test(text) ? `'${text}'` : undefined;
}

/** The result of the last of several statements. Throws the error of the first one that failed. */
export function resultOf<R extends Row>(answers: readonly Answer<R>[]): QueryResult<R> {
  let last: QueryResult<R> | undefined;
  for (const answer of answers) {
    if ('error' in answer) throw answer.error;
    last = answer.result;
  }
  if (last === undefined) throw new TypeError('expected answers to at least one statement, got none');
  return last;
}

let driver: Promise<typeof import('pg')> | undefined;

function loadDriver(): Promise<typeof import('pg')> {
  driver ??= import('pg').catch((cause: unknown) => {
    driver = undefined;
    throw new DriverMissingError("expected the package 'pg' (8.23 or later); install it: npm install pg", { cause });
  });
  return driver;
}
