/** What a standby knows of its server, and how its life begins. It writes nothing down: whatever it steered, it looks again. */

import type { Address, Birth, Delivered, EffectOf, Performed } from '../../actor.ts';
import { nodeOf } from '../../actor.ts';
import { managerAddress, registerAddress, serverKey } from '../addresses.ts';
import type { GroupSettings } from '../group/plan.ts';
import type { RegisterMessage } from '../group/register.ts';
import type { ServerStatus } from '../servers.ts';
import type { Done, Order, StandbyMessage, StandbyOperation, StandbyReport } from './messages.ts';

export interface StandbyContext {
  readonly server: string;
  /** The resource by which the node reaches the server. */
  readonly resource: string;
  readonly manager: Address;
  readonly register: Address;
  readonly canStart: boolean;
  readonly canStop: boolean;
  readonly settings: GroupSettings;

  /** Of the manager that steers it; 0 before any did. */
  readonly term: number;
  readonly order: Order;
  /** The number of the last claim, and of the question that goes with it; it names operations, too. */
  readonly claim: number;
  /** Where the server stood last; null where that is not known under this claim. */
  readonly status: ServerStatus | null;
  /** Which order was carried out under this claim, the last one. */
  readonly done: Done | null;
  /** The order that the operation under way carries out; null of a look. */
  readonly doing: Done | null;
  /** Operations in a row that were not done. */
  readonly misses: number;
  /** Whether the server was primary, by an order, and does not follow another one yet. */
  readonly hasReigned: boolean;
  /** Attempts to stop it since it answered last; as many as there may be, once one succeeded. */
  readonly stops: number;
}

/** What a standby is begun with. */
export interface StandbyBegin {
  readonly group: string;
  readonly server: string;
  /** Default the key of the server, `group.server`. */
  readonly resource?: string;
  /** Default false. */
  readonly canStart?: boolean;
  /** Default false. */
  readonly canStop?: boolean;
  readonly settings: GroupSettings;
  /** Default the register of the own node. */
  readonly register?: Address;
}

export type StandbyEvent = Delivered<StandbyMessage | Performed>;
export type StandbyEffect = EffectOf<{ message: StandbyReport | RegisterMessage; operation: StandbyOperation }>;

export function standbyContext({ self, input }: Birth<StandbyBegin>): StandbyContext {
  const { group, server, settings, canStart = false, canStop = false } = input;
  const node = nodeOf(self);
  return {
    server,
    resource: input.resource ?? serverKey(group, server),
    manager: managerAddress(node, group),
    register: input.register ?? registerAddress(node, group),
    canStart,
    canStop,
    settings,
    term: 0,
    order: { type: 'rest' },
    claim: 0,
    status: null,
    done: null,
    doing: null,
    misses: 0,
    hasReigned: false,
    stops: 0,
  };
}
