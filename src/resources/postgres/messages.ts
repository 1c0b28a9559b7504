/** Statements as messages of PostgreSQL's extended protocol: what a statement says, and its encoding, by the driver's own code. */

import { Duplex } from 'node:stream';
import type { Connection, CustomTypesConfig } from 'pg';
import type { ResultFormat } from '../sql/format.ts';

declare module 'pg' {
  interface Query {
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

/** Statements of ours that never vary, have no parameters and return no rows: their messages are made once. */
export interface Fixed {
  readonly messages: Buffer;
  /** How many statements they are. They have one answer together, the last one's. */
  readonly count: number;
}

/** How the rows of a result are made, as `pg` knows it. */
export interface PostgresFormat extends ResultFormat {
  /** The parsers of values, by the ids of their types. Those of the connection's configuration by default. */
  readonly types?: CustomTypesConfig | undefined;
}

export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  /** Under which the server is to keep it. */
  readonly name?: string | undefined;
  readonly format?: PostgresFormat | undefined;
  /** Of a statement of ours that returns at most one row: it is not described, and `texts` has what it returned. */
  readonly isPlain?: boolean | undefined;
}

/** Makes the messages of statements of ours once and for all. */
export function fixed(...texts: readonly string[]): Fixed {
  const message = (type: string, ...body: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(body);
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeUInt32BE(content.length + 4, 1);
    return Buffer.concat([head, content]);
  };
  const zeros = (count: number): Buffer => Buffer.alloc(count);
  const messages = texts.flatMap((text) => [
    // No name, the text, no types of parameters.
    message('P', zeros(1), Buffer.from(text), zeros(3)),
    // No names, no formats and values of parameters, no formats of columns.
    message('B', zeros(8)),
    // No name, no limit of rows.
    message('E', zeros(5)),
  ]);
  return { messages: Buffer.concat(messages), count: texts.length };
}

/** Turns statements into messages, without sending them. One for each connection: the driver's objects cost much. */
export interface Recorder {
  /** @returns why a value cannot be sent, if one cannot */
  record(statement: Statement, name: string | undefined, isKept: boolean): { readonly error: unknown } | undefined;
  recordFixed(statement: Fixed): void;
  /** Ends the group. @returns what was recorded, in one piece: a write of many pieces costs far more */
  take(): Buffer;
}

export function createRecorder(driver: typeof import('pg')): Recorder {
  let recorded: Buffer[] = [];
  let failure: { readonly error: unknown } | undefined;
  const stream = new Duplex();
  // What a stream does around a write costs more than all else here.
  stream.write = (chunk: Buffer) => {
    recorded.push(chunk);
    return true;
  };
  const connection = new driver.Connection({ stream: () => stream });
  const encoding = new driver.Query('', (error) => {
    if (error) failure = { error };
  });
  let parsed: Readonly<Record<string, string>> = {};
  let isDescribed = true;
  const encoder: Encoder = {
    get parsedStatements() {
      return parsed;
    },
    submittedNamedStatements: {},
    parse: (query, more) => connection.parse(query, more),
    bind: (config, more) => connection.bind(config, more),
    describe: (message, more) => {
      if (isDescribed) connection.describe(message, more);
    },
    execute: (config, more) => connection.execute(config, more),
    close: () => undefined,
    // One for all, at the end.
    sync: () => undefined,
  };
  return {
    record({ text, values = [], isPlain }, name, isKept) {
      failure = undefined;
      isDescribed = isPlain !== true;
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
