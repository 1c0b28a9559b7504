/** Histories as clients of a real object would see them: linearizable by construction, or changed in one place. */

import { chance, integerBelow, pick, type Random, seededRandomness } from '../../../src/environment/random.ts';
import type { HistoryEvent, OperationEvent } from '../../../src/history/event.ts';
import type { SequentialModel } from '../../../src/history/model.ts';
import type { History } from '../../../src/history/operation.ts';
import { readHistory } from '../../../src/history/reader.ts';

export interface Workload {
  readonly seed: number;
  readonly operations: number;
  readonly processes: number;
  readonly keys: number;
  /** Draws a call. `fresh` is a number that was not drawn before. */
  readonly call: (random: Random, fresh: number) => { readonly f: string; readonly value?: unknown };
  /** How likely it is that a client never learns the outcome. Half of those operations take effect, early or late. */
  readonly unknown?: number;
  /** How likely it is that an operation is refused and does nothing. */
  readonly failed?: number;
}

interface Client {
  process: number;
  pending: { readonly key: string; readonly f: string; readonly value: unknown; result?: unknown } | undefined;
}

/** What the object answers, as the history's format has it; undefined for a plain acknowledgement. */
function serve(
  model: SequentialModel<unknown>,
  state: unknown,
  f: string,
  value: unknown,
): { next: unknown; result?: unknown } {
  const call = { f, value: value ?? null, known: false, result: undefined };
  const next = model.step(state, call);
  if (next === undefined) throw new Error(`${f} is not possible here`);
  if (f === 'read' || f === 'get') return { next, result: state };
  if (f === 'dequeue') return { next, result: Array.isArray(state) && state.length > 0 ? state[0] : null };
  if (f === 'cas') return { next, result: model.step(state, { ...call, known: true, result: true }) !== undefined };
  return { next };
}

/** Runs clients against one object per key: each operation takes effect at one instant between its two events. */
export function simulate(model: SequentialModel<unknown>, workload: Workload): HistoryEvent[] {
  const random = seededRandomness(workload.seed).stream('workload');
  const states = new Map<string, unknown>();
  const events: HistoryEvent[] = [];
  const late: (() => void)[] = [];
  let time = 0;
  let nextProcess = workload.processes;
  let invoked = 0;
  const clients: Client[] = Array.from({ length: workload.processes }, (_, process) => ({
    process,
    pending: undefined,
  }));
  const emit = (event: Omit<OperationEvent, 'time'>): void => {
    time += integerBelow(random, 4);
    events.push({ ...event, time });
  };
  const takeEffect = (operation: NonNullable<Client['pending']>): void => {
    const state = states.has(operation.key) ? states.get(operation.key) : model.initial;
    const { next, result } = serve(model, state, operation.f, operation.value);
    states.set(operation.key, next);
    operation.result = result ?? null;
  };

  while (invoked < workload.operations || clients.some(({ pending }) => pending !== undefined)) {
    if (late.length > 0 && chance(random, 0.1)) late.splice(integerBelow(random, late.length), 1)[0]?.();
    const client = pick(random, clients);
    if (client === undefined) break;
    const { process, pending } = client;
    if (pending === undefined) {
      if (invoked >= workload.operations) continue;
      invoked += 1;
      const { f, value = null } = workload.call(random, invoked);
      const key = `k${integerBelow(random, workload.keys)}`;
      client.pending = { key, f, value };
      emit({ process, type: 'invoke', f, key, value });
      continue;
    }
    if (pending.result === undefined && chance(random, workload.failed ?? 0)) {
      emit({ process, type: 'fail', f: pending.f });
      client.pending = undefined;
    } else if (chance(random, workload.unknown ?? 0)) {
      if (pending.result === undefined && chance(random, 0.5)) late.push(() => takeEffect(pending));
      emit({ process, type: 'info', f: pending.f });
      client.pending = undefined;
      client.process = nextProcess;
      nextProcess += 1;
    } else if (pending.result === undefined) {
      takeEffect(pending);
    } else {
      emit({ process, type: 'ok', f: pending.f, value: pending.result });
      client.pending = undefined;
    }
  }
  return events;
}

/** Changes what one of the last reads returned, to a value that one of the first returned. */
export function withWrongRead(events: readonly HistoryEvent[], seed: number): HistoryEvent[] {
  const random = seededRandomness(seed).stream('mutation');
  const reads = events.flatMap((event, index) =>
    event.type === 'ok' && (event.f === 'read' || event.f === 'get') ? [{ event, index }] : [],
  );
  const late = reads.slice(Math.floor(reads.length * 0.8));
  const wrong = pick(random, late);
  const other = pick(
    random,
    reads
      .slice(0, Math.ceil(reads.length * 0.2))
      .filter(({ event }) => event.value !== null && event.value !== wrong?.event.value),
  );
  return events.map((event, index) => (index === wrong?.index ? { ...event, value: other?.event.value } : event));
}

export const toHistory = (events: readonly HistoryEvent[], model: SequentialModel<unknown>): History =>
  readHistory(
    events.map((event) => JSON.stringify(event)),
    model,
  );

/** Reads and writes of fresh values, half and half. */
export const readsAndWrites: Workload['call'] = (random, fresh) =>
  chance(random, 0.5) ? { f: 'read' } : { f: 'write', value: fresh };

/** Reads, writes and compare-and-sets over few values. */
export const compareAndSets: Workload['call'] = (random) => {
  const f = pick(random, ['read', 'write', 'cas']) ?? 'read';
  const value = integerBelow(random, 5);
  return f === 'read' ? { f } : f === 'write' ? { f, value } : { f, value: [value, integerBelow(random, 5)] };
};

/** Everything that a key-value store does. */
export const storeCalls: Workload['call'] = (random, fresh) => {
  const f = pick(random, ['get', 'get', 'put', 'append', 'delete']) ?? 'get';
  if (f === 'get' || f === 'delete') return { f };
  return { f, value: `${fresh}.` };
};
