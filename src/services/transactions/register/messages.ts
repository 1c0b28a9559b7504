/** What a decision register is told and asked, and what it answers. */

import * as v from 'valibot';
import { type Address, isAddress } from '../../../../statecharts/actor.ts';
import { keptAnswer, outcome, registeredBranches } from '../../../../statecharts/two-phase-commit.ts';
import { decode, encode } from '../../store/codec.ts';

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
    answer: v.optional(keptAnswer),
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
/** A transaction as the register holds it. */
export const registerEntry = v.object({
  ...named,
  /** The node whose manager began it; branches carry its name. */
  manager: v.string(),
  owner: address,
  outcome: state,
  branches: registeredBranches,
  idempotencyKey: v.nullable(text),
  /** What repetitions under the key are answered. The result of an old one is forgotten, and is null then. */
  answer: v.optional(keptAnswer),
  isEnded: v.boolean(),
});
export type RegisterEntry = v.InferOutput<typeof registerEntry>;

/** The answer to `open-of`, sorted by transaction; to be asked again after the last one while there are any. */
export const openTransactions = v.array(registerEntry);
export type OpenTransaction = RegisterEntry;

/** The answer to `read-decision`. `mayBeForgotten`: absent, and so old that it may have been there. */
export const registerDecision = v.object({
  outcome: v.picklist(['undecided', 'committed', 'aborted', 'absent']),
  branches: registeredBranches,
  mayBeForgotten: v.boolean(),
});

/** The answer to `read-key`. */
export const keyHolder = v.nullable(
  v.object({ transaction: v.string(), outcome: state, answer: v.optional(keptAnswer) }),
);

/** The command or part of a snapshot that `bytes` hold; undefined when they hold nothing. */
export function decoded(bytes: Uint8Array): unknown {
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
