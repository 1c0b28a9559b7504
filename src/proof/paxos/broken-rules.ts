/** The rules of Multi-Paxos, each broken in one way: the material of the twins in `broken.ts`. */

import type { Address } from '../../../statecharts/actor.ts';
import { type Configuration, configurationIn } from '../../../statecharts/paxos/log/configuration.ts';
import type { Effect, Received, Result, ServerContext } from '../../../statecharts/paxos/log/context.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import { paxosRules } from '../../../statecharts/paxos.ts';
import { anyOf, isMet } from '../../../statecharts/quorum.ts';
import { serverSetOf } from '../../../statecharts/replication/members.ts';

/** A rule that says what happens. */
type Rule<Params extends readonly unknown[]> = (context: ServerContext, ...params: Params) => Result;

/** A rule with messages that do not wait for records; only those to `to`, where that is said. */
export const hasty =
  <Params extends readonly unknown[]>(
    rule: Rule<Params>,
    isHasty: (context: ServerContext, to: Address) => boolean = () => true,
  ): Rule<Params> =>
  (context, ...params) => {
    const { effects = [], ...result } = rule(context, ...params);
    return {
      ...result,
      effects: effects.map(
        (effect): Effect =>
          effect.type === 'send' && isHasty(context, effect.to) ? { ...effect, ahead: true } : effect,
      ),
    };
  };

/** A rule with a word to oneself that does not wait for the records whose durability it reports. */
export const selfAssured = <Params extends readonly unknown[]>(rule: Rule<Params>): Rule<Params> =>
  hasty(rule, ({ self }, to) => to === self);

/** A rule that takes another configuration than the one in force for that. */
export const among =
  <Params extends readonly unknown[]>(
    configurationOf: (context: ServerContext) => Configuration,
    rule: Rule<Params>,
  ): Rule<Params> =>
  (context, ...params) => {
    const configuration = configurationOf(context);
    const result = rule({ ...context, configuration }, ...params);
    return result.context?.configuration === configuration
      ? { ...result, context: { ...result.context, configuration: context.configuration } }
      : result;
  };

/** With quorums of phase 2 that have one server less. */
export function withOneLess({ configuration }: ServerContext): Configuration {
  const { phase1Size, phase2Size } = configuration.sizes;
  return { ...configuration, sizes: { phase1Size, phase2Size: Math.max(1, phase2Size - 1) } };
}

/** With learners that vote. */
export const withLearners = ({ configuration }: ServerContext): Configuration => ({
  ...configuration,
  voters: serverSetOf([...configuration.voters, ...configuration.learners]),
});

/** The last one of which this server has heard, chosen or not. */
export const proposedLast = ({ slots, snapshot }: ServerContext): Configuration =>
  configurationIn(slots, snapshot, slots.lastIndex);

/** Elects with so few promises that another quorum may have chosen something without any of them. */
export const hasPromisesApart = ({ configuration, phase1 }: ServerContext): boolean =>
  phase1 !== null &&
  isMet(
    anyOf(configuration.voters, Math.max(1, configuration.voters.length - configuration.sizes.phase2Size)),
    (voter) => phase1.promises.some(({ server, isWhole }) => isWhole && server === voter),
  );

/** Takes note of a promise, and takes nothing over of the acceptances that it tells of. */
export function takeNothing(context: ServerContext, message: Received<'promise'>): Result {
  const noted = paxosRules.notePromise(context, message);
  const phase1 = noted.context?.phase1;
  if (!phase1 || context.phase1 === null) return noted;
  return { ...noted, context: { ...noted.context, phase1: { ...phase1, found: context.phase1.found } } };
}

/** Stands at the ballot of the leader, as if that were handed over with the leadership. */
export function standAtBallotOfLeader(context: ServerContext): Result {
  const { leader, promised } = context;
  const stood = paxosRules.stand(context);
  if (leader === null || promised === null) return stood;
  const effects = (stood.effects ?? []).flatMap((effect): Effect[] => {
    if (effect.type === 'persist') return [];
    if (effect.type !== 'send') return [effect];
    const { message } = effect;
    return message.type === 'prepare' || message.type === 'durable'
      ? [{ ...effect, message: { ...message, ballot: promised } }]
      : [effect];
  });
  return { context: { ...stood.context, promised, highest: context.highest }, effects };
}

/** Takes office with no-ops in the place of what was accepted. */
export function takeOfficeWithNoops(context: ServerContext): Result {
  const { commitIndex, phase1, promised } = context;
  if (phase1 === null || promised === null) return paxosRules.takeOffice(context);
  const open = phase1.found.lastIndex - commitIndex;
  const noops = Array.from({ length: open }, (_, place): Entry => ({ index: commitIndex + 1 + place, kind: 'noop' }));
  return paxosRules.takeOffice({ ...context, phase1: { ...phase1, found: phase1.found.accept(promised, noops) } });
}

/** Learns that all is chosen which the leader says is, whichever ballot it was accepted at here. */
export function acceptAndLearnAll(context: ServerContext, message: Received<'accept'>): Result {
  const { promised, slots } = context;
  const held = Math.min(message.committed, slots.lastIndex);
  if (promised === null || held <= context.commitIndex) return paxosRules.acceptFromLeader(context, message);
  const entries = slots.proposals(promised, context.commitIndex + 1, held);
  return paxosRules.acceptFromLeader({ ...context, slots: slots.accept(promised, entries) }, message);
}

/** Applies the entries of a proposal that comes again, once more. */
export function applyAgain(context: ServerContext, message: Received<'accept'>): Result {
  const ruling = paxosRules.acceptFromLeader(context, message);
  const isAgain = message.entries.length > 0 && message.index + message.entries.length - 1 <= context.commitIndex;
  if (!isAgain) return ruling;
  const { ballot, entries } = message;
  const again: Effect = { type: 'deliver', output: { type: 'committed', ballot, entries }, ahead: true };
  return { ...ruling, effects: [again, ...(ruling.effects ?? [])] };
}

/** Tells all again that it leads, whenever one of them has answered. */
export function heartbeatAtAnswer(context: ServerContext, reply: Received<'accepted'>): Result {
  const noted = paxosRules.noteAccepted(context, reply);
  const told = paxosRules.sendHeartbeats({ ...context, ...noted.context }, reply);
  return {
    context: { ...noted.context, ...told.context },
    effects: [...(noted.effects ?? []), ...(told.effects ?? [])],
  };
}

/** Answers a read at once. */
export const readAtOnce: Rule<[Received<'read'>]> = ({ commitIndex }, { id }) => ({
  effects: [{ type: 'deliver', output: { type: 'readable', id, index: commitIndex }, ahead: true }],
});

/** As if nobody had ever left. */
export const forgivingAll = (context: ServerContext): ServerContext => ({
  ...context,
  configuration: { ...context.configuration, retired: [] },
});
