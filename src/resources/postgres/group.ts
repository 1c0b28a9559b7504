/**
 * Statements that travel as one group of PostgreSQL's extended protocol: each is parsed, bound and run, and one Sync ends
 * them all. The server parses every text as one single statement and refuses more; what fails keeps everything behind it
 * in the group from being run.
 */

import type { Connection, Query, QueryResult } from 'pg';
import type { AnyRow, Row } from '../sql/connection.ts';
import type { Fixed, Recorder, Statement } from './messages.ts';

declare module 'pg' {
  /** What the driver makes of the messages of one result. */
  interface Result {
    addFields(fields: QueryResult['fields']): void;
    parseRow(values: Values): AnyRow;
    addRow(row: AnyRow): void;
    addCommandComplete(message: CommandComplete): void;
  }
}

/** The values of a row, as the server sent them. */
type Values = readonly (string | null)[];
interface CommandComplete {
  readonly text: string;
}

/** What the driver calls on a query that runs. */
interface Handlers {
  submit(connection: Connection): null;
  /** The driver wraps it to end its own timeout. */
  callback(): void;
  handleRowDescription(message: { readonly fields: QueryResult['fields'] }): void;
  handleDataRow(message: { readonly fields: Values }): void;
  handleCommandComplete(message: CommandComplete): void;
  handleEmptyQuery(): void;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
  handlePortalSuspended(): void;
  handleCopyInResponse(): void;
  handleCopyData(): void;
}

/** What became of a statement. */
export type Answer<R extends AnyRow = Row> =
  | {
      readonly result: QueryResult<R>;
      /** The last row of a plain statement, as the server wrote it. */
      readonly texts: Values;
    }
  | { readonly error: unknown };

/** A group under way. The connection tells it what the server says while it is the oldest one. */
export interface Group {
  readonly query: Query;
  parseCompleted(): void;
  /** The server is ready for the next one, or will never be: what has no answer by now gets none. */
  over(error?: unknown): void;
}

export interface GroupParts<R extends AnyRow> {
  readonly driver: typeof import('pg');
  /** The parsers of values that the connection was configured with. */
  readonly types: typeof import('pg').types;
  readonly recorder: Recorder;
  readonly statements: readonly (Statement | Fixed)[];
  /** The names under which the server keeps statements; those that it parses now are added. */
  readonly kept: Map<string, string>;
  /** The name to send a statement under, if it is to have one. */
  nameOf(statement: Statement): string | undefined;
  /** Called when it is on its way. */
  onSubmit(group: Group): void;
  /** Called when the server waits for input that there is none of; the connection cannot be used any more. */
  onStuck(): void;
  /** Called when a statement that was sent under a name failed. */
  onRefused(text: string, name: string, error: unknown): void;
  /** Called once, with one answer for each statement. */
  answer(answers: readonly Answer<R>[]): void;
}

const isFixed = (statement: Statement | Fixed): statement is Fixed => 'messages' in statement;
const noTexts: Values = [];

export function createGroup<R extends AnyRow>(parts: GroupParts<R>): Group {
  const { driver, types, statements, kept } = parts;
  /** Of the statements, as far as they were sent. */
  const names: (string | undefined)[] = [];
  /** The statements that are being parsed, in order. */
  const parsing: number[] = [];
  const answers: Answer<R>[] = [];
  /** How many statements of the current fixed ones have been run. */
  let completed = 0;
  let result: (QueryResult<R> & InstanceType<typeof driver.Result>) | undefined;
  let texts = noTexts;
  /** Why the current result could not be read. */
  let unread: { readonly error: unknown } | undefined;
  let failure: { readonly error: unknown } | undefined;
  let isSubmitted = false;
  let isOver = false;

  const newResult = () => {
    const statement = statements[answers.length];
    const { rowMode = '', types: own } = (statement && !isFixed(statement) && statement.format) || {};
    if (own === undefined) return new driver.Result<R>(rowMode, types);
    return new driver.Result<R>(rowMode, { ...types, getTypeParser: own.getTypeParser.bind(own) });
  };
  const over = (error?: unknown): void => {
    if (isOver) return;
    isOver = true;
    if (error !== undefined) failure ??= { error };
    query.callback();
    if (answers.length < statements.length) {
      failure ??= { error: new TypeError(`expected ${statements.length} results, got ${answers.length}`) };
      const [failed, name] = [statements[answers.length], names[answers.length]];
      if (failed !== undefined && !isFixed(failed) && name !== undefined) {
        parts.onRefused(failed.text, name, failure.error);
      }
      while (answers.length < statements.length) answers.push(failure);
    }
    parts.answer(answers);
  };
  const answered = (answer: Answer<R>): void => {
    answers.push(unread ?? answer);
    result = undefined;
    texts = noTexts;
    unread = undefined;
    completed = 0;
  };

  const handlers: Handlers = {
    submit({ stream }) {
      const { recorder } = parts;
      for (const [index, statement] of statements.entries()) {
        if (isFixed(statement)) {
          for (let each = 0; each < statement.count; each += 1) parsing.push(index);
          recorder.recordFixed(statement);
          continue;
        }
        const name = statement.name ?? parts.nameOf(statement);
        const isKept = name !== undefined && kept.has(name);
        failure = recorder.record(statement, name, isKept);
        if (failure !== undefined) break;
        names[index] = name;
        if (!isKept) parsing.push(index);
      }
      stream.write(recorder.take());
      isSubmitted = true;
      parts.onSubmit(group);
      return null;
    },
    callback: () => undefined,
    handleRowDescription({ fields }) {
      result = newResult();
      try {
        result.addFields(fields);
      } catch (error) {
        unread = { error };
      }
    },
    handleDataRow({ fields }) {
      texts = fields;
      if (result === undefined || unread !== undefined) return;
      try {
        result.addRow(result.parseRow(fields));
      } catch (error) {
        unread = { error };
      }
    },
    handleCommandComplete(message) {
      const statement = statements[answers.length];
      completed += 1;
      if (statement !== undefined && isFixed(statement) && completed < statement.count) return;
      const complete = result ?? newResult();
      complete.addCommandComplete(message);
      answered({ result: complete, texts });
    },
    // A text without a statement, such as a comment.
    handleEmptyQuery: () => answered({ result: newResult(), texts }),
    handleError(error) {
      failure ??= { error };
      // A connection that was lost before takes no query.
      if (!isSubmitted) over();
    },
    // The connection says when it is over, after a failure too.
    handleReadyForQuery: () => undefined,
    handlePortalSuspended: () => undefined,
    handleCopyInResponse() {
      failure ??= { error: new TypeError('expected a statement that needs no input, got COPY FROM STDIN') };
      parts.onStuck();
    },
    handleCopyData: () => undefined,
  };
  // In pipeline mode, the driver takes nothing but its own queries.
  const query = Object.assign(new driver.Query(''), handlers);
  const group: Group = {
    query,
    parseCompleted() {
      const index = parsing.shift();
      if (index === undefined) return;
      const [statement, name] = [statements[index], names[index]];
      if (statement !== undefined && !isFixed(statement) && name !== undefined) kept.set(name, statement.text);
    },
    over,
  };
  return group;
}
