/** One connection to PostgreSQL, for branches and what ends them. */

import type { Client, ClientConfig, QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { budget, within } from '../deadline.ts';
import { ResourceUnreachableError } from '../errors.ts';
import type { AnyRow, ConnectionParts, Row, SqlConnection } from '../sql/connection.ts';
import { loadDriver } from './driver.ts';
import { connectError } from './errors.ts';
import { type Answer, createGroup, type Group } from './group.ts';
import { raiseSynchronousCommit } from './memory.ts';
import { createRecorder, type Fixed, type Statement } from './messages.ts';
import type { StatementNames } from './names.ts';

export interface PostgresConnection extends SqlConnection {
  /** Names the server process for as long as it lives: its id, and when it started. */
  readonly backend: Backend;
  /** The history in which the server counts transactions (`historyOf`); null when it was a standby. */
  readonly history: string | null;
  /** The `application_name` that the connection has now. */
  label: string;
  /** Whether statements may be kept by the server under names. */
  readonly keepsStatements: boolean;
  /** How many statements the server should be keeping by name. */
  readonly keptCount: number;
  /** `I` outside a transaction, `T` in one, `E` in a failed one. */
  status(): string | null;
  /**
   * Sends groups of statements in one packet, which wakes the server once, and waits for the answers to all of them. A
   * statement that fails keeps those behind it in its group from being run; they have its error as their answers.
   */
  exchange<R extends AnyRow = Row>(
    groups: readonly (readonly (Statement | Fixed)[])[],
  ): Promise<readonly (readonly Answer<R>[])[]>;
}

export interface Backend {
  readonly pid: number;
  /** Seconds since 1970 with microseconds, as text. */
  readonly startedAt: string;
}

export interface ConnectParts extends ConnectionParts {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly config: ClientConfig;
  readonly clock: Clock;
  /** Absent: statements are sent without names. */
  readonly names: StatementNames | undefined;
}

/**
 * Which transactions a transaction id can be about: the cluster, and the timeline, on which a promoted standby counts
 * transactions on its own. Null at a standby.
 */
export const historyOf = `case when not pg_is_in_recovery() then
  (select system_identifier::text from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
  end`;

/**
 * Connects.
 *
 * @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError
 */
export async function connect(parts: ConnectParts): Promise<PostgresConnection> {
  const { name, config, clock, names } = parts;
  const limit = budget(clock, parts.timeoutMs);
  const driver = await loadDriver();
  // In pipeline mode `pg` sends at once what is asked for while another query runs.
  const client: Client = new driver.Client({ ...config, pipeline: true, keepAlive: true });
  let isLost = false;
  const cut = (): void => {
    isLost = true;
    // `end` alone waits for queries that were sent; this socket must not be waited for.
    client.connection.stream.destroy();
    client.end().catch(() => undefined);
  };
  /** On their way, the oldest first; what the server says is about that one. */
  const groups: Group[] = [];
  const lose = (): void => {
    isLost = true;
    for (const group of groups.splice(0))
      group.over(new ResourceUnreachableError(`the connection to '${name}' was lost`));
  };
  const recorder = createRecorder(driver);
  /** The names under which this server keeps statements, and the statements. */
  const kept = new Map<string, string>();

  const types = { ...driver.types, getTypeParser: client.getTypeParser.bind(client) };
  const submit = <R extends AnyRow>(statements: readonly (Statement | Fixed)[]): Promise<readonly Answer<R>[]> =>
    new Promise((resolve) => {
      const group = createGroup<R>({
        driver,
        types,
        recorder,
        statements,
        kept,
        nameOf,
        onSubmit: (it) => groups.push(it),
        onStuck: cut,
        onRefused: (text, named, error) => names?.refused(text, named, error),
        answer: resolve,
      });
      client.query(group.query);
    });
  const nameOf = ({ text, values = [] }: Statement): string | undefined =>
    values.length === 0 ? undefined : names?.nameOf(text);
  const exchange = <R extends AnyRow>(asked: readonly (readonly (Statement | Fixed)[])[]) => {
    const { stream } = client.connection;
    stream.cork();
    try {
      return Promise.all(asked.map((statements) => submit<R>(statements)));
    } finally {
      stream.uncork();
    }
  };
  const send = async <R extends AnyRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>> =>
    resultOf(await submit<R>([{ text, values }]));

  try {
    // An unheard 'error' event would end the process.
    client.on('error', lose);
    client.on('end', lose);
    await within(clock, client.connect(), limit.remainingMs(), `the connection to '${name}'`);
    const { connection } = client;
    connection.on('parseComplete', () => groups[0]?.parseCompleted());
    // The driver has heard it before, and knows how the transaction stands.
    connection.on('readyForQuery', () => groups.shift()?.over());
    const { rows } = await within(
      clock,
      send<{ pid: number; started: string; history: string | null }>(
        `select pid, extract(epoch from backend_start)::text as started, ${historyOf} as history,
          ${raiseSynchronousCommit} as durability
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
      label: config.application_name ?? '',
      keepsStatements: names !== undefined,
      get keptCount() {
        return kept.size;
      },
      status: () => client.getTransactionStatus(),
      isUsable: () => !isLost && parts.isCurrent(),
      exchange,
      async ask(text, values) {
        const { rows, rowCount, command } = await send<Row>(text, values);
        return { rows, affectedRows: rowCount ?? undefined, command };
      },
      tidy: () => (client.getTransactionStatus() === 'I' ? undefined : send('rollback')),
      destroy: cut,
    };
  } catch (error) {
    cut();
    throw connectError(name, error);
  }
}

/** The result of the last of several statements. Throws the error of the first one that failed. */
export function resultOf<R extends AnyRow>(answers: readonly Answer<R>[]): QueryResult<R> {
  let last: QueryResult<R> | undefined;
  for (const answer of answers) {
    if ('error' in answer) throw answer.error;
    last = answer.result;
  }
  if (last === undefined) throw new TypeError('expected answers to at least one statement, got none');
  return last;
}
