/**
 * A lock of the store in an application's machine: of several workers, one at a time writes a report. One that is cut off
 * loses the lock before the next one has it; should it write all the same, its fencing token gives it away.
 */

import { assign, createActor, setup, waitFor } from 'xstate';
import { type Environment, systemEnvironment } from '../src/index.ts';
import { type Client, lock } from '../src/services/store.ts';
import { memoryCluster } from './memory-cluster.ts';

/** What the lock guards. It knows the greatest token that it has seen. */
export interface Report {
  /** @returns whether it was written: not for one whose turn is over, whatever that one believes */
  write(token: number, line: string): boolean;
}

export function createReport(print: (line: string) => void): Report {
  let greatest = 0;
  return {
    write(token, line) {
      if (token < greatest) return false;
      greatest = token;
      print(line);
      return true;
    },
  };
}

/** One that writes whenever it holds the lock. */
export const reportWorker = (store: Client, report: Report, holder: string, environment: Environment) =>
  setup({
    types: { context: {} as { readonly token: number } },
    actors: { lock },
    actions: { write: ({ context: { token } }) => void report.write(token, `${holder} writes`) },
    delays: { interval: 500 },
  }).createMachine({
    id: 'report-worker',
    context: { token: 0 },
    invoke: {
      src: 'lock',
      input: { store, name: 'report', holder, ttlMs: 2_000, clock: environment.clock },
      onSnapshot: {
        guard: ({ event }) => event.snapshot.hasTag('held'),
        target: '.working',
        actions: assign({ token: ({ event }) => event.snapshot.context.token }),
      },
      // Released, or lost.
      onDone: '.over',
      onError: '.over',
    },
    initial: 'waiting',
    states: {
      waiting: {},
      working: { entry: 'write', after: { interval: { target: 'working', reenter: true } } },
      over: { type: 'final' },
    },
  });

/** Two workers; the first one is cut off while it holds the lock. */
export async function oneAtATime(environment: Environment = systemEnvironment(), print = console.log): Promise<void> {
  const cluster = memoryCluster(environment);
  const report = createReport(print);
  const started = (holder: string) => {
    const client = cluster.client(holder);
    const worker = createActor(reportWorker(client, report, holder, environment), { clock: environment.clock }).start();
    return { client, worker };
  };
  const first = started('worker-1');
  const { context } = await waitFor(first.worker, (snapshot) => snapshot.matches('working'));
  const second = started('worker-2');
  print('worker-1 is cut off');
  await first.client.close();
  await waitFor(first.worker, (snapshot) => snapshot.matches('over'));
  print('worker-1 knows that it has lost the lock');
  await waitFor(second.worker, (snapshot) => snapshot.matches('working'));
  const isWritten = report.write(context.token, 'worker-1 writes what it had still to write');
  print(`a late line of worker-1 is ${isWritten ? 'taken' : 'refused'}`);
  second.worker.stop();
  await second.client.close();
  await cluster.stop();
}

if (process.argv[1] === import.meta.filename) await oneAtATime();
