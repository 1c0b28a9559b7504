/** The decision register of a run, with a witness of who owns and who decides; and one that lets everybody decide. */

import * as v from 'valibot';
import { outcome } from '../../../../statecharts/two-phase-commit.ts';
import { decode } from '../../../services/store/codec.ts';
import type { SlicedStateMachine } from '../../../services/store/state-machine.ts';
import { registerCommand } from '../../../services/transactions/register/messages.ts';
import { createDecisionRegisterMachine, type DecisionRegister } from '../../../services/transactions.ts';
import type { Witness } from './witness.ts';

const ruling = v.object({ outcome });

/** `register`, whose answers to coordinators are witnessed. */
export function witnessedRegister(register: DecisionRegister, witness: Witness): DecisionRegister {
  return {
    ...register,
    perform(asked, answer) {
      const command = v.safeParse(registerCommand, asked.operation);
      register.perform(asked, (result) => {
        if (command.success) {
          const { type, transaction, epoch } = command.output;
          if (result.type === 'refused' && type !== 'register-transaction') witness.fenced(transaction);
          if (result.type === 'done') {
            if ('owner' in command.output) witness.owns(transaction, epoch, command.output.owner);
            const ruled = v.safeParse(ruling, result.value);
            if (ruled.success) witness.ruled(transaction, ruled.output.outcome);
          }
        }
        answer(result);
      });
    },
  };
}

/** A register's machine that tells every owner that its decision holds; anything but the true one is to be found. */
export function unfencedRegisterMachine(): SlicedStateMachine {
  const machine = createDecisionRegisterMachine();
  return {
    query: (question) => machine.query?.(question),
    view: () => machine.view(),
    restoring: () => machine.restoring(),
    apply(bytes, at) {
      const result = machine.apply(bytes, at);
      const command = v.parse(registerCommand, decode(bytes));
      if (command.type !== 'decide-transaction') return result;
      const { outcome: decided, branches } = command;
      return { type: 'done', value: { outcome: decided, branches } };
    },
  };
}
