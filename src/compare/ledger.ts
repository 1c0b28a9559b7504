/** Two accounts as a replicated state machine, for methods that replicate a store: one command moves money, one question reads both. */

import * as v from 'valibot';
import { decode, encode } from '../services/store/codec.ts';
import type { StateMachine } from '../services/store/state-machine.ts';
import { type Balances, opening, type Transfer } from './contract.ts';

const transferSchema = v.object({ id: v.string(), amount: v.number() });
/** Both accounts, and the names of what was carried out. */
export const stateSchema = v.object({ a: v.number(), b: v.number(), carriedOut: v.array(v.string()) });
export const balancesSchema: v.GenericSchema<unknown, Balances> = v.object({ a: v.number(), b: v.number() });
export const namesSchema = v.array(v.string());

/** A command of the state machine. */
export const transferCommand = ({ id, amount }: Transfer): Uint8Array => encode({ id, amount });

/** Questions of the state machine. */
export const questions = { balances: 'balances', carriedOut: 'carried-out' } as const;

/** `balances` after a transfer of `amount`. */
export const moved = ({ a, b }: Balances, amount: number): Balances => ({ a: a - amount, b: b + amount });

/** The two accounts, and the names of all transfers that were carried out, as often as they were. */
export function createLedger(): StateMachine {
  let balances = opening;
  let carriedOut: string[] = [];
  return {
    apply(command) {
      const { id, amount } = v.parse(transferSchema, decode(command));
      balances = moved(balances, amount);
      carriedOut.push(id);
      return balances;
    },
    query: (question) => (question === questions.carriedOut ? [...carriedOut] : balances),
    snapshot: () => encode({ ...balances, carriedOut }),
    restore(snapshot) {
      const { a, b, carriedOut: names } = v.parse(stateSchema, decode(snapshot));
      balances = { a, b };
      carriedOut = names;
    },
  };
}
