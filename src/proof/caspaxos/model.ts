/**
 * CASPaxos for the model checker: the acceptors and registers that run in production, one key, and clients on several nodes
 * that change and read it at once. Each change adds a mark of its own to the text that the register holds.
 */

import {
  type AcceptorRules,
  acceptorAddress,
  acceptorRules,
  acceptorsOf,
  decisionKey,
  defineAcceptor,
  defineRegister,
  type RegisterRequest,
  type RegisterRules,
  registerRules,
} from '../../../statecharts/paxos.ts';
import { actorOf, bornOfMessage, defineModel, type Model, request, type SystemState } from '../../checker.ts';
import { surroundingsOf } from '../acceptors/surroundings.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { numbered } from '../nodes.ts';
import { assertPossible, type CasPaxosBounds, casPaxosBounds, type GivenCasPaxosBounds } from './bounds.ts';
import { marked, marksIn } from './claims.ts';
import { emptyHistory, observeRegister, type RegisterHistory } from './history.ts';
import { registerGoals, registerProperties } from './properties.ts';

/** Parts that differ from the true ones. */
export interface BrokenRegister {
  readonly acceptor?: Partial<AcceptorRules>;
  readonly register?: Partial<RegisterRules>;
  readonly client?: ClientMistake;
}

/**
 * What clients may do wrong: `repeats` a change of which it is unknown whether it has happened; `reads-early`, in that they
 * take for read what they are told in phase 1, and leave out phase 2.
 */
export type ClientMistake = 'repeats' | 'reads-early';

/** How much may happen, as `casPaxosBounds` says, and what is wrong with it. */
export interface RegisterModelOptions extends GivenCasPaxosBounds {
  readonly broken?: BrokenRegister;
}

const letters = ['a', 'b', 'c'] as const;

/** The model of one register. */
export function registerModel({ broken = {}, ...given }: RegisterModelOptions = {}): Model<RegisterHistory> {
  const bounds = boundsOf(casPaxosBounds, given);
  assertPossible(bounds);
  const nodes = numbered('n', bounds.acceptors);
  const key = decisionKey('register', 'k');
  const acceptors = acceptorsOf(nodes.map((node) => acceptorAddress(node, 'register', 'k')));
  const acceptor = defineAcceptor({ ...acceptorRules, ...broken.acceptor });
  const register = defineRegister({ ...registerRules, ...broken.register });
  const accepting = nodes.map((node) => bornOfMessage(acceptor, node, key));
  const changing = letters.slice(0, bounds.registers).map((letter, index) => {
    const node = `n${index + 1}`;
    return { node, letter, it: actorOf(register, node, { key, input: { acceptors } }) };
  });
  return defineModel<RegisterHistory>({
    name: `CASPaxos with ${systemNameOf(casPaxosBounds, given)}`,
    actors: [...changing.map(({ it }) => it), ...accepting],
    requests: changing.map(({ node, letter, it }) =>
      request(it, (state: SystemState<RegisterHistory>): readonly RegisterRequest[] => {
        const { snapshot } = state.of(it);
        if (snapshot === undefined) return [];
        const { history } = state;
        const life = (history.crashes[node] ?? 0) + 1;
        const phase = snapshot.hasTag('idle') ? 'idle' : snapshot.hasTag('computing') ? 'computing' : 'asking';
        const current = history.pending[it.address]?.current ?? '';
        const client = { phase, id: snapshot.context.id, mark: `${letter}${life}`, current, acceptors } as const;
        return asksOf(client, history, bounds, broken.client);
      }),
    ),
    ...surroundingsOf(bounds),
    history: {
      start: emptyHistory,
      observe: (history, happening) => observeRegister(history, happening, broken.client === 'reads-early'),
    },
    always: registerProperties(accepting, acceptors),
    sometimes: registerGoals(acceptors, bounds),
  });
}

/** Where a client of a register stands. */
interface Client {
  readonly phase: 'idle' | 'computing' | 'asking';
  /** Its change or read under way, or the last one. */
  readonly id: number;
  /** What begins the marks of its changes in this life. */
  readonly mark: string;
  /** What it was told that the register holds. */
  readonly current: string;
  readonly acceptors: ReturnType<typeof acceptorsOf>;
}

/** What the client may ask now: first its changes, and then its reads. */
function asksOf(
  { phase, id, mark, current, acceptors }: Client,
  { abandoned, conflicts }: RegisterHistory,
  { changes, reads, abandons }: CasPaxosBounds,
  mistake: ClientMistake | undefined,
): readonly RegisterRequest[] {
  const isOwn = (text: string): boolean => marksIn(text).at(-1)?.startsWith(`${mark}.`) === true;
  const repeated = mistake === 'repeats' ? conflicts.filter(isOwn).length : 0;
  if (phase === 'idle') {
    return id - repeated < changes + reads ? [{ type: 'change', id: id + 1, acceptors }] : [];
  }
  const abandon: readonly RegisterRequest[] = abandoned < abandons ? [{ type: 'abandon', id }] : [];
  if (phase === 'asking') return abandon;
  const turn = id - repeated;
  if (turn <= changes) return [{ type: 'replace', id, value: marked(current, `${mark}.${turn}`) }, ...abandon];
  if (mistake === 'reads-early') return [{ type: 'abandon', id }];
  return [{ type: 'replace', id, value: current }, ...abandon];
}
