/**
 * The end of an old primary's replication stream: what clients wrote there that its standbys may never have had. It is read
 * before the server is fenced, as a replica reads it, since a fenced one gives it to none; so that when the server follows
 * another one and gives writes up, they can be counted, and their keys be named.
 */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { GaveUp } from '../../../../statecharts/failover/servers.ts';
import { within } from '../../deadline.ts';
import type { Claimed } from './claim.ts';
import type { Command, ConnectParts } from './connection.ts';
import { fieldsOf, replicationOf } from './info.ts';

export interface Tail {
  readonly history: string;
  /** Of the last byte before it. */
  readonly fromOffset: number;
  readonly bytes: Buffer;
}

/** More than this is not kept, in bytes; Redis's own backlog is 1 MiB by default. */
const maxTailBytes = 262_144;
/** A fence does not wait longer for it by default, in milliseconds. */
export const defaultTailTimeoutMs = 200;
/** So many keys are named. */
const maxKeys = 20;

/** The tail of a primary; undefined for another server, and where it cannot be had in time. */
export async function takeTail(claimed: Claimed, parts: ConnectParts, longestMs: number): Promise<Tail | undefined> {
  const { connection, left } = claimed;
  const fields = fieldsOf(String(await connection.ask(['INFO', 'replication'], left.remainingMs())));
  const { isPrimary, position } = replicationOf(fields);
  const kept = Number(fields.get('repl_backlog_histlen'));
  // A margin, lest the first byte be overwritten before it is asked for: Redis would begin a whole copy.
  const length = Math.min(maxTailBytes, position.offset, Number.isSafeInteger(kept) ? Math.floor(kept * 0.9) : 0);
  if (!isPrimary || length <= 0) return undefined;
  const fromOffset = position.offset - length;
  const timeoutMs = Math.min(longestMs, left.remainingMs() / 4);
  const socket = opened(parts);
  try {
    const reading = bytesFrom(socket, parts, position.history, fromOffset, length);
    const bytes = await within(parts.clock, reading, timeoutMs, `the end of the stream of '${parts.name}'`);
    return { history: position.history, fromOffset, bytes };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

function opened({ address, login }: ConnectParts): Socket {
  if (login.tls === undefined) return connectTcp(address);
  // An address is no name that a server could have a certificate by (RFC 6066, §3).
  const named = isIP(address.host) === 0 ? { servername: address.host } : {};
  return connectTls({ ...named, ...login.tls, ...address });
}

function bytesFrom(
  socket: Socket,
  { login: { username = 'default', password } }: ConnectParts,
  history: string,
  fromOffset: number,
  length: number,
): Promise<Buffer> {
  const auth: readonly Command[] = password === undefined ? [] : [['AUTH', username, password]];
  for (const command of [...auth, ['PSYNC', history, fromOffset + 1]] as const) socket.write(encoded(command));
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    let start: number | undefined;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      start ??= beginningIn(read, auth.length, reject);
      if (start !== undefined && read.length - start >= length) resolve(read.subarray(start, start + length));
    });
  });
}

/** Where the stream begins behind the answers; undefined before it does. */
function beginningIn(read: Buffer, answers: number, refuse: (error: Error) => void): number | undefined {
  let at = 0;
  for (let line = 0; ; line += 1) {
    const end = read.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const answer = read.toString('latin1', at, end);
    if (!/^\+(?:OK|CONTINUE)/.test(answer)) refuse(new Error(`expected a part of the stream, got ${answer}`));
    at = end + 2;
    if (line === answers) return at;
  }
}

const encoded = (command: Command): string =>
  `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`).join('')}`;

/** What was given up, with the number of its writes and some of its keys, as far as the tail knows. */
export async function withWrites(
  { connection, left }: Claimed,
  gaveUp: GaveUp,
  tail: Tail | undefined,
): Promise<GaveUp> {
  if (tail === undefined || tail.history !== gaveUp.history || tail.fromOffset > gaveUp.fromOffset) return gaveUp;
  const writes = commandsIn(tail.bytes.subarray(gaveUp.fromOffset - tail.fromOffset)).filter(isWrite);
  const asked = writes.slice(-maxKeys).map((write): Command => ['COMMAND', 'GETKEYS', ...write]);
  const replies = await connection.send(asked, left.remainingMs());
  const keys = replies.flatMap((reply) =>
    'value' in reply && Array.isArray(reply.value) ? reply.value.map(String) : [],
  );
  return { ...gaveUp, writes: writes.length, keys: [...new Set(keys)].slice(-maxKeys) };
}

const besidesWrites = new Set(['PING', 'SELECT', 'MULTI', 'EXEC', 'REPLCONF', 'PUBLISH', 'SPUBLISH']);
const isWrite = ([name = '']: readonly string[]): boolean => !besidesWrites.has(name.toUpperCase());

/** The whole commands in a part of the stream. */
function commandsIn(bytes: Buffer): readonly (readonly [string, ...string[]])[] {
  const commands: (readonly [string, ...string[]])[] = [];
  let at = 0;
  const number = (mark: string): number => {
    const end = bytes.indexOf('\r\n', at);
    const text = end < 0 ? '' : bytes.toString('latin1', at, end);
    at = end + 2;
    return text.startsWith(mark) ? Number(text.slice(1)) : Number.NaN;
  };
  while (at < bytes.length) {
    const count = number('*');
    if (!(count >= 1)) break;
    const parts: string[] = [];
    for (let part = 0; part < count; part += 1) {
      const size = number('$');
      if (!(size >= 0) || at + size + 2 > bytes.length) return commands;
      parts.push(bytes.toString('utf8', at, at + size));
      at += size + 2;
    }
    const [name, ...rest] = parts;
    if (name !== undefined) commands.push([name, ...rest]);
  }
  return commands;
}
