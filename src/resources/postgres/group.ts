/**
 * Statements that travel as one group of PostgreSQL's extended protocol: each is parsed, bound and run, and one Sync ends
 * them all. The server parses every text as one single statement and refuses more; what fails keeps everything behind it
 * in the group from being run.
 */

import { Duplex } from 'node:stream';
import type { Connection, Query, QueryResult } from 'pg';
import type { Row } from '../sql/connection.ts';

declare module 'pg' {
  /** What the driver calls on a query that runs. */
  interface Query {
    handleError(error: Error, connection: Connection): void;
    handleReadyForQuery(connection: Connection): void;
    handleEmptyQuery(connection: Connection): void;
    handleCopyInResponse(connection: Connection): void;
    /** Writes Parse, Bind, Describe, Execute and Sync; Parse only where the connection does not have the name. */
    prepare(connection: Encoder): void;
    text: string;
    values: unknown[];
    name: string | undefined;
  }
}

/** What `Query.prepare` writes to. */
interface Encoder extends Pick<Connection, 'parse' | 'bind' | 'describe' | 'execute' | 'close'> {
  readonly parsedStatements: Readonly<Record<string, string>>;
  readonly submittedNamedStatements: Record<string, string>;
  sync(): void;
}

/** A statement of ours that never varies, has no parameters and returns no rows: its messages are made once. */
export interface Fixed {
  readonly messages: Buffer;
}

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  /** Under which the server is to keep it. */
  readonly name?: string | undefined;
}

/** What became of a statement. */
export type Answer<R extends Row = Row> = { readonly result: QueryResult<R> } | { readonly error: unknown };

/** Makes the messages of a statement of ours once and for all. */
export function fixed(text: string): Fixed {
  const message = (type: string, ...body: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(body);
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeUInt32BE(content.length + 4, 1);
    return Buffer.concat([head, content]);
  };
  const zeros = (count: number): Buffer => Buffer.alloc(count);
  return {
    messages: Buffer.concat([
      // No name, the text, no types of parameters.
      message('P', zeros(1), Buffer.from(text), zeros(3)),
      // No names, no formats and values of parameters, no formats of columns.
      message('B', zeros(8)),
      // No name, no limit of rows.
      message('E', zeros(5)),
    ]),
  };
}

/** A group under way. The connection tells it what the server says while it is the oldest one. */
export interface Group {
  readonly query: Query;
  parseCompleted(): void;
  completed(how: 'command' | 'empty'): void;
  /** The server is ready for the next one, or will never be: what has no answer by now gets none. */
  over(error?: unknown): void;
}

/** Turns statements into messages, without sending them. One for each connection: the driver's objects cost much. */
export interface Recorder {
  /** @returns why a value cannot be sent, if one cannot */
  record(statement: Statement, isKept: boolean): { readonly error: unknown } | undefined;
  recordFixed(statement: Fixed): void;
  /** Ends the group. @returns what was recorded, in one piece: a write of many pieces costs far more */
  take(): Buffer;
}

export function createRecorder(driver: typeof import('pg')): Recorder {
  let recorded: Buffer[] = [];
  let failure: { readonly error: unknown } | undefined;
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      recorded.push(chunk);
      done();
    },
  });
  const connection = new driver.Connection({ stream: () => stream });
  const encoding = new driver.Query('', (error) => {
    if (error) failure = { error };
  });
  let parsed: Readonly<Record<string, string>> = {};
  const encoder: Encoder = {
    get parsedStatements() {
      return parsed;
    },
    submittedNamedStatements: {},
    parse: (query, more) => connection.parse(query, more),
    bind: (config, more) => connection.bind(config, more),
    describe: (message, more) => connection.describe(message, more),
    execute: (config, more) => connection.execute(config, more),
    close: () => undefined,
    // One for all, at the end.
    sync: () => undefined,
  };
  return {
    record({ text, values = [], name }, isKept) {
      failure = undefined;
      parsed = name !== undefined && isKept ? { [name]: text } : {};
      encoding.text = text;
      encoding.values = [...values];
      encoding.name = name;
      encoding.prepare(encoder);
      if (name !== undefined) delete encoder.submittedNamedStatements[name];
      return failure;
    },
    recordFixed(statement) {
      recorded.push(statement.messages);
    },
    take() {
      connection.sync();
      const all = Buffer.concat(recorded);
      recorded = [];
      return all;
    },
  };
}

