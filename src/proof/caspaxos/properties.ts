/** What must hold of every run of CASPaxos, and what must happen in some run, or a check says nothing. */

import { type Acceptors, phase2Quorum } from '../../../statecharts/paxos.ts';
import type { Predicates, SystemState } from '../../checker.ts';
import { type Accepting, rememberedBy } from '../acceptors/standing.ts';
import { choicesIn, type Vote } from '../acceptors/votes.ts';
import { isKept } from '../claim.ts';
import type { CasPaxosBounds } from './bounds.ts';
import { chain, marksIn, once, oneValuePerBallot, remembersTold, toldIsChosen } from './claims.ts';
import type { RegisterHistory } from './history.ts';

type State = SystemState<RegisterHistory>;

/** The promises of a register. */
export function registerProperties(accepting: readonly Accepting[], acceptors: Acceptors): Predicates<RegisterHistory> {
  const quorum = phase2Quorum(acceptors);
  return {
    'each change is made to the latest chosen value': ({ history: { votes } }) =>
      isKept(chain(choicesIn(votes, quorum), votes)),
    'what is told is chosen': ({ history: { told, votes } }) => isKept(toldIsChosen(told, choicesIn(votes, quorum))),
    'what is told stays': (state) =>
      isKept(remembersTold(state.history.told, acceptors, rememberedBy(state, accepting))),
    'a client is told of all that was told before it asked': ({ history }) => history.problems.length === 0,
    'no change happens twice': ({ history: { votes } }) => isKept(once(votes)),
    'a ballot has one value': ({ history: { votes } }) => isKept(oneValuePerBallot(votes)),
  };
}

/** What must be possible. */
export function registerGoals(acceptors: Acceptors, bounds: CasPaxosBounds): Predicates<RegisterHistory> {
  const { registers, changes, reads, abandons, crashes, crashing } = bounds;
  const chosen = ({ history: { votes } }: State): readonly Vote[] => choicesIn(votes, phase2Quorum(acceptors));
  const hasContest = registers > 1 && changes > 0;
  const goals: Record<string, (state: State) => boolean> = {};
  if (changes > 0) goals['a change happens, and is told'] = ({ history }) => history.told.length > 0;
  if (hasContest) {
    goals['a change is made to the value of another'] = (state) =>
      chosen(state).some(({ value }) => new Set(marksIn(value).map((mark) => mark.charAt(0))).size > 1);
    goals['a change in conflict has happened all the same'] = (state) =>
      state.history.conflicts.some((text) => chosen(state).some(({ value }) => value === text));
    goals['a change in conflict has left nothing behind'] = ({ history: { conflicts, votes } }) =>
      conflicts.some((text) => votes.every(({ value }) => value !== text));
  }
  if (hasContest && reads > 0) {
    goals['a read finds the change of another'] = ({ history: { pending } }) =>
      Object.entries(pending).some(
        ([register, { asked }]) =>
          register.startsWith('n1/') &&
          marksIn(asked ?? '')
            .at(-1)
            ?.startsWith('b') === true,
      );
  }
  if (abandons > 0 && changes > 0) {
    goals['a change that was given up has happened all the same'] = (state) =>
      state.history.abandoned > 0 && state.history.told.length === 0 && chosen(state).length > 0;
  }
  if (crashes > 0 && changes > 0 && (crashing ?? ['n1']).includes('n1')) {
    // Marks of a second life begin so.
    goals['a register that began again makes another change'] = ({ history: { told } }) =>
      told.some((text) => marksIn(text).some((mark) => mark.startsWith('a2')));
  }
  return goals;
}
