/**
 * An election over the store in an application's machine: of several schedulers, one leads and starts jobs. When it
 * resigns, another one leads, and all others hear of it.
 */

import { filter, firstValueFrom, shareReplay, tap } from 'rxjs';
import { createActor, sendTo, setup, waitFor } from 'xstate';
import { type Environment, systemEnvironment } from '../src/index.ts';
import { type Client, election, leaderOf } from '../src/services/store.ts';
import { memoryCluster } from './memory-cluster.ts';

/** One that starts jobs while it leads, until it is asked to resign. */
export const scheduler = (store: Client, id: string, environment: Environment, startJob: () => void) =>
  setup({
    types: { events: {} as { readonly type: 'resign' } },
    actors: { election },
    actions: { startJob, resign: sendTo('election', { type: 'release' }) },
    delays: { interval: 300 },
  }).createMachine({
    id: 'scheduler',
    invoke: {
      id: 'election',
      src: 'election',
      input: { store, name: 'scheduler', holder: id, ttlMs: 2_000, clock: environment.clock },
      onSnapshot: { guard: ({ event }) => event.snapshot.hasTag('leading'), target: '.leading' },
      // It has resigned, or has lost its lease.
      onDone: '.over',
      onError: '.over',
    },
    on: { resign: { actions: 'resign' } },
    initial: 'standingBy',
    states: {
      standingBy: {},
      leading: { entry: 'startJob', after: { interval: { target: 'leading', reenter: true } } },
      over: { type: 'final' },
    },
  });

/** Two schedulers, of which the first resigns; a third program watches who leads. */
export async function succession(environment: Environment = systemEnvironment(), print = console.log): Promise<void> {
  const cluster = memoryCluster(environment);
  const observer = cluster.client('observer');
  const leaders = leaderOf(observer, 'scheduler').pipe(
    tap((leader) => print(`leader: ${leader?.holder ?? 'nobody'}`)),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
  const subscription = leaders.subscribe();
  const hearsOf = (id: string) => firstValueFrom(leaders.pipe(filter((leader) => leader?.holder === id)));
  const started = (id: string) => {
    const client = cluster.client(id);
    const machine = scheduler(client, id, environment, () => print(`${id} starts a job`));
    return { client, actor: createActor(machine, { clock: environment.clock }).start() };
  };
  const first = started('s1');
  await Promise.all([hearsOf('s1'), waitFor(first.actor, (snapshot) => snapshot.matches('leading'))]);
  const second = started('s2');
  first.actor.send({ type: 'resign' });
  await waitFor(first.actor, (snapshot) => snapshot.matches('over'));
  await Promise.all([hearsOf('s2'), waitFor(second.actor, (snapshot) => snapshot.matches('leading'))]);
  second.actor.stop();
  subscription.unsubscribe();
  await Promise.all([observer, first.client, second.client].map((client) => client.close()));
  await cluster.stop();
}

if (process.argv[1] === import.meta.filename) await succession();
