/**
 * The authority of a model: a register with compare-and-set that never fails. What replicates it, and how, has proofs of its
 * own; here it is what it must look like to replicas.
 */

import { setup } from 'xstate';
import {
  type Address,
  type Birth,
  type Delivered,
  defineActor,
  type EffectOf,
  message,
  type Ruling,
  rulesOf,
  send,
} from '../../../statecharts/actor.ts';
import {
  type AuthorityMessage,
  type AuthorityRequest,
  authorityName,
  authorityRequests,
  type Configuration,
  decide,
} from '../../../statecharts/primary-backup.ts';

interface Context {
  readonly configuration: Configuration;
}
type Event = Delivered<AuthorityRequest>;
type Effect = EffectOf<{ message: AuthorityMessage }>;
type Result = Ruling<Context, Effect>;

const told = (to: Address, configuration: Configuration): Effect => send(to, { type: 'configured', configuration });

const answer = ({ configuration }: Context, { from }: Event): Result => ({ effects: [told(from, configuration)] });

/** Who asked is answered, and all hear of what is new. */
function change(context: Context, { from, ...wanted }: Extract<Event, { type: 'reconfigure' }>): Result {
  const configuration = decide(context.configuration, wanted);
  if (configuration === context.configuration) return { effects: [told(from, configuration)] };
  return { context: { configuration }, effects: configuration.replicas.map((replica) => told(replica, configuration)) };
}

const { bind } = rulesOf<Context, Event, Effect>();

const chart = setup({
  types: { context: {} as Context, events: {} as Event, emitted: {} as Effect, input: {} as Context },
  ...bind({ answer, change }),
}).createMachine({
  id: 'authority',
  context: ({ input }) => input,
  on: {
    enquire: { actions: { type: 'answer', params: message } },
    reconfigure: { actions: { type: 'change', params: message } },
  },
});

export const authority = defineActor({
  name: authorityName,
  chart,
  messages: authorityRequests,
  senders: { enquire: { actor: 'primary-backup.replica' }, reconfigure: { actor: 'primary-backup.replica' } },
  input: (_recovered: undefined, { input }: Birth<Context>) => input,
});