export interface GroupParts<R extends Row> {
  readonly driver: typeof import('pg');
  readonly recorder: Recorder;
  readonly statements: readonly (Statement | Fixed)[];
  /** The names under which the server keeps statements; those that it parses now are added. */
  readonly kept: Map<string, string>;
  /** Called when it is on its way. */
  onSubmit(group: Group): void;
  /** Called when the server waits for input that there is none of; the connection cannot be used any more. */
  onStuck(): void;
  /** Called once, with one answer for each statement. */
  answer(answers: readonly Answer<R>[]): void;
}

const isFixed = (statement: Statement | Fixed): statement is Fixed => 'messages' in statement;

export function createGroup<R extends Row>(parts: GroupParts<R>): Group {
  const { driver, statements, kept } = parts;
  /** The names that are being parsed, in order; undefined for statements without one. */
  const parsing: ({ readonly name: string; readonly text: string } | undefined)[] = [];
  const completions: ('command' | 'empty')[] = [];
  let results: readonly QueryResult<R>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let isSubmitted = false;
  let isOver = false;

  /** The result of a text without a statement, such as a comment. */
  const nothing: QueryResult<R> = { command: '', rowCount: null, oid: 0, fields: [], rows: [] };
  const over = (error?: unknown): void => {
    if (isOver) return;
    isOver = true;
    if (error !== undefined) failure ??= { error };
    const given = [...results];
    const missing = { error: new TypeError(`expected ${statements.length} results, got ${completions.length}`) };
    parts.answer(
      statements.map((_, index): Answer<R> => {
        const how = completions[index];
        const result = how === 'empty' ? nothing : how === 'command' ? given.shift() : undefined;
        return result === undefined ? (failure ?? missing) : { result };
      }),
    );
  };

  const submit = ({ stream }: Connection): null => {
    const { recorder } = parts;
    for (const statement of statements) {
      if (isFixed(statement)) {
        parsing.push(undefined);
        recorder.recordFixed(statement);
        continue;
      }
      const { text, name } = statement;
      const isKept = name !== undefined && kept.has(name);
      failure ??= recorder.record(statement, isKept);
      if (failure !== undefined) break;
      if (!isKept) parsing.push(name === undefined ? undefined : { name, text });
    }
    stream.write(recorder.take());
    isSubmitted = true;
    parts.onSubmit(group);
    return null;
  };
  const query = new driver.Query<R>('', (_error, given: QueryResult<R> | readonly QueryResult<R>[] | undefined) => {
    results = Array.isArray(given) ? given : given === undefined ? [] : [given];
  });
  const giveResults = query.handleReadyForQuery.bind(query);
  Object.assign(query, {
    submit,
    handleError(error: Error, connection: Connection): void {
      if (failure !== undefined) return;
      failure = { error };
      // What came before it has its results.
      giveResults(connection);
      // A connection that was lost before takes no query.
      if (!isSubmitted) over();
    },
    handleReadyForQuery(connection: Connection): void {
      giveResults(connection);
      over();
    },
    handleEmptyQuery: (): void => undefined,
    handleCopyInResponse(): void {
      failure ??= { error: new TypeError('expected a statement that needs no input, got COPY FROM STDIN') };
      parts.onStuck();
    },
  });
  const group: Group = {
    query,
    parseCompleted() {
      const next = parsing.shift();
      if (next !== undefined) kept.set(next.name, next.text);
    },
    completed(how) {
      completions.push(how);
    },
    over,
  };
  return group;
}
