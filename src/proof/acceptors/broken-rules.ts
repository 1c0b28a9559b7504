/** The rules of acceptors, and those that all who propose to them share, each broken in one way: the material of twins. */

import { type Phases, type Promised, phaseRules, prepares } from '../../../statecharts/paxos/rules/phases.ts';
import { type AcceptorRules, acceptorRules, type ProposerRules } from '../../../statecharts/paxos.ts';
import { answeredFirst, unwritten } from '../broken-results.ts';

const { promise, accept } = acceptorRules;

/** Promises, and writes nothing down. */
export const promiseUnwritten: AcceptorRules['promise'] = (context, asked) => unwritten(promise(context, asked));

/** Answers, and then writes down what it has accepted. */
export const acceptFirst: AcceptorRules['accept'] = (context, asked) => answeredFirst(accept(context, asked));

/** Of the quorum, the acceptance that comes first, whatever its ballot. */
export const anyAcceptance = (promises: readonly Promised[]): readonly Promised[] =>
  promises.filter(({ accepted }) => accepted !== null).slice(0, 1);

/** Asks the acceptor again that has just promised; for ever, where a quorum is out of reach or slower than the answer. */
export const askAgain = (context: Phases, promised: Promised) => ({
  ...phaseRules.hearPromise(context, promised),
  effects: prepares({ ...context, promises: [] }).filter(({ to }) => to === promised.from),
});

/** A quorum of phase 1 that need not meet those of phase 2. */
export const preparedByOne: ProposerRules['isPrepared'] = ({ promises }) => promises.length > 0;
