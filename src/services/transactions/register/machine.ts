/**
 * The decision register as a replicated state machine: one entry per transaction, and every operation of the coordinators
 * on it atomic. Whoever holds the highest epoch owns a transaction; commit and abort are both a compare-and-set from
 * undecided (Gray & Lamport, "Consensus on Transaction Commit", 2006, §4).
 */

import * as v from 'valibot';
import { type Address, isAddress, nodeOf } from '../../../../statecharts/actor.ts';
import { coordinatorAddress, outcome, registeredBranches } from '../../../../statecharts/two-phase-commit.ts';
import { decode, encode } from '../../store/codec.ts';
import { MalformedRequestError, UnreadableStateError } from '../../store/errors.ts';
import type { SlicedStateMachine, StateView } from '../../store/state-machine.ts';
import { type Viewed, ViewedMap } from '../../store/viewed-map.ts';
import { compareOrder, type Order, partsOfTransactionId } from '../ids.ts';
import { OpenByNode } from './open-by-node.ts';

/** Ended transactions that are remembered; beyond that the oldest go. A constant, because all nodes must agree on it. */
export const keptEndedTransactions = 100_000;
/** Transactions that are not ended. A constant for the same reason. */
export const maxOpenTransactions = 100_000;
/** Transactions in one answer of `open-of`. */
const pageSize = 500;

const address = v.custom<Address>(isAddress, 'expected an address');
const text = v.pipe(v.string(), v.maxLength(4_096));
const epoch = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const named = { transaction: text, epoch };

/** What a coordinator asks of the register and what changes it; `read-decision` is a question. */
export const registerCommand = v.variant('type', [
  v.object({
    type: v.literal('register-transaction'),
    ...named,
    owner: address,
    branches: registeredBranches,
    idempotencyKey: v.nullable(text),
  }),
  v.object({ type: v.literal('claim-transaction'), ...named, owner: address }),
  v.object({ type: v.literal('decide-transaction'), ...named, outcome, branches: registeredBranches }),
  v.object({ type: v.literal('end-transaction'), ...named }),
]);
export type RegisterCommand = v.InferOutput<typeof registerCommand>;

/** What can be asked without changing anything. */
export const registerQuestion = v.variant('type', [
  v.object({ type: v.literal('read-decision'), transaction: text }),
  v.object({ type: v.literal('read-key'), idempotencyKey: text }),
  v.object({ type: v.literal('open-of'), node: text, after: text }),
]);
export type RegisterQuestion = v.InferOutput<typeof registerQuestion>;

/** What a command came to; a `Result` that is never unknown. */
export const registerResult = v.variant('type', [
  v.object({ type: v.literal('done'), value: v.unknown() }),
  v.object({ type: v.literal('refused'), error: v.string() }),
]);
export type RegisterResult = v.InferOutput<typeof registerResult>;

const state = v.picklist(['undecided', 'committed', 'aborted']);
const entry = v.object({
  ...named,
  /** The node whose manager began it; branches carry its name. */
  manager: v.string(),
  owner: address,
  outcome: state,
  branches: registeredBranches,
  idempotencyKey: v.nullable(text),
  isEnded: v.boolean(),
});
type Entry = v.InferOutput<typeof entry>;

/** The answer to `open-of`, sorted by transaction; to be asked again after the last one while there are any. */
export const openTransactions = v.array(entry);
export type OpenTransaction = Entry;

/** The answer to `read-decision`. `mayBeForgotten`: absent, and so old that it may have been there. */
export const registerDecision = v.object({
  outcome: v.picklist(['undecided', 'committed', 'aborted', 'absent']),
  branches: registeredBranches,
  mayBeForgotten: v.boolean(),
});

/** The answer to `read-key`. */
export const keyHolder = v.nullable(v.object({ transaction: v.string(), outcome: state }));

/** A part of a snapshot; one of version 1 was the whole. */
const partForm = v.object({
  version: v.picklist([1, 2]),
  entries: v.optional(v.array(entry), []),
  ended: v.optional(v.array(v.string()), []),
  marks: v.optional(v.array(v.object({ origin: v.string(), incarnation: v.number(), sequence: v.number() })), []),
});
/** About what an entry takes in a part, without its branches, and each of those. */
const entrySizeBytes = 200;

const done = (value: unknown): RegisterResult => ({ type: 'done', value });
const forgotten = 'it was never registered, or is forgotten';
const refused = (error: string): RegisterResult => ({ type: 'refused', error });

