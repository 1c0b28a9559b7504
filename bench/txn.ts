/**
 * Atomic commit across two PostgreSQL servers that sync every commit, with 1, 16 and 64 transactions at once: the manager
 * against a loop written by hand, and two embedded stores beside them. The manager names repeated statements; so does a
 * second loop, which says what of the difference that is. Each form has a process of its own; they take turns within each
 * round, and each is compared with the loop of the same round.
 *
 * `node dist/bench/txn.js [--rounds 5] [--seconds 2] [--in-flight 1,16,64] [--forms 'by hand;manager;lastQuery']`
 */

import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../test/fixtures/postgres.ts';
import { serverMicros } from './server-time.ts';
import { median, printTable } from './table.ts';
import { accounts, type FormName, formNames, type Places } from './txn-forms.ts';
import type { Answered, Asked, Slice } from './txn-process.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    'in-flight': { type: 'string', default: '1,16,64' },
    forms: { type: 'string', default: formNames.join(';') },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const inFlights = options['in-flight'].split(',').map(Number);
/** The first one is what the others are compared with, and the second one what the manager's forms are. */
const names = options.forms.split(';').map((name) => {
  const known = formNames.find((it) => it === name);
  if (known === undefined) throw new Error(`expected a form, one of ${formNames.join('; ')}, got '${name}'`);
  return known;
});
const warmUpSeconds = 1;
/** Every form keeps its connections; prepared transactions of the second phase come on top of those at work. */
const settings = { max_connections: '600', max_prepared_transactions: '600' };

/** A form in a process of its own. */
interface Running {
  readonly name: FormName;
  drive(inFlight: number, forSeconds: number): Promise<Slice>;
  close(): Promise<void>;
}

async function start(name: FormName, places: Places): Promise<Running> {
  const child = fork(new URL('./txn-process.js', import.meta.url));
  const ask = (asked: Asked): Promise<Answered | undefined> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        child.off('message', answered);
        child.off('exit', ended);
      };
      const answered = (answer: Answered): void => {
        settle();
        resolve(answer);
      };
      const ended = (code: number | null): void => {
        settle();
        if (code === 0 && asked.type === 'close') resolve(undefined);
        else reject(new Error(`the process of '${name}' ended with ${code}`));
      };
      child.on('message', answered);
      child.on('exit', ended);
      child.send(asked);
    });
  await ask({ type: 'open', name, places });
  return {
    name,
    async drive(inFlight, forSeconds) {
      const answer = await ask({ type: 'drive', inFlight, seconds: forSeconds });
      if (answer?.type !== 'slice') throw new Error(`expected a slice of '${name}', got ${answer?.type}`);
      return answer.slice;
    },
    async close() {
      await ask({ type: 'close' });
    },
  };
}

/** Ratios of the pairs: the median, and the least and most in parentheses. */
const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)})`;

/** A slice, with the processor time of the servers for each transaction in it. */
interface Measured extends Slice {
  readonly serverMicrosEach: number;
}

/** @param sessions the process of a session at each server */
async function compare(places: Places, sessions: readonly number[]): Promise<void> {
  const forms: Running[] = [];
  try {
    for (const name of names) forms.push(await start(name, places));
    for (const form of forms) await form.drive(places.maxInFlight, warmUpSeconds);
    const measure = async (form: Running, inFlight: number): Promise<Measured> => {
      const before = serverMicros(sessions) ?? Number.NaN;
      const slice = await form.drive(inFlight, seconds);
      const count = slice.perSecond * slice.elapsedSeconds;
      return { ...slice, serverMicrosEach: ((serverMicros(sessions) ?? Number.NaN) - before) / count };
    };
    const slices = new Map<string, Measured[]>();
    const of = (form: Running, inFlight: number): Measured[] => {
      const name = `${form.name}/${inFlight}`;
      const found = slices.get(name) ?? [];
      slices.set(name, found);
      return found;
    };
    for (let round = 0; round < rounds; round += 1) {
      for (const inFlight of inFlights) {
        // Whoever comes first in one round does not in the next.
        for (let index = 0; index < forms.length; index += 1) {
          const form = forms[(index + round) % forms.length];
          if (form !== undefined) of(form, inFlight).push(await measure(form, inFlight));
        }
      }
    }
    console.log(`${rounds} rounds of ${seconds} s for each form, in turns`);
    const [byHand, manager] = forms;
    for (const inFlight of inFlights) {
      console.log(`\n${inFlight} in flight`);
      const base = byHand === undefined ? [] : of(byHand, inFlight);
      const logged = manager === undefined ? [] : of(manager, inFlight);
      printTable(
        [
          'form',
          'txn/s, median',
          'least',
          'most',
          'x by hand',
          'x manager',
          'p50 ms',
          'p50 added ms',
          'p99 ms',
          'CPU µs each',
          'servers µs',
          'aborted',
        ],
        forms.map((form) => {
          const all = of(form, inFlight);
          const rates = all.map((it) => it.perSecond);
          const against = (others: readonly Slice[], ratio: (it: Slice, other: Slice) => number): string =>
            spread(
              all.flatMap((it, round) => {
                const other = others[round];
                return other === undefined ? [] : [ratio(it, other)];
              }),
            );
          return [
            form.name,
            median(rates),
            Math.min(...rates),
            Math.max(...rates),
            against(base, (it, other) => it.perSecond / other.perSecond),
            against(logged, (it, other) => it.perSecond / other.perSecond),
            median(all.map((it) => it.p50Ms)),
            against(base, (it, other) => it.p50Ms - other.p50Ms),
            median(all.map((it) => it.p99Ms)),
            median(all.map((it) => it.cpuMicrosEach)),
            median(all.map((it) => it.serverMicrosEach)),
            String(all.reduce((sum, it) => sum + it.aborted, 0)),
          ];
        }),
      );
    }
  } finally {
    for (const form of forms) await form.close();
  }
}

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const servers = await Promise.all([startPostgres(settings), startPostgres(settings)]);
try {
  for (const server of servers) {
    await server.query('create table account (id int primary key, amount int not null) with (fillfactor = 50)');
    await server.query(`insert into account select id, 0 from generate_series(0, ${accounts - 1}) as id`);
    const [row] = await server.query("select current_setting('fsync') as fsync, version()");
    console.log(`fsync ${row?.fsync}: ${row?.version}`);
  }
  const [north, south] = servers;
  const held = await Promise.all(
    servers.map(async (server) => {
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      return client;
    }),
  );
  const sessions = await Promise.all(
    held.map(async (client) => Number((await client.query('select pg_backend_pid() as pid')).rows[0]?.pid)),
  );
  await compare({ urls: [north.url(), south.url()], directory, maxInFlight: Math.max(...inFlights) }, sessions);
  await Promise.all(held.map((client) => client.end()));
  const sums = await Promise.all(
    servers.map(async (server) => (await server.query('select sum(amount)::int as sum from account'))[0]?.sum),
  );
  if (sums[0] + sums[1] !== 0) throw new Error(`expected the sums to cancel out, got ${sums.join(' and ')}`);
} finally {
  await Promise.all(servers.map((server) => server.remove()));
  await rm(directory, { recursive: true, force: true });
}
