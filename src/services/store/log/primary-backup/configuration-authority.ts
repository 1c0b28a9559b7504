/**
 * The authority of a primary-backup store: a register with compare-and-set that keeps the store's configuration, over a
 * replicated log of its own. Every node has one, and tells the replica on it what it has learned; what is asked is decided by
 * the log, through whichever node leads that. What is not answered is asked again, and means the same then.
 */

import * as v from 'valibot';
import { type Address, addressOf, isAddress, type TaggedBy } from '../../../../../statecharts/actor.ts';
import { type Change, type Configuration, change } from '../../../../../statecharts/primary-backup/configuration.ts';
import { type AuthorityMessage, authorityRequests } from '../../../../../statecharts/primary-backup/messages.ts';
import { authorityName, primaryBackupReplica } from '../../../../../statecharts/primary-backup/replica.ts';
import { NodeOverloadedError, NodeStoppedError } from '../../../../host/errors.ts';
import type { LogEvent, LogListener, LogPlace, ReplicatedLog } from '../replicated-log.ts';
import { ConfigurationRegister, commandOf } from './configuration-register.ts';

const fromReplica = { actor: primaryBackupReplica.name } as const;

/** What authorities take: from replicas, and from each other what a replica has asked of one that does not lead. */
const messages = {
  ...authorityRequests,
  passed: v.object({
    asker: v.custom<Address>(isAddress, 'expected an address'),
    /** Null where it asks what the configuration is. */
    wanted: v.nullable(change),
  }),
};
type Message = TaggedBy<typeof messages>;
type Passed = Extract<Message, { type: 'passed' }>;

const senders = { enquire: fromReplica, reconfigure: fromReplica, passed: 'peer' } as const;

/** Questions that wait for the log; more are not answered, and are asked again. */
const waitingLimit = 1_000;

/** A question that waits until the log has confirmed an index, and that is applied here. */
interface Question {
  readonly asker: Address;
  readonly index: number | undefined;
}

/** Where the authority of a node is asked. */
export const authorityAddress = (node: string, key: string): Address => addressOf(node, authorityName, key);

/**
 * Starts the authority of a node.
 *
 * @param log started in this turn, for this alone: the configuration is all of its state
 * @param ended hears when the authority has ended with its log
 * @throws AddressTakenError when the node has one with the same key
 */
export function startAuthority(
  { node, key }: Pick<LogPlace, 'node' | 'key'>,
  log: ReplicatedLog,
  founding: Configuration,
  ended: LogListener['ended'],
): void {
  const replica = addressOf(node.id, primaryBackupReplica.name, key);
  const endpoint = node.open(authorityName, key, messages, { senders });
  const questions = new Map<number, Question>();
  let lastId = 0;

  const send = (to: Address, message: AuthorityMessage | Passed): void => endpoint.send(to, message);
  const tell = (to: Address): void => send(to, { type: 'configured', configuration: register.current });
  // A replica that has asked for a change hears how it stands from the authority of its own node, changed or not.
  const register = new ConfigurationRegister(log, founding, () => tell(replica), ended);

  /** The node takes no more requests now, or for good; what was asked is asked again. */
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof NodeOverloadedError || error instanceof NodeStoppedError)) throw error;
    }
  };
  const answer = (): void => {
    for (const [id, { asker, index }] of questions) {
      if (index === undefined || index > register.appliedIndex) continue;
      questions.delete(id);
      tell(asker);
    }
  };
  const decideByLog = (asker: Address, wanted: Change | null): void => {
    lastId += 1;
    const id = lastId;
    if (wanted !== null) log.propose(id, [commandOf(wanted)]);
    else if (questions.size < waitingLimit) {
      log.read(id);
      questions.set(id, { asker, index: undefined });
    }
  };
  const hear = (event: LogEvent): void => {
    switch (event.type) {
      case 'committed':
        register.follow(event.entries);
        break;
      case 'snapshotInstalled':
        register.install(event.index, event.snapshot);
        break;
      case 'snapshotDue':
        attempt(() => register.due());
        break;
      case 'readable': {
        const question = questions.get(event.id);
        if (question !== undefined) questions.set(event.id, { ...question, index: event.index });
        break;
      }
      case 'refused':
        questions.delete(event.id);
    }
    answer();
  };

  log.listen({
    event(event) {
      try {
        hear(event);
      } catch (error) {
        ended(error);
      }
    },
    changed: () => undefined,
    ended,
  });
  endpoint.received.subscribe(({ from, message }) => {
    const { asker, wanted } = askedIn(from, message);
    if (log.isLeader) attempt(() => decideByLog(asker, wanted));
    else if (message.type !== 'passed' && log.leader !== undefined) {
      // Passed on once: two nodes that take each other for the leader would do so for ever.
      send(authorityAddress(log.leader, key), { type: 'passed', asker, wanted });
    }
  });
}

function askedIn(from: Address, message: Message): Pick<Passed, 'asker' | 'wanted'> {
  switch (message.type) {
    case 'passed':
      return message;
    case 'enquire':
      return { asker: from, wanted: null };
    case 'reconfigure': {
      const { type: _, ...wanted } = message;
      return { asker: from, wanted };
    }
  }
}
