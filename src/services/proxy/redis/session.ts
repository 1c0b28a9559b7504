/**
 * The control session of a Redis primary. One round, in one go: at one moment (MULTI) the mark, and a message of the round's own
 * in the stream of replication; how far that reaches now; WAIT, which makes the replicas confirm; and how far each has. Without
 * the message a primary to which nothing is written would be confirmed by what replicas said before the round, and a deposed one
 * that wakes would answer reads. WAIT itself proves nothing here: it counts any replicas, not those of
 * the in-sync set, and its answer says nothing of the mark.
 */

import { QuorateError } from '../../../../statecharts/actor.ts';
import type { Clock } from '../../../environment/clock.ts';
import {
  type Command,
  connect,
  type RedisConnection,
  type RedisLogin,
  valueIn,
} from '../../../resources/managed/redis/connection.ts';
import { fieldsOf, type Replica, type ReplicationInfo, replicationOf } from '../../../resources/managed/redis/info.ts';
import { markKey, markText } from '../../../resources/managed/redis/mark.ts';
import type { RoundResult } from '../rounds.ts';
import type { ControlSession, OpenSession, Wanted } from '../session.ts';
import type { Destination } from '../settings.ts';

/** The primary no longer is what the session was opened with. */
export class ControlSessionError extends QuorateError {
  readonly code = 'CONTROL_SESSION';
}

export interface RedisSessionsOptions {
  readonly group: string;
  readonly login: RedisLogin;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** After so long without an answer the primary is given up. */
  readonly answerTimeoutMs: number;
}

/** WAIT gives up after this time, in milliseconds, so that news of another in-sync set are taken up. */
const waitMs = 100;

const replication: Command = ['INFO', 'replication'];

/** Makes what opens sessions to the primaries of a group. */
export const redisSessions =
  ({ group, login, clock, connectTimeoutMs, answerTimeoutMs }: RedisSessionsOptions): OpenSession =>
  async ({ server, host, port }) => {
    const connection = await connect({ name: server, address: { host, port }, login, clock }, connectTimeoutMs);
    try {
      const info = replicationIn(await connection.ask(replication, connectTimeoutMs));
      return new RedisSession({ connection, answerTimeoutMs, markKey: markKey(group) }, info);
    } catch (error) {
      connection.close();
      throw error;
    }
  };

interface SessionParts {
  readonly connection: RedisConnection;
  readonly answerTimeoutMs: number;
  readonly markKey: string;
}

class RedisSession implements ControlSession {
  readonly ended: Promise<string>;
  readonly #parts: SessionParts;
  readonly #history: string;

  /** @throws ControlSessionError for a server that is no primary */
  constructor(parts: SessionParts, { isPrimary, position }: ReplicationInfo) {
    if (!isPrimary) throw new ControlSessionError('expected a primary, got a server that follows another one, or none');
    this.#parts = parts;
    this.#history = position.history;
    this.ended = parts.connection.closed;
  }

  async confirm({ mark, confirmations, members }: Wanted): Promise<RoundResult> {
    const { markKey: key } = this.#parts;
    const channel = `${key}:round`;
    const begin: readonly Command[] = [['MULTI'], ['PUBLISH', channel, ''], ['GET', key], ['EXEC'], replication];
    const replies = await this.#ask([...begin, ['WAIT', confirmations, waitMs], replication]);
    const [, found] = listIn(replies[3]);
    const { offset } = this.#asPrimary(replies[4]).position;
    if (mark === null || found !== markText(mark)) {
      return unconfirmed(`expected the mark ${mark && markText(mark)} at the primary, got ${found}`);
    }
    let wanted = confirmations;
    let [waited, after] = replies.slice(begin.length);
    for (;;) {
      const { replicas } = this.#asPrimary(after);
      const holders = members.filter((member) => replicas.some((replica) => holds(replica, member, offset)));
      if (holders.length >= confirmations) return { type: 'confirmed' };
      // It waited in vain; else replicas that are no members were enough for it.
      if (Number(waited) < wanted) return unconfirmed(shortfall(holders.length, confirmations, members, replicas));
      wanted = Number(waited) + 1;
      [waited, after] = await this.#ask([['WAIT', wanted, waitMs], replication]);
    }
  }

  close(): void {
    this.#parts.connection.close();
  }

  async #ask(commands: readonly Command[]): Promise<readonly unknown[]> {
    const { connection, answerTimeoutMs } = this.#parts;
    return (await connection.send(commands, answerTimeoutMs)).map(valueIn);
  }

  /**
   * What `info` says of the primary.
   *
   * @throws ControlSessionError for a server that was demoted since, even if it is primary again: it may have lost data
   */
  #asPrimary(info: unknown): ReplicationInfo {
    const found = replicationIn(info);
    if (found.isPrimary && found.position.history === this.#history) return found;
    throw new ControlSessionError(
      `expected a primary with the history ${this.#history}, got one that is ${found.isPrimary ? '' : 'none, '}` +
        `with ${found.position.history}`,
    );
  }
}

const replicationIn = (info: unknown): ReplicationInfo => replicationOf(fieldsOf(String(info)));

/** @throws ControlSessionError */
function listIn(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw new ControlSessionError(`expected EXEC to answer with a list, got ${String(answer)}`);
}

/** Replicas announce the address by which the group knows them. */
const holds = (replica: Replica, { host, port }: Destination, offset: number): boolean =>
  replica.isOnline && replica.offset >= offset && replica.host === host && replica.port === port;

const unconfirmed = (why: string): RoundResult => ({ type: 'unconfirmed', why });

function shortfall(
  holders: number,
  confirmations: number,
  members: readonly Destination[],
  replicas: readonly Replica[],
): string {
  const expected = members.map(({ server, host, port }) => `${server} at ${host}:${port}`).join(', ');
  const present = replicas.map(({ host, port, isOnline }) => `${host}:${port}${isOnline ? '' : ' (copying)'}`);
  return (
    `${holders} of ${confirmations} confirmations; in sync are: ${expected || 'none'}; ` +
    `replicas are: ${present.join(', ') || 'none'}`
  );
}