/** Makes an empty register. `kept` and `maxOpen` are for tests only: all nodes of a cluster must have the same. */
export function createDecisionRegisterMachine(
  kept = keptEndedTransactions,
  maxOpen = maxOpenTransactions,
): SlicedStateMachine {
  const entries = new ViewedMap<Entry & Viewed>();
  const open = new OpenByNode();
  const keys = new Map<string, string>();
  /** In the order in which they ended. */
  const ended = new Set<string>();
  /** For each origin of ids, the latest transaction that was forgotten. */
  const marks = new Map<string, Order>();

  const add = (added: Entry): void => {
    entries.set(added.transaction, { ...added, mark: 0 });
    if (!added.isEnded) open.add(nodeOf(added.owner), added.transaction);
    const { idempotencyKey } = added;
    if (idempotencyKey !== null && added.outcome !== 'aborted') keys.set(idempotencyKey, added.transaction);
  };
  const freeKey = ({ idempotencyKey, transaction }: Entry): void => {
    if (idempotencyKey !== null && keys.get(idempotencyKey) === transaction) keys.delete(idempotencyKey);
  };
  const change = (before: Entry, changes: Partial<Entry>): Entry => {
    const after = { ...before, ...changes };
    entries.set(after.transaction, { ...after, mark: 0 });
    if (!before.isEnded) open.remove(nodeOf(before.owner), before.transaction);
    if (!after.isEnded) open.add(nodeOf(after.owner), after.transaction);
    if (after.outcome === 'aborted') freeKey(after);
    return after;
  };
  const forgetOldest = (): void => {
    for (const transaction of ended) {
      if (ended.size <= kept) return;
      ended.delete(transaction);
      const forgotten = entries.get(transaction);
      entries.delete(transaction);
      if (forgotten !== undefined) freeKey(forgotten);
      const parts = partsOfTransactionId(transaction);
      if (parts === undefined) continue;
      const mark = marks.get(parts.origin);
      const { incarnation, sequence } = parts;
      if (mark === undefined || compareOrder(parts, mark) > 0) marks.set(parts.origin, { incarnation, sequence });
    }
  };
  const end = (it: Entry): void => {
    change(it, { isEnded: true, branches: [] });
    ended.add(it.transaction);
    forgetOldest();
  };
  /** Whether a transaction that is not there may have been; then nothing may be written about it. */
  const isForgotten = (transaction: string): boolean => {
    const parts = partsOfTransactionId(transaction);
    const mark = parts === undefined ? undefined : marks.get(parts.origin);
    return parts !== undefined && mark !== undefined && compareOrder(parts, mark) <= 0;
  };
  const answer = ({ outcome: decided, branches }: Entry): RegisterResult => done({ outcome: decided, branches });
  const fenced = ({ epoch: now, owner }: Entry): RegisterResult => refused(`it belongs to ${owner} under epoch ${now}`);

  const applied = (command: RegisterCommand): RegisterResult => {
    const { transaction, epoch: asked } = command;
    const found = entries.get(transaction);
    switch (command.type) {
      case 'register-transaction': {
        const { owner, branches, idempotencyKey } = command;
        if (found !== undefined) {
          const isOwn = found.epoch === asked && found.owner === owner && found.outcome === 'undecided';
          return isOwn ? answer(found) : refused(`it is ${found.outcome} under epoch ${found.epoch} of ${found.owner}`);
        }
        const holder = idempotencyKey === null ? undefined : keys.get(idempotencyKey);
        if (holder !== undefined) return refused(`its idempotency key belongs to transaction ${holder}`);
        if (entries.size - ended.size >= maxOpen) return refused(`the register holds ${maxOpen} open transactions`);
        add({
          transaction,
          epoch: asked,
          manager: nodeOf(owner),
          owner,
          outcome: 'undecided',
          branches,
          idempotencyKey,
          isEnded: false,
        });
        return done({ outcome: 'undecided', branches });
      }
      case 'claim-transaction': {
        const { owner } = command;
        if (found === undefined) {
          return isForgotten(transaction) ? refused(forgotten) : answer(writeAborted(transaction, asked, owner));
        }
        if (found.epoch > asked || (found.epoch === asked && found.owner !== owner)) return fenced(found);
        return answer(change(found, { epoch: asked, owner }));
      }
      case 'decide-transaction': {
        if (found === undefined) {
          if (command.outcome === 'committed' || isForgotten(transaction)) return refused(forgotten);
          return answer(writeAborted(transaction, asked, coordinatorAddress({ manager: 'nobody', transaction })));
        }
        if (found.outcome !== 'undecided') return answer(found);
        if (found.epoch !== asked) return fenced(found);
        return answer(change(found, { outcome: command.outcome, branches: command.branches }));
      }
      case 'end-transaction': {
        if (found === undefined || found.isEnded) return done(null);
        if (found.epoch > asked) return fenced(found);
        if (found.outcome === 'undecided') return refused('it is not decided');
        end(found);
        return done(null);
      }
    }
  };
  /** Nobody can register it afterwards. */
  const writeAborted = (transaction: string, asked: number, owner: Address): Entry => {
    const parts = { manager: nodeOf(owner), owner, branches: [], idempotencyKey: null };
    const aborted: Entry = { transaction, epoch: asked, outcome: 'aborted', isEnded: true, ...parts };
    add(aborted);
    ended.add(transaction);
    forgetOldest();
    return aborted;
  };

  return {
    apply(bytes) {
      const command = v.safeParse(registerCommand, decoded(bytes));
      return command.success ? applied(command.output) : refused(`malformed: ${command.issues[0].message}`);
    },
    query(question) {
      const parsed = v.safeParse(registerQuestion, question);
      if (!parsed.success) {
        throw new MalformedRequestError(`expected a question of a decision register: ${parsed.issues[0].message}`);
      }
      const asked = parsed.output;
      switch (asked.type) {
        case 'read-decision': {
          const found = entries.get(asked.transaction);
          if (found !== undefined) {
            return { outcome: found.outcome, branches: found.branches, mayBeForgotten: false };
          }
          return { outcome: 'absent', branches: [], mayBeForgotten: isForgotten(asked.transaction) };
        }
        case 'read-key': {
          const holder = entries.get(keys.get(asked.idempotencyKey) ?? '');
          return holder === undefined ? null : { transaction: holder.transaction, outcome: holder.outcome };
        }
        case 'open-of':
          return open
            .after(asked.node, asked.after, pageSize)
            .flatMap((transaction) => plainEntry(entries.get(transaction)) ?? []);
      }
    },
    view() {
      const view = entries.view();
      const endedThen = [...ended].values();
      const marksThen = [...marks].map(([origin, mark]) => ({ origin, ...mark })).values();
      return viewOf({
        entries: () => plainEntry(view.next()?.[1]),
        ended: () => endedThen.next().value,
        marks: () => marksThen.next().value,
        release: () => view.release(),
      });
    },
    restoring() {
      entries.clear();
      open.clear();
      keys.clear();
      ended.clear();
      marks.clear();
      return {
        take(part) {
          const read = v.safeParse(partForm, decoded(part));
          if (!read.success) {
            throw new UnreadableStateError(
              `expected a snapshot of a decision register, version 2 or older (${read.issues[0].message}); run the program that wrote it`,
            );
          }
          for (const it of read.output.entries) add(it);
          for (const it of read.output.ended) ended.add(it);
          for (const { origin, ...mark } of read.output.marks) marks.set(origin, mark);
        },
        finish: () => undefined,
      };
    },
  };
}

