/** The bank of the transfer example: accounts in two databases, embedded ones or PostgreSQL. */

import type { Clock } from '../src/environment/clock.ts';
import type { Journal } from '../src/journal/journal.ts';
import { openEmbeddedStore } from '../src/resources/embedded/store.ts';
import { postgres } from '../src/resources/postgres.ts';
import type { Participating, WorkOf } from '../src/services/transactions/work.ts';

export const accountsPerDatabase = 10;
export const openingBalance = 1_000;
/** What all balances together must be at any time. */
export const total = 2 * accountsPerDatabase * openingBalance;

/** One database of the bank, within a transaction. */
export interface Ledger {
  balance(account: number): Promise<number>;
  add(account: number, amount: number): Promise<void>;
}

/** The two databases, and how a transaction's sessions are used as ledgers. */
export interface Databases<Owned extends Readonly<Record<string, Participating>>> {
  readonly resources: Owned;
  /** Makes the accounts where they are missing. */
  prepare(): Promise<void>;
  ledgers(work: WorkOf<Owned>): readonly [Ledger, Ledger];
}

/** Two stores in the journal of the coordinating process. Open them before its node. */
export function embeddedDatabases(journal: Journal, clock: Clock) {
  const resources = {
    north: openEmbeddedStore({ journal, clock, name: 'north' }),
    south: openEmbeddedStore({ journal, clock, name: 'south' }),
  };
  type Session = WorkOf<typeof resources>['north'];
  const ledger = (session: Session): Ledger => {
    const balance = async (account: number): Promise<number> => {
      const found = await session.get(`account/${account}`);
      return typeof found === 'number' ? found : openingBalance;
    };
    return {
      balance,
      add: async (account, amount) => session.put(`account/${account}`, (await balance(account)) + amount),
    };
  };
  return {
    resources,
    prepare: async () => undefined,
    ledgers: ({ north, south }) => [ledger(north), ledger(south)],
  } satisfies Databases<typeof resources>;
}

/** Two PostgreSQL databases. */
export function postgresDatabases(north: string, south: string) {
  const resources = { north: postgres(north, { name: 'north' }), south: postgres(south, { name: 'south' }) };
  type Session = WorkOf<typeof resources>['north'];
  const ledger = (session: Session): Ledger => ({
    async balance(account) {
      const { rows } = await session.query<{ balance: number }>('select balance from account where id = $1', [account]);
      return rows[0]?.balance ?? Number.NaN;
    },
    async add(account, amount) {
      await session.query('update account set balance = balance + $2 where id = $1', [account, amount]);
    },
  });
  return {
    resources,
    async prepare() {
      const { default: pg } = await import('pg');
      for (const url of [north, south]) {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        try {
          await client.query('create table if not exists account (id int primary key, balance int not null)');
          await client.query(
            // Not `on conflict do nothing`: that would wait for prepared transactions, which only we can end.
            'insert into account select id, $1 from generate_series(1, $2::int) id where not exists (select from account)',
            [openingBalance, accountsPerDatabase],
          );
        } finally {
          await client.end();
        }
      }
    },
    ledgers: ({ north: one, south: other }) => [ledger(one), ledger(other)],
  } satisfies Databases<typeof resources>;
}
