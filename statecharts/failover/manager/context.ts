/** What a failover manager knows, and how its life begins. It writes nothing down: what must last is in the standing. */

import type { Address, Birth, Delivered, EffectOf } from '../../actor.ts';
import { nodeOf } from '../../actor.ts';
import { registerAddress } from '../addresses.ts';
import type { Opinion } from '../detector/messages.ts';
import type { Wanted } from '../group/changes.ts';
import type { GroupPlan, ServerPlan } from '../group/plan.ts';
import type { RegisterMessage } from '../group/register.ts';
import { foundingStanding, type GroupOptions, type Standing } from '../group/standing.ts';
import type { Position, ServerStatus } from '../servers.ts';
import type { Done, StandbyMessage } from '../standby/messages.ts';
import type { Alarm, ManagerMessage, ManagerOutput, ManagerRequest } from './messages.ts';

/** Where a server stands, as far as managers go by it. */
export type Seen = Omit<ServerStatus, 'confirmed' | 'gaveUp'>;

/** What a manager knows of a server. All but the opinion is of its own term. */
export interface Sight {
  readonly server: string;
  readonly opinion: Opinion;
  /** Null before the first look. */
  readonly seen: Seen | null;
  /** Which order it has carried out, the last one. */
  readonly done: Done | null;
  /** It does not do what it is asked. */
  readonly isFailing: boolean;
  /** It was candidate, and did not become primary. */
  readonly isSpent: boolean;
  /** How far it must be when it is looked at next: where the primary was since its incarnation is known; null when it was. */
  readonly floor: number | null;
  /** Whether it follows, and has reached a floor in this incarnation. */
  readonly isCaughtUp: boolean;
  /** Looks at the primary in a row at which it was not where it must be, as far as they count. */
  readonly late: number;
}

export interface ManagerContext {
  readonly self: Address;
  readonly node: string;
  readonly register: Address;
  readonly plan: GroupPlan;
  /** The latest that the register has told. */
  readonly standing: Standing;
  /** What the register is being asked for; null if nothing. */
  readonly wanted: Wanted | null;
  /** The operator's request that this is for; null if it is for none. */
  readonly asking: number | null;
  /** Of each server, by name. */
  readonly sights: readonly Sight[];
  /** Cold servers that are made ready, sorted. */
  readonly recruited: readonly string[];
  /** Whether, in an election, all are to be fenced: in a planned one only once the target is where the primary stopped. */
  readonly isGathering: boolean;
  /** Where the primary was last seen. */
  readonly lastSeen: Position | null;
  /** Looks in a row: at a primary that serves after a failover, and at a preferred server that is ready. */
  readonly settling: number;
  readonly preferring: number;
  /** The preferred server, once it was given its place and did not take it. */
  readonly spurned: string | null;
  /** Looks in a row at which there were too few. */
  readonly short: { readonly inSync: number; readonly standbys: number };
  /** Sorted. */
  readonly raised: readonly Alarm[];
}

/** What a manager is begun with, the same on all nodes of a group; `confirmations` and `maxFlaps` are of the founding. */
export interface ManagerBegin extends Omit<GroupOptions, 'mode'> {
  readonly plan: GroupPlan;
  /** Default the register of the own node. */
  readonly register?: Address;
}

export type ManagerEvent = Delivered<ManagerMessage | ManagerRequest>;
export type ManagerEffect = EffectOf<{
  message: RegisterMessage | Extract<StandbyMessage, { type: 'steer' }>;
  output: ManagerOutput;
}>;

const unseen = (server: string, opinion: Opinion): Sight => ({
  server,
  opinion,
  seen: null,
  done: null,
  isFailing: false,
  isSpent: false,
  floor: null,
  isCaughtUp: false,
  late: 0,
});

/** What belongs to a term, as it begins: all that is known is what the detectors think. */
export const ofNewTerm = (sights: readonly Sight[]) =>
  ({
    wanted: null,
    asking: null,
    sights: sights.map(({ server, opinion }) => unseen(server, opinion)),
    recruited: [],
    isGathering: false,
    lastSeen: null,
    settling: 0,
    preferring: 0,
    spurned: null,
    short: { inSync: 0, standbys: 0 },
    raised: [],
  }) satisfies Partial<ManagerContext>;

export function managerContext({ self, input }: Birth<ManagerBegin>): ManagerContext {
  const { plan, register, ...options } = input;
  const node = nodeOf(self);
  return {
    self,
    node,
    register: register ?? registerAddress(node, plan.group),
    plan,
    standing: foundingStanding({ mode: plan.mode, ...options }),
    ...ofNewTerm(plan.servers.map(({ server }) => unseen(server, 'trusted'))),
  };
}

/** What is known of `server`; undefined if it is none of the plan's. */
export const sightOf = ({ sights }: Pick<ManagerContext, 'sights'>, server: string | undefined): Sight | undefined =>
  sights.find((it) => it.server === server);

export const planOf = ({ plan }: Pick<ManagerContext, 'plan'>, server: string): ServerPlan | undefined =>
  plan.servers.find((it) => it.server === server);

/** Whether it is believed to work. */
export const isWell = ({ opinion, isFailing, isSpent }: Sight): boolean =>
  opinion !== 'confirmed' && opinion !== 'suspected' && !isFailing && !isSpent;

/** Whether it is believed to answer at all. */
export const isBelievedAlive = ({ opinion, isFailing }: Sight): boolean => opinion !== 'confirmed' && !isFailing;
