/**
 * CASPaxos for the model checker: the acceptors and registers that run in production, one key, and registers on two nodes
 * that change it at once. Each change adds a letter of its own to the text that the register holds, so that a text tells
 * which changes it comes of. As in the model of agreement, the network is a set that only grows, from which everything may
 * arrive at any time and again; what is durable is so at once.
 */

import { actorOf, bornOfMessage, defineModel, type Model, type Observation, request } from '../../../src/checker.ts';
import { type DecisionHistory, emptyHistory, observeDecision } from '../../../src/proof/agree/history.ts';
import type { Address } from '../../../statecharts/actor.ts';
import {
  acceptor,
  acceptorAddress,
  acceptorsOf,
  type Ballot,
  decisionKey,
  defineRegister,
  isLater,
  phase2Quorum,
  type RegisterRequest,
  type RegisterRules,
  registerRules,
  sameBallot,
} from '../../../statecharts/paxos.ts';
import { isQuorum } from '../../../statecharts/quorum.ts';

/** What is remembered of a run. */
export interface RegisterHistory extends DecisionHistory {
  /** What each register has told last that it holds, by register. */
  readonly current: Readonly<Record<Address, string>>;
  /** What each register was asked to change it to last, by register. */
  readonly asked: Readonly<Record<Address, string>>;
  /** The texts of changes that were told to have happened, sorted. */
  readonly changed: readonly string[];
  /** The registers whose change was told to be in conflict, sorted. */
  readonly conflicts: readonly Address[];
}

export interface RegisterModelOptions {
  /** Nodes with a register that changes. Default 2. */
  readonly registers?: number;
  /** How often phase 1 may begin again. Default 0. */
  readonly pauses?: number;
  /** How often n1 may crash. Default 0. */
  readonly crashes?: number;
  /** Rules that differ from the true ones. */
  readonly broken?: Partial<RegisterRules>;
  /** Whether the application makes a change again that was in conflict. */
  readonly repeats?: boolean;
}

const start: RegisterHistory = { ...emptyHistory, current: {}, asked: {}, changed: [], conflicts: [] };

function observe(before: RegisterHistory, happening: Observation): RegisterHistory {
  const history = { ...before, ...observeDecision(before, happening) };
  if (happening.type === 'requested') {
    const { actor, request: asked } = happening;
    return asked.type === 'replace' && 'value' in asked
      ? { ...history, asked: { ...history.asked, [actor]: String(asked.value) } }
      : history;
  }
  if (happening.type !== 'delivered') return history;
  const { actor, output } = happening;
  switch (output.type) {
    case 'current':
      return {
        ...history,
        current: {
          ...history.current,
          [actor]: 'value' in output && output.value !== null ? String(output.value) : '',
        },
      };
    case 'changed':
      return { ...history, changed: [...history.changed, history.asked[actor] ?? ''].sort() };
    case 'conflict':
      return { ...history, conflicts: [...new Set([...history.conflicts, actor])].sort() };
    default:
      return history;
  }
}

const key = decisionKey('register', 'k');
const nodes = ['n1', 'n2', 'n3'];
const acceptors = acceptorsOf(nodes.map((node) => acceptorAddress(node, 'register', 'k')));

/** What a quorum has accepted, each at one ballot. */
function chosenIn({ votes }: DecisionHistory): readonly { readonly ballot: Ballot; readonly value: string }[] {
  return votes.filter(({ ballot, value }, index) => {
    const same = votes.map((it) => sameBallot(it.ballot, ballot) && it.value === value);
    const voters = votes.filter((_it, other) => same[other]).map((it) => it.acceptor);
    return same.indexOf(true) === index && isQuorum(phase2Quorum(acceptors), voters);
  });
}

/** Whether all that is accepted comes of whatever is chosen at an earlier ballot: a chain. */
const isChain = (history: DecisionHistory): boolean =>
  chosenIn(history).every((chosen) =>
    history.votes.every(({ ballot, value }) => !isLater(ballot, chosen.ballot) || value.startsWith(chosen.value)),
  );

/** The model of one register. */
export function registerModel(options: RegisterModelOptions = {}): Model<RegisterHistory> {
  const { registers = 2, pauses = 0, crashes = 0, broken = {}, repeats = false } = options;
  const register = defineRegister({ ...registerRules, ...broken });
  const changing = nodes.slice(0, registers).map((node) => actorOf(register, node, { key, input: { acceptors } }));
  // A change of a later life is another one, with a letter of its own.
  const letterOf = (index: number, hasCrashed: boolean): string => (hasCrashed ? 'ABC' : 'abc').charAt(index);
  return defineModel<RegisterHistory>({
    name: 'CASPaxos',
    actors: [...changing, ...nodes.map((node) => bornOfMessage(acceptor, node, key))],
    requests: changing.map((it, index) =>
      request(it, (state): readonly RegisterRequest[] => {
        const { snapshot } = state.of(it);
        const { current, crashed, conflicts } = state.history;
        if (snapshot === undefined) return [];
        const { id } = snapshot.context;
        if (snapshot.hasTag('computing')) {
          const letter = letterOf(index, crashed.includes(nodes[index] ?? ''));
          return [{ type: 'replace', id, value: `${current[it.address] ?? ''}${letter}` }];
        }
        const isAgain = repeats && id === 1 && conflicts.includes(it.address);
        return snapshot.hasTag('idle') && (id === 0 || isAgain) ? [{ type: 'change', id: id + 1, acceptors }] : [];
      }),
    ),
    network: { kind: 'duplicating' },
    deliveries: 'changing',
    timers: { retryInterval: 0, pause: pauses },
    flush: 'at-once',
    localMessages: 'at-once',
    crashes: { times: crashes, nodes: ['n1'] },
    history: { start, observe },
    always: {
      'each change is made to the latest chosen value': ({ history }) => isChain(history),
      'a change that is told to have happened is in what is chosen': ({ history }) =>
        history.changed.every((text) => chosenIn(history).some(({ value }) => value === text)),
      'no change is made twice': ({ history }) =>
        history.votes.every(({ value }) => new Set(value).size === value.length),
      'a ballot has one value': ({ history: { votes } }) =>
        votes.every((vote) => votes.every((it) => it.value === vote.value || !sameBallot(it.ballot, vote.ballot))),
    },
    sometimes: {
      'a change happens, and is told': ({ history }) => history.changed.length === 1,
      ...(registers > 1 && {
        'a change is made to the value of another': ({ history }) =>
          chosenIn(history).some(({ value }) => value.length === 2),
        'a change in conflict has happened all the same': ({ history }) =>
          history.conflicts.some((it) => chosenIn(history).some(({ value }) => value === history.asked[it])),
      }),
    },
  });
}
