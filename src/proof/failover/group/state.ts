/**
 * A group of servers as the model checker sees it: what each holds and does, who has a session with it, and what clients were
 * told. Small, plain and without time: what may happen next is said by the files beside this one.
 */

import type { Standing } from '../../../../statecharts/failover/group/standing.ts';
import type { Mark, Position, ServerStatus } from '../../../../statecharts/failover/servers.ts';
import type { Reign } from '../claims.ts';

/** One write: a client's, by its name, or a mark; null for what has neither, and only makes a round its own. */
export interface Entry {
  /** The history in which it was written. */
  readonly history: string;
  readonly write: string | null;
  readonly mark: Mark | null;
}

/** A manager's connection with which a server was claimed. */
export interface Session {
  /** All claims of a server's life are numbered. */
  readonly number: number;
  /** The actor that has it. */
  readonly holder: string;
  readonly term: number;
}

export interface Server {
  readonly life: 'up' | 'paused' | 'down';
  readonly role: ServerStatus['role'];
  readonly incarnation: number;
  /** Of what it holds; empty while that is half a copy, which stands nowhere. */
  readonly history: string;
  readonly data: readonly Entry[];
  readonly follows: string | null;
  readonly isLinked: boolean;
  /** Of a primary: what each standby has confirmed to hold. */
  readonly confirmed: Readonly<Record<string, number>>;
  /** Of a primary: whose confirmations it was told to wait for. */
  readonly waitsFor: Waiting;
  readonly session: Session | null;
  /** How many claims there were, and the greatest term of one: what a server does not remember after a restart, but we do. */
  readonly claims: number;
  readonly obeyed: number;
}

/** Whose confirmations a write needs, and how many. */
export interface Waiting {
  readonly inSync: readonly string[];
  readonly confirmations: number;
}

/** What clients know of a group: a standing, as far as it concerns them. */
export interface Known extends Waiting {
  readonly mark: Mark;
  readonly primary: string;
}

/** A client's write, or read, that waits to be confirmed. */
export interface Round extends Known {
  readonly write: string;
  /** Nothing was written for it. */
  readonly isRead: boolean;
  /** Up to here the primary's data must be confirmed. */
  readonly offset: number;
  /** Whether a write of a later epoch was acknowledged when it began. */
  readonly isLate: boolean;
}

/** A write that was acknowledged, or a read. */
export interface Acknowledged {
  readonly write: string;
  readonly isRead: boolean;
  readonly epoch: number;
  readonly server: string;
  /** Of its round. */
  readonly isLate: boolean;
}

/** What may still happen. */
export interface Left {
  readonly writes: number;
  readonly crashes: number;
  readonly pauses: number;
  /** Managers that take office, elections that begin, and changes of the in-sync set, where managers do as they like. */
  readonly offices: number;
  readonly elections: number;
  readonly sizes: number;
}

export interface Group {
  readonly standing: Standing;
  readonly servers: Readonly<Record<string, Server>>;
  /** Whatever clients were ever told: the latest may be late, and what is outdated may be believed. */
  readonly known: readonly Known[];
  readonly rounds: readonly Round[];
  readonly acknowledged: readonly Acknowledged[];
  /** How many histories have begun. */
  readonly histories: number;
  readonly left: Left;
  /** A change of the standing went back, or an operation came too late: what it was, in words. */
  readonly wrong: string | null;
}

export const serverOf = ({ servers }: Group, name: string): Server => {
  const found = servers[name];
  if (found === undefined) throw new RangeError(`expected one of ${Object.keys(servers).join(', ')}, got '${name}'`);
  return found;
};

/** The group with a server that is otherwise. */
export const withServer = (group: Group, name: string, change: Partial<Server>): Group => ({
  ...group,
  servers: { ...group.servers, [name]: { ...serverOf(group, name), ...change } },
});

/** The mark within a server's data. */
export const markOf = ({ data }: Pick<Server, 'data'>): Mark | null =>
  data.findLast(({ mark }) => mark !== null)?.mark ?? null;

const isEntry = (one: Entry, other: Entry | undefined): boolean =>
  other !== undefined &&
  one.history === other.history &&
  one.write === other.write &&
  one.mark?.epoch === other.mark?.epoch &&
  one.mark?.version === other.mark?.version;

/** Whether what `standby` holds is how the data of `primary` begin. */
export const isPrefix = (standby: Server, primary: Server): boolean =>
  standby.history !== '' && standby.data.every((entry, place) => isEntry(entry, primary.data[place]));

export const positionOf = ({ history, data }: Server): Position => ({ history, offset: data.length });

export const statusOf = (server: Server): ServerStatus => ({
  role: server.role,
  incarnation: String(server.incarnation),
  position: positionOf(server),
  follows: server.follows,
  isLinked: server.isLinked,
  mark: markOf(server),
  confirmed: server.confirmed,
});

/** How many of those that are waited for hold the data up to `offset`, as far as the primary knows. */
const holdersOf = ({ confirmed }: Server, inSync: readonly string[], offset: number): number =>
  inSync.filter((it) => (confirmed[it] ?? 0) >= offset).length;

export const isConfirmed = (server: Server, { inSync, confirmations }: Waiting, offset: number): boolean =>
  holdersOf(server, inSync, offset) >= confirmations;

export const isHeldByAll = (server: Server, inSync: readonly string[], offset: number): boolean =>
  holdersOf(server, inSync, offset) === inSync.length;

/** Whether two are equal, as far as clients can tell. */
export const isSameMark = (one: Mark | null, other: Mark | null): boolean =>
  one?.epoch === other?.epoch && one?.version === other?.version;

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && 'servers' in value && 'acknowledged' in value;

/** A resource's state as that of a group. @throws TypeError when it is none */
export function groupOf(value: unknown): Group {
  if (!isGroup(value)) throw new TypeError('expected the state of a group');
  return value;
}

/** Which servers are primary, and of which epoch. */
export const reignsIn = ({ servers }: Pick<Group, 'servers'>): readonly Reign[] =>
  Object.entries(servers).flatMap(([server, it]): Reign[] => {
    if (it.role !== 'primary') return [];
    return [
      { server, epoch: markOf(it)?.epoch ?? 0, holds: (write) => it.data.some((entry) => entry.write === write) },
    ];
  });