function plainEntry(found: (Entry & Viewed) | undefined): Entry | undefined {
  if (found === undefined) return undefined;
  const { mark: _, ...plain } = found;
  return plain;
}

/** What a view of a register is made of: each gives the next one, and undefined at its end. */
interface ViewSources {
  readonly entries: () => Entry | undefined;
  readonly ended: () => string | undefined;
  readonly marks: () => ({ readonly origin: string } & Order) | undefined;
  release(): void;
}

function viewOf(sources: ViewSources): StateView {
  const upTo = <T>(next: () => T | undefined, most: number): T[] => {
    const items: T[] = [];
    while (items.length < most) {
      const item = next();
      if (item === undefined) break;
      items.push(item);
    }
    return items;
  };
  return {
    next(sizeBytes) {
      const most = Math.max(1, Math.floor(sizeBytes / entrySizeBytes));
      for (const name of ['entries', 'ended', 'marks'] as const) {
        const items = upTo<unknown>(sources[name], most);
        if (items.length > 0) return encode({ version: 2, [name]: items });
      }
      return undefined;
    },
    release: sources.release,
  };
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether bytes of a log are a command of a register, so that one can tell it from the log of another machine. */
export const isRegisterCommand = (bytes: Uint8Array): boolean => v.safeParse(registerCommand, decoded(bytes)).success;

/** A command as the log carries it. */
export const encodeRegisterCommand = (command: RegisterCommand): Uint8Array => encode(command);
