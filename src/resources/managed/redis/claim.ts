/**
 * Exclusive control of a server of Redis: a connection that carries the term of its claim in its name. A claim ends the
 * connections of earlier ones, and Redis never carries out what it had not read from them: it does one command at a time.
 */

import { type Budget, budget } from '../../deadline.ts';
import { ServerRefusedError } from '../errors.ts';
import { type Command, type ConnectParts, connect, type RedisConnection, valueIn } from './connection.ts';
import type { Servers } from './status.ts';

/** A claimed server, for as long as one operation may take. */
export interface Claimed {
  readonly group: string;
  readonly server: string;
  readonly servers: Servers;
  readonly connection: RedisConnection;
  /** Another connection to it. */
  readonly connect: (timeoutMs: number) => Promise<RedisConnection>;
  readonly left: Budget;
}

interface Claimant {
  readonly id: string;
  readonly term: number;
}

/**
 * Claims a server for a term. The name comes first, then the look at all others: so of two claims at the same time, at
 * least one sees the other.
 *
 * @throws ServerRefusedError with CLAIM_LOST where a later term has claimed it; and as `connect`
 */
export async function claim(
  parts: ConnectParts,
  { group, manager, term }: { readonly group: string; readonly manager: string; readonly term: number },
  timeoutMs: number,
): Promise<RedisConnection> {
  const left = budget(parts.clock, timeoutMs);
  const connection = await connect(parts, left.remainingMs());
  try {
    const replies = await connection.send(
      [
        ['CLIENT', 'SETNAME', `${prefixOf(group)}${term}:${manager}`],
        ['CLIENT', 'ID'],
        ['CLIENT', 'LIST', 'TYPE', 'normal'],
      ],
      left.remainingMs(),
    );
    const [, own, list] = replies.map(valueIn);
    const others = claimantsIn(String(list), group).filter(({ id }) => id !== String(own));
    const later = others.find((other) => other.term > term);
    if (later !== undefined) {
      throw new ServerRefusedError(
        'CLAIM_LOST',
        `'${parts.name}' is claimed by term ${later.term}, later than ${term}`,
      );
    }
    const kills = others.map(({ id }): Command => ['CLIENT', 'KILL', 'ID', id]);
    // 0 of one that has gone by itself meanwhile.
    for (const reply of await connection.send(kills, left.remainingMs())) valueIn(reply);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const prefixOf = (group: string): string => `quorate:${group}:claim:`;

/** The claims among the lines of CLIENT LIST. */
function claimantsIn(list: string, group: string): readonly Claimant[] {
  const prefix = ` name=${prefixOf(group)}`;
  return list.split('\n').flatMap((line) => {
    const at = line.indexOf(prefix);
    const id = /^id=(\d+) /.exec(line)?.[1];
    const term = Number.parseInt(line.slice(at + prefix.length), 10);
    return at < 0 || id === undefined || Number.isNaN(term) ? [] : [{ id, term }];
  });
}
