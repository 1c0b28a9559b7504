/**
 * One form of the benchmark of transactions in a process of its own, as a service would run it: several managers in one
 * process would share its heap, and what the compiler has learnt from each of them. The benchmark starts it, and asks for
 * one slice after another.
 */

import { systemClock } from '../src/environment/clock.ts';
import { accounts, type Form, type FormName, openForm, type Places } from './txn-forms.ts';

const clock = systemClock();

export interface Slice {
  /** Including the second phase of the last transactions. */
  readonly perSecond: number;
  readonly elapsedSeconds: number;
  /** Until the caller knew the outcome. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of this process, with everything that is not a database in it. */
  readonly cpuMicrosEach: number;
  /** Not counted in anything else. */
  readonly aborted: number;
}

/** No two transactions that are under way use the same account: what is measured is not waiting for locks. */
let turns = 0;

async function drive(form: Form, inFlight: number, forSeconds: number): Promise<Slice> {
  const latencies: number[] = [];
  let aborted = 0;
  const cpu = process.cpuUsage();
  const startedMs = clock.nowMs();
  const endMs = startedMs + forSeconds * 1_000;
  const work = async (worker: number): Promise<void> => {
    while (clock.nowMs() < endMs) {
      turns = (turns + 1) % accounts;
      const sentMs = clock.nowMs();
      const knownMs = await form.transfer(worker, turns);
      if (knownMs === undefined) aborted += 1;
      else latencies.push(knownMs - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)));
  await form.settled();
  const elapsedMs = clock.nowMs() - startedMs;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return {
    perSecond: (latencies.length * 1_000) / elapsedMs,
    elapsedSeconds: elapsedMs / 1_000,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    cpuMicrosEach: (user + system) / latencies.length,
    aborted,
  };
}

/** What the benchmark asks. */
export type Asked =
  | { readonly type: 'open'; readonly name: FormName; readonly places: Places }
  | { readonly type: 'drive'; readonly inFlight: number; readonly seconds: number }
  | { readonly type: 'close' };

/** What the process answers: that it is open, or what a slice has shown. */
export type Answered = { readonly type: 'open' } | { readonly type: 'slice'; readonly slice: Slice };

const answer = (answered: Answered): void => void process.send?.(answered);
let form: Form | undefined;

async function act(asked: Asked): Promise<void> {
  if (asked.type === 'open') {
    form = await openForm(asked.name, asked.places);
    answer({ type: 'open' });
    return;
  }
  if (form === undefined) throw new Error(`expected to be opened before '${asked.type}'`);
  if (asked.type === 'drive') {
    answer({ type: 'slice', slice: await drive(form, asked.inFlight, asked.seconds) });
    return;
  }
  await form.close();
  process.disconnect();
}

process.on('message', (asked: Asked) => void act(asked));
