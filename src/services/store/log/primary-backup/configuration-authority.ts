/**
 * The authority of a primary-backup store: a replicated register that keeps the store's configuration. Every node has one, and
 * tells the replica on it what it has learned; what is asked is decided through whichever node leads the register's log.
 */

import * as v from 'valibot';
import { type Address, addressOf, isAddress, type TaggedBy } from '../../../../../statecharts/actor.ts';
import {
  type Configuration,
  change,
  configuration,
  decide,
} from '../../../../../statecharts/primary-backup/configuration.ts';
import { type AuthorityMessage, authorityRequests } from '../../../../../statecharts/primary-backup/messages.ts';
import { authorityName, primaryBackupReplica } from '../../../../../statecharts/primary-backup/replica.ts';
import { replicatedRegister } from '../register/register.ts';
import type { LogListener, LogPlace, ReplicatedLog } from '../replicated-log.ts';
import { checkFounding, type Durability } from './founding.ts';

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

/** What the log holds: what the store begins with, of which the first counts, and changes of that. */
const logged = v.union([v.object({ founding: configuration }), change]);
type Logged = v.InferOutput<typeof logged>;

function decideLogged(current: Configuration | null, wanted: Logged): Configuration | null {
  if ('founding' in wanted) return current ?? wanted.founding;
  return current === null ? null : decide(current, wanted);
}

/** What a node was told of the store that it is to begin. */
export interface Told {
  /** All of it, defaults included. */
  readonly founding: Configuration;
  /** What of it was said. */
  readonly wanted: Durability;
}

/** Where the authority of a node is asked. */
export const authorityAddress = (node: string, key: string): Address => addressOf(node, authorityName, key);

/**
 * Starts the authority of a node.
 *
 * @param log started in this turn, for this alone: the configuration is all of its state
 * @param ended hears when the authority has ended with its log, or with a FoundingMismatchError
 * @throws AddressTakenError when the node has one with the same key
 */
export function startAuthority(
  { node, key }: Pick<LogPlace, 'node' | 'key'>,
  log: ReplicatedLog,
  told: Told,
  ended: LogListener['ended'],
): void {
  const replica = addressOf(node.id, primaryBackupReplica.name, key);
  const endpoint = node.open(authorityName, key, messages, { senders });
  const send = (to: Address, message: AuthorityMessage | Passed): void => endpoint.send(to, message);
  /** Once the store is begun. */
  const tell = (to: Address): void => {
    if (register.current === null) return;
    checkFounding(register.current, told.founding.replicas, told.wanted);
    send(to, { type: 'configured', configuration: register.current });
  };
  const register = replicatedRegister<Configuration | null, Logged>({
    log,
    rules: { value: v.nullable(configuration), change: logged, decide: decideLogged },
    founding: null,
    // A replica that has asked for a change hears how it stands from the authority of its own node, changed or not.
    decided: () => tell(replica),
    ended,
  });
  endpoint.received.subscribe(({ from, message }) => {
    const { asker, wanted } = askedIn(from, message);
    register.take({
      // Whatever is asked first begins the store, and is asked again.
      wanted: register.current === null ? { founding: told.founding } : wanted,
      isPassed: message.type === 'passed',
      pass: (leader) => send(authorityAddress(leader, key), { type: 'passed', asker, wanted }),
      answer: () => tell(asker),
    });
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
