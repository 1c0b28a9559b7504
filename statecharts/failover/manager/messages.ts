/** What a failover manager hears, what operators and detectors ask of it, and what it tells them. */

import * as v from 'valibot';
import type { Senders, TaggedBy } from '../../actor.ts';
import { registerName, standbyName } from '../addresses.ts';
import { opinions } from '../detector/messages.ts';
import { registerAnswers } from '../group/register.ts';
import { type Loss, maxServers, type Reason, serverName } from '../group/standing.ts';
import { standbyReports } from '../standby/messages.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

export const managerMessages = { ...registerAnswers, ...standbyReports };
export type ManagerMessage = TaggedBy<typeof managerMessages>;

export const managerSenders = {
  recorded: { actor: registerName, key: 'same' },
  leads: { actor: registerName, key: 'same' },
  follows: { actor: registerName, key: 'same' },
  stands: { actor: standbyName },
  fails: { actor: standbyName },
} satisfies Senders<ManagerMessage['type']>;

/** `id`: comes back with the answer. */
const id = { id: natural };

export const managerRequests = {
  /** What the node's detector thinks of a server. */
  judged: v.object({ server: serverName, opinion: v.picklist(opinions) }),
  /** Another primary, without loss; `target` null: whichever is best. */
  switchover: v.object({ ...id, target: v.nullable(serverName) }),
  maintain: v.object({ ...id, isOn: v.boolean() }),
  /** Out of `manual`. */
  resume: v.object(id),
  /**
   * In this epoch a primary may be chosen that lacks what was acknowledged. `off`: the operator's word that these do not run
   * and will not, or are reached by no client; all must be among them that are not fenced, and could still confirm writes together.
   */
  allowLoss: v.object({ ...id, epoch: positive, off: v.pipe(v.array(serverName), v.maxLength(maxServers)) }),
};
export type ManagerRequest = TaggedBy<typeof managerRequests>;

/** Why an operator's request was refused. */
export type ManagerRefusal =
  /** Another manager is in office, or none: ask that one. */
  | 'NOT_IN_OFFICE'
  /** Not in this phase, or it is so already. */
  | 'NOT_NOW'
  /** The target is not in sync, or no server is. */
  | 'NOT_READY'
  /** Some that could still confirm writes are not fenced, and not said to be off. */
  | 'NOT_OFF'
  /** Something more urgent came between; it has not happened. */
  | 'OVERTAKEN';

/** What needs an operator's eye until it is cleared. */
export const alarms = [
  /** There is no primary, and none can be chosen without loss. */
  'no-candidate',
  /** Fewer are in sync than confirm a write: writes wait. */
  'too-few-in-sync',
  /** Fewer standbys are ready than wanted. */
  'too-few-standbys',
  /** The primary has failed, and failovers do not begin by themselves. */
  'operator-needed',
] as const;
export type Alarm = (typeof alarms)[number];

export type ManagerOutput =
  | { readonly type: 'office'; readonly term: number; readonly isHeld: boolean }
  | { readonly type: 'raised'; readonly alarm: Alarm; readonly epoch: number }
  | { readonly type: 'cleared'; readonly alarm: Alarm; readonly epoch: number }
  /** A primary was chosen, because of `reason`; null as the group was founded. `loss`: what may be lost of what was acknowledged; null where nothing is. */
  | {
      readonly type: 'chosen';
      readonly epoch: number;
      readonly server: string;
      readonly reason: Reason | null;
      readonly loss: Loss | null;
    }
  | { readonly type: 'accepted'; readonly id: number }
  | { readonly type: 'refused'; readonly id: number; readonly reason: ManagerRefusal };

/** What a manager does, as its chart says. */
export const managerRoles = [
  'waiting',
  'taking-office',
  'founding',
  'monitoring',
  'confirming',
  'fencing',
  'choosing',
  'degraded',
  'promoting',
  'redirecting',
  'settling',
  'manual',
] as const;
export type ManagerRole = (typeof managerRoles)[number];
