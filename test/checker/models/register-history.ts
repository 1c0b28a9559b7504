/**
 * The history of a register's clients as part of a model's state, and whether it is linearizable. Operations keep what
 * each other client had completed when they were invoked, and nothing else of their order.
 */

import type { Observation } from '../../../src/checker.ts';
import type { Address, Tagged } from '../../../statecharts/actor.ts';

interface Invocation {
  /** How many operations each other client had completed; only those that had any. */
  readonly after: Readonly<Record<Address, number>>;
  readonly written?: string;
}
interface Completed extends Invocation {
  readonly read?: string;
}
interface Client {
  readonly completed: readonly Completed[];
  readonly open?: Invocation;
}
export type RegisterHistory = Readonly<Record<Address, Client>>;

const blank: Client = { completed: [] };
const textOf = (message: Tagged): string =>
  'value' in message && typeof message.value === 'string' ? message.value : '';

/** Folds `put` and `get` that are sent, and `putOk` and `getOk` that are received. */
export function observeRegister(history: RegisterHistory, happening: Observation): RegisterHistory {
  if (happening.type === 'sent' && (happening.message.type === 'put' || happening.message.type === 'get')) {
    const { from, message } = happening;
    const after = Object.fromEntries(
      Object.entries(history).flatMap(([client, { completed }]) =>
        client !== from && completed.length > 0 ? [[client, completed.length]] : [],
      ),
    );
    const open: Invocation = { after, ...(message.type === 'put' ? { written: textOf(message) } : {}) };
    return { ...history, [from]: { completed: history[from]?.completed ?? [], open } };
  }
  if (happening.type === 'received' && (happening.message.type === 'putOk' || happening.message.type === 'getOk')) {
    const { to, message } = happening;
    const { completed, open } = history[to] ?? blank;
    if (open === undefined) throw new Error(`'${to}' is answered what it did not ask`);
    const done: Completed = { ...open, ...(message.type === 'getOk' ? { read: textOf(message) } : {}) };
    return { ...history, [to]: { completed: [...completed, done] } };
  }
  return history;
}

/** Whether the operations can be put into one order that a register with `value` would have shown. */
export function isLinearizable(history: RegisterHistory, value = ''): boolean {
  const clients = Object.entries(history);
  const search = (done: Readonly<Record<string, number>>, register: string): boolean => {
    if (clients.every(([client, { completed }]) => (done[client] ?? 0) >= completed.length)) return true;
    return clients.some(([client, { completed, open }]) => {
      const position = done[client] ?? 0;
      const next: Completed | undefined = completed[position] ?? (position === completed.length ? open : undefined);
      if (next === undefined) return false;
      if (Object.entries(next.after).some(([other, count]) => (done[other] ?? 0) < count)) return false;
      const isOpen = position >= completed.length;
      if (next.written === undefined && !isOpen && next.read !== register) return false;
      return search({ ...done, [client]: position + 1 }, next.written ?? register);
    });
  };
  return search({}, value);
}
