/**
 * How the in-sync set finds its next primary (VR §4.2, view change): it stops taking what is of the old configuration,
 * compares how far its logs reach, and asks the authority to make the replica primary that lacks least.
 */

import { persist, send } from '../../actor/effects.ts';
import { isMet } from '../../quorum.ts';
import { type Change, electingQuorum } from '../configuration.ts';
import { type Promised, peersOf, type Received, type ReplicaContext, type Result } from '../context.ts';

type Elect = Received<'elect'>;

const ownPromise = ({ log, self }: ReplicaContext): Promised => ({
  server: self,
  lastEpoch: log.lastEpoch,
  lastIndex: log.lastIndex,
});

/** VR §4.2, StartViewChange: promises, and asks the others of the in-sync set to. Nothing is said before it is durable. */
export function callElection(context: ReplicaContext): Result {
  const { configuration, promised } = context;
  const { inSync, version } = configuration;
  const question = { type: 'elect', version } as const;
  const asked = peersOf(context)
    .filter((peer) => inSync.includes(peer))
    .map((peer) => send(peer, question));
  const promises = [ownPromise(context)];
  if (promised >= version) return { context: { promises }, effects: asked };
  return { context: { promised: version, promises }, effects: [persist({ type: 'promise', version }), ...asked] };
}

/** The asker knows of no later configuration than this replica: its election is over. */
export const isOverElection = ({ configuration }: ReplicaContext, { version }: Elect): boolean =>
  version < configuration.version;

/** VR §4.2, DoViewChange: takes nothing more of that configuration, and says how far its log reaches. */
export function promise(context: ReplicaContext, { from, version }: Elect): Result {
  const { log, promised } = context;
  const answer = send(from, {
    type: 'promise',
    version,
    lastEpoch: log.lastEpoch,
    lastIndex: log.lastIndex,
  } as const);
  if (promised >= version) return { effects: [answer] };
  return { context: { promised: version }, effects: [persist({ type: 'promise', version }), answer] };
}

/** Counts a promise of this configuration. */
export function notePromise(context: ReplicaContext, message: Received<'promise'>): Result {
  const { configuration, promises } = context;
  const { from: server, lastEpoch, lastIndex, version } = message;
  if (version !== configuration.version || promises.some((it) => it.server === server)) return {};
  return { context: { promises: [...promises, { server, lastEpoch, lastIndex }] } };
}

const hasHeard = ({ promises, self }: ReplicaContext, server: string): boolean =>
  server === self || promises.some((it) => it.server === server);

/** All have promised but the primary, who is not expected to. */
export const hasHeardAll = (context: ReplicaContext): boolean =>
  hasHeardEnough(context) &&
  context.configuration.inSync.every((it) => it === context.configuration.primary || hasHeard(context, it));

/** VR §4.2: so many have promised that one of them has whatever must not be lost. */
export const hasHeardEnough = (context: ReplicaContext): boolean =>
  isMet(electingQuorum(context.configuration), (server) => hasHeard(context, server));

/** VR §4.2: the log of the latest epoch, and of those the longest, lacks least. */
const isFurther = (one: Promised, other: Promised): boolean =>
  one.lastEpoch > other.lastEpoch || (one.lastEpoch === other.lastEpoch && one.lastIndex > other.lastIndex);

/** KIP-966: asks for a new epoch, whose primary is in sync, and lacks least of those who have promised. */
export function proposePrimary(context: ReplicaContext): Result {
  const { authority, configuration, promises } = context;
  const { epoch, inSync, version } = configuration;
  const best = promises.reduce((one, other) => (isFurther(other, one) ? other : one), ownPromise(context));
  const wanted: Change = { expected: version, epoch: epoch + 1, primary: best.server, inSync };
  return { effects: [send(authority, { type: 'reconfigure', ...wanted })] };
}
