/** The simulated database must keep the promises that real ones keep; it is held to them by the same suite. */

import { systemEnvironment } from '../../src/environment/environment.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import {
  type AccountSession,
  connectDatabase,
  createDatabaseServer,
  type DatabaseWitness,
  type SimulatedDatabase,
} from '../../src/simulator/database.ts';
import { conformsAsTransactionalResource } from '../resources/conformance.ts';

const nobody: DatabaseWitness = {
  wrote: () => undefined,
  prepared: () => undefined,
  ended: () => undefined,
  gone: () => undefined,
  found: () => undefined,
  refusedLate: () => undefined,
  refused: () => undefined,
};

for (const ties of [false, true]) {
  const name = ties ? 'a simulated database whose prepared branches are tied to sessions' : 'a simulated database';
  conformsAsTransactionalResource<AccountSession>(name, async () => {
    const { clock: time, ids } = systemEnvironment();
    const random = seededRandomness(1).stream('database');
    const server = createDatabaseServer({ name: 'db', balances: new Map(), ties, time, random, witness: nobody });
    /** Accounts hold numbers: each value of the suite stands for one. */
    const values: string[] = [];
    const numberOf = (value: string): number => {
      if (!values.includes(value)) values.push(value);
      return values.indexOf(value) + 1;
    };
    let machines = 0;
    const open = async (): Promise<SimulatedDatabase> => {
      machines += 1;
      const client = { machine: `n${machines}`, life: ids.next(), bornMs: time.nowMs() };
      return connectDatabase({ server, clock: time, time, random, client });
    };
    return {
      open,
      reopen() {
        server.machineDied(`n${machines}`);
        return open();
      },
      async write(session, key, value) {
        const before = await session.balance(key);
        await session.add(key, numberOf(value) - before, 'suite');
      },
      read: async (session, key) => values[(await session.balance(key)) - 1],
      committed: async (key) => values[server.balance(key) - 1],
      fail: (session) => session.add('key', Number.NaN, 'suite'),
      close: async () => undefined,
    };
  });
}
