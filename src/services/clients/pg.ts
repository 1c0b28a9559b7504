/** A pool of `pg` at the primary of a group, wherever that is. In durable mode it is PostgreSQL itself that waits for standbys. */

import pg from 'pg';
import { type FollowingClient, type FollowingOptions, followPrimary } from './following.ts';

export * from './errors.ts';
export type { FollowingClient } from './following.ts';

export interface FollowPostgresOptions extends FollowingOptions {
  /** Options of `pg.Pool`, without where it connects to. */
  readonly pool?: Omit<pg.PoolConfig, 'host' | 'port' | 'connectionString' | 'stream'>;
}

/**
 * Follows the primary of a PostgreSQL group: a pool for each, all of whose clients end when the primary changes.
 *
 * @example
 * const orders = followPostgres({ topology: followTopology({ managers }), pool: { user: 'app', database: 'orders' } });
 * await orders.run((pool) => pool.query('insert into item values ($1)', [1]));
 */
export const followPostgres = ({ pool: config = {}, ...options }: FollowPostgresOptions): FollowingClient<pg.Pool> =>
  followPrimary(options, async ({ host, port }) => {
    const pool = new pg.Pool({ keepAlive: true, connectionTimeoutMillis: 5_000, ...config, host, port });
    const clients = new Set<pg.PoolClient>();
    // An idle client that breaks is replaced by the pool.
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      // What is under way hears of a break by its own error.
      client.on('error', () => {});
      clients.add(client);
    });
    pool.on('remove', (client) => clients.delete(client));
    return {
      client: pool,
      lost: new Promise(() => {}),
      close() {
        // The pool alone would wait for clients that are in use; `end` of one of those breaks its connection.
        for (const client of clients) if ('end' in client && typeof client.end === 'function') client.end();
        pool.end().catch(() => {});
      },
    };
  });
