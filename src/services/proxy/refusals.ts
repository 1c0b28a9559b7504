/** How a client that cannot be served is told so, in the protocol that it speaks, before its connection ends. */

import type { Socket } from 'node:net';
import type { Clock } from '../../environment/clock.ts';
import type { ServerKind } from './settings.ts';

/** Why a client is refused. */
export type RefusalReason =
  /** No server to send it to was found in time. */
  | 'no-server'
  /** As many clients wait already as may. */
  | 'waiting-limit'
  | 'connection-limit'
  | 'stopping';

const hints: Readonly<Record<RefusalReason, string>> = {
  'no-server': 'no server of the group can take the connection now; try again',
  'waiting-limit': 'too many clients wait for a server of the group; try again later',
  'connection-limit': 'too many clients are connected; use fewer connections, or raise the limit of the proxy',
  stopping: 'the proxy stops; try again',
};

/** What became of the refusal when the client does not take it, in milliseconds. */
const lingerMs = 1_000;

/**
 * Refuses a client and ends its connection. What it has sent is read and thrown away: an unread rest would make the
 * system reset the connection, and the client would never see why.
 */
export function refuse(kind: ServerKind, group: string, client: Socket, reason: RefusalReason, clock: Clock): void {
  const timeout = clock.setTimeout(() => client.destroy(), lingerMs);
  client.once('close', () => clock.clearTimeout(timeout));
  const text = `group '${group}': ${hints[reason]}`;
  if (kind === 'postgres') refusePostgres(client, reason, text);
  else {
    if (kind === 'redis') client.write(redisError(reason, text));
    client.end();
  }
  client.resume();
}

/** Client libraries take LOADING for a passing state of the server, and try again. */
const redisError = (reason: RefusalReason, text: string): string =>
  `-${reason === 'connection-limit' ? 'ERR max number of clients reached,' : 'LOADING'} ${text}\r\n`;

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
const requestBytes = 8;
/** A startup message is no longer than this (src/include/libpq/pqcomm.h). */
const startupLimitBytes = 10_000;

/** A client may first ask for encryption; what it is told before it has begun, it does not take for an error of a server. */
function refusePostgres(client: Socket, reason: RefusalReason, text: string): void {
  let read = Buffer.alloc(0);
  client.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    while (read.length >= requestBytes) {
      const code = read.readInt32BE(4);
      if (code === cancelRequest) return void client.end();
      if (code !== sslRequest && code !== gssRequest) return void client.end(postgresError(reason, text));
      client.write('N');
      read = read.subarray(requestBytes);
    }
    if (read.length > startupLimitBytes) client.destroy();
  });
  client.on('end', () => client.end());
}

/** `cannot_connect_now`, which clients try again, or `too_many_connections`. */
function postgresError(reason: RefusalReason, text: string): Buffer {
  const code = reason === 'connection-limit' ? '53300' : '57P03';
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
