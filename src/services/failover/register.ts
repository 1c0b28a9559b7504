/**
 * The register of a group: a replicated register that keeps its standing, and the latest of its story. Every node of the group
 * has one, and tells the manager on it what it has learned, and when the node begins or ceases to lead the register's log.
 */

import { BehaviorSubject, type Observable } from 'rxjs';
import * as v from 'valibot';
import { type Address, isAddress, type TaggedBy } from '../../../statecharts/actor.ts';
import {
  type Change,
  change,
  decide,
  journaled,
  managerAddress,
  maxTransitions,
  type RegisterAnswer,
  registerAddress,
  registerMessages,
  registerName,
  registerSenders,
  type Standing,
  standing,
  type Transition,
  transition,
} from '../../../statecharts/failover.ts';
import type { Node } from '../../host/node.ts';
import { type RegisterRules, type ReplicatedRegister, replicatedRegister } from '../store/log/register/register.ts';
import type { LogListener, ReplicatedLog } from '../store/log/replicated-log.ts';

/** What is recorded of a group. */
export interface Recorded {
  readonly standing: Standing;
  /** The latest transitions, oldest first. */
  readonly journal: readonly Transition[];
}

const recorded: v.GenericSchema<unknown, Recorded> = v.object({
  standing,
  journal: v.pipe(v.array(transition), v.maxLength(maxTransitions)),
});

const rules: RegisterRules<Recorded, Change> = {
  value: recorded,
  change,
  decide(current, wanted) {
    const next = decide(current.standing, wanted);
    if (next === current.standing) return current;
    return { standing: next, journal: journaled(current.journal, wanted, next) };
  },
};

/** What registers take: from managers and standbys, and from each other what one was asked that does not lead. */
const messages = {
  ...registerMessages,
  passed: v.object({
    asker: v.custom<Address>(isAddress, 'expected an address'),
    /** Null where the change is asked for. */
    asked: v.nullable(v.number()),
    change: v.nullable(change),
  }),
};
type Message = TaggedBy<typeof messages>;
type Passed = Extract<Message, { type: 'passed' }>;

const senders = { ...registerSenders, passed: 'peer' } as const;

export interface GroupRegisterParts {
  readonly node: Node;
  readonly group: string;
  /** Started in this turn, for this alone. */
  readonly log: ReplicatedLog;
  /** The same on all nodes. */
  readonly founding: Standing;
  /** Hears when the register has ended with its log. */
  readonly ended: LogListener['ended'];
}

/** The register of a group, as its node has it. */
export interface GroupRegister extends Omit<ReplicatedRegister<Recorded, Change>, 'take'> {
  /** What is recorded, as far as this node knows; each time that something was decided. */
  readonly recorded: Observable<Recorded>;
}

/**
 * Starts the register of a node, where a manager of the group lives already.
 *
 * @throws AddressTakenError when the node has one of the same group
 */
export function startGroupRegister({ node, group, log, founding, ended }: GroupRegisterParts): GroupRegister {
  const manager = managerAddress(node.id, group);
  const endpoint = node.open(registerName, group, messages, { senders });
  const first: Recorded = { standing: founding, journal: [] };
  const known = new BehaviorSubject(first);
  const send = (to: Address, message: RegisterAnswer | Passed): void => endpoint.send(to, message);
  const tell = (to: Address, asked: number | null): void =>
    send(to, { type: 'recorded', standing: register.current.standing, asked });
  const register = replicatedRegister<Recorded, Change>({
    log,
    rules,
    founding: first,
    decided() {
      tell(manager, null);
      known.next(register.current);
    },
    led: (isLeader) => send(manager, { type: isLeader ? 'leads' : 'follows' }),
    ended,
  });
  endpoint.received.subscribe(({ from, message }) => {
    const { asker, asked, change: wanted } = askedIn(from, message);
    register.take({
      wanted,
      isPassed: message.type === 'passed',
      pass: (leader) => send(registerAddress(leader, group), { type: 'passed', asker, asked, change: wanted }),
      answer: () => tell(asker, asked),
    });
  });
  return Object.assign(register, { recorded: known.asObservable() });
}

function askedIn(from: Address, message: Message): Omit<Passed, 'type'> {
  switch (message.type) {
    case 'passed':
      return message;
    case 'enquire':
      return { asker: from, asked: message.asked, change: null };
    case 'record':
      return { asker: from, asked: null, change: message.change };
  }
}
