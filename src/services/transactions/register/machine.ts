/**
 * The decision register as a replicated state machine: one entry per transaction, and every operation of the coordinators
 * on it atomic. The coordinator with the highest epoch owns a transaction; commit and abort are both a compare-and-set from
 * undecided (Gray & Lamport, "Consensus on Transaction Commit", 2006, §4).
 */

import * as v from 'valibot';
import { nodeOf } from '../../../../statecharts/actor.ts';
import { coordinatorAddress } from '../../../../statecharts/two-phase-commit.ts';
import { MalformedRequestError } from '../../store/errors.ts';
import type { SlicedStateMachine } from '../../store/state-machine.ts';
import { RegisterEntries } from './entries.ts';
import {
  decoded,
  type RegisterCommand,
  type RegisterEntry,
  type RegisterQuestion,
  type RegisterResult,
  registerCommand,
  registerQuestion,
} from './messages.ts';
import { readPart } from './snapshots.ts';

/** Ended transactions that are remembered; beyond that the oldest go. A constant, because all nodes must agree on it. */
export const keptEndedTransactions = 100_000;
/** Characters of results that are kept of ended transactions; beyond that the oldest results go, and their keys stay. */
export const keptResultLength = 2 ** 24;
/** Transactions that are not ended. A constant for the same reason. */
export const maxOpenTransactions = 100_000;
/** Transactions in one answer of `open-of`. */
const pageSize = 500;

/** The command of one type. */
type Command<Type extends RegisterCommand['type']> = Extract<RegisterCommand, { type: Type }>;

const done = (value: unknown): RegisterResult => ({ type: 'done', value });
const refused = (error: string): RegisterResult => ({ type: 'refused', error });
const answer = ({ outcome: decided, branches }: RegisterEntry): RegisterResult => done({ outcome: decided, branches });
const forgotten = refused('it was never registered, or is forgotten');
const fenced = ({ epoch, owner }: RegisterEntry): RegisterResult =>
  refused(`it belongs to ${owner} under epoch ${epoch}`);

/** Makes an empty register. `kept`, `maxOpen` and `keptLength` are for tests only: all nodes of a cluster must have the same. */
export function createDecisionRegisterMachine(
  kept = keptEndedTransactions,
  maxOpen = maxOpenTransactions,
  keptLength = keptResultLength,
): SlicedStateMachine {
  const entries = new RegisterEntries(kept, keptLength);
  return {
    apply(bytes) {
      const command = v.safeParse(registerCommand, decoded(bytes));
      return command.success
        ? applied(entries, command.output, maxOpen)
        : refused(`malformed: ${command.issues[0].message}`);
    },
    query(question) {
      const parsed = v.safeParse(registerQuestion, question);
      if (!parsed.success) {
        throw new MalformedRequestError(`expected a question of a decision register: ${parsed.issues[0].message}`);
      }
      return answered(entries, parsed.output);
    },
    view: () => entries.view(),
    restoring() {
      entries.clear();
      return { take: (part) => entries.restore(readPart(part)), finish: () => undefined };
    },
  };
}

function applied(entries: RegisterEntries, command: RegisterCommand, maxOpen: number): RegisterResult {
  const found = entries.get(command.transaction);
  switch (command.type) {
    case 'register-transaction':
      return register(entries, found, command, maxOpen);
    case 'claim-transaction':
      return claim(entries, found, command);
    case 'decide-transaction':
      return decide(entries, found, command);
    case 'end-transaction':
      return end(entries, found, command);
  }
}

function register(
  entries: RegisterEntries,
  found: RegisterEntry | undefined,
  { transaction, epoch, owner, branches, idempotencyKey, answer: kept }: Command<'register-transaction'>,
  maxOpen: number,
): RegisterResult {
  if (found !== undefined) {
    const isOwn = found.epoch === epoch && found.owner === owner && found.outcome === 'undecided';
    return isOwn ? answer(found) : refused(`it is ${found.outcome} under epoch ${found.epoch} of ${found.owner}`);
  }
  const holder = idempotencyKey === null ? undefined : entries.holderOf(idempotencyKey);
  if (holder !== undefined) return refused(`its idempotency key belongs to transaction ${holder}`);
  if (entries.openCount >= maxOpen) return refused(`the register holds ${maxOpen} open transactions`);
  entries.add({
    transaction,
    epoch,
    manager: nodeOf(owner),
    owner,
    outcome: 'undecided',
    branches,
    idempotencyKey,
    ...(kept === undefined ? {} : { answer: kept }),
    isEnded: false,
  });
  return done({ outcome: 'undecided', branches });
}

function claim(
  entries: RegisterEntries,
  found: RegisterEntry | undefined,
  { transaction, epoch, owner }: Command<'claim-transaction'>,
): RegisterResult {
  if (found === undefined) {
    return entries.isForgotten(transaction) ? forgotten : answer(entries.addAborted(transaction, epoch, owner));
  }
  if (found.epoch > epoch || (found.epoch === epoch && found.owner !== owner)) return fenced(found);
  return answer(entries.change(found, { epoch, owner }));
}

function decide(
  entries: RegisterEntries,
  found: RegisterEntry | undefined,
  { transaction, epoch, outcome, branches }: Command<'decide-transaction'>,
): RegisterResult {
  if (found === undefined) {
    if (outcome === 'committed' || entries.isForgotten(transaction)) return forgotten;
    return answer(entries.addAborted(transaction, epoch, coordinatorAddress({ manager: 'nobody', transaction })));
  }
  if (found.outcome !== 'undecided') return answer(found);
  if (found.epoch !== epoch) return fenced(found);
  return answer(entries.change(found, { outcome, branches }));
}

function end(
  entries: RegisterEntries,
  found: RegisterEntry | undefined,
  { epoch }: Command<'end-transaction'>,
): RegisterResult {
  if (found === undefined || found.isEnded) return done(null);
  if (found.epoch > epoch) return fenced(found);
  if (found.outcome === 'undecided') return refused('it is not decided');
  entries.end(found);
  return done(null);
}

function answered(entries: RegisterEntries, asked: RegisterQuestion): unknown {
  switch (asked.type) {
    case 'read-decision': {
      const found = entries.get(asked.transaction);
      if (found !== undefined) return { outcome: found.outcome, branches: found.branches, mayBeForgotten: false };
      return { outcome: 'absent', branches: [], mayBeForgotten: entries.isForgotten(asked.transaction) };
    }
    case 'read-key': {
      const holder = entries.get(entries.holderOf(asked.idempotencyKey) ?? '');
      if (holder === undefined) return null;
      const { transaction, outcome, answer: kept } = holder;
      return { transaction, outcome, ...(kept === undefined ? {} : { answer: kept }) };
    }
    case 'open-of':
      return entries.openOf(asked.node, asked.after, pageSize);
  }
}
