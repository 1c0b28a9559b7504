/** What a node is made of, and what it offers. */

import type { Observable } from 'rxjs';
import type { AnyStateMachine } from 'xstate';
import type {
  ActorDefinition,
  ActorState,
  Address,
  AnyActor,
  DelayRange,
  Schemas,
  Senders,
  ServiceSender,
  Tagged,
  TaggedBy,
} from '../../statecharts/actor.ts';
import type { Backlog, Bus, Envelope } from '../bus/bus.ts';
import type { Environment } from '../environment/environment.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resource } from '../resources/resource.ts';
import type { Endpoint, ServiceMail } from './endpoint.ts';
import type { NodeFailedError } from './errors.ts';
import type { ActorHandle, OutputOf } from './handle.ts';
import type { InspectionEvent, Sampler } from './inspection.ts';
import type { Refused, RefusedCounts } from './mail.ts';
import type { RoleChange } from './role-change.ts';
import type { Occupancy } from './rooms.ts';
import type { ActorObserver } from './runner/contract.ts';

/** A definition, as far as its view is concerned. */
export type Viewed<View> = Pick<ActorDefinition<AnyStateMachine, Tagged, never, View>, 'name' | 'viewAt'>;

/** The limits of a node. */
export interface NodeLimits {
  /** Requests are refused while more bytes than this wait for the disk. Default 128 MiB. */
  readonly unflushedBytes: number;
  /** Actors alive at once, with those that failed and whose records are still there. Default 100,000. */
  readonly actors: number;
  /** Keys in the rooms of definitions, by the name of the room, in place of what those say. */
  readonly rooms: Readonly<Record<string, number>>;
  /** `stop` waits this many milliseconds for bus, journal and resources to close, and then for none. Default 10,000. */
  readonly closeMs: number;
}

/** The resources of a node, by name. */
export type Resources = Readonly<Record<string, Resource>>;

/** What a node is made of. The node owns bus, journal and resources from then on, and closes them when it stops. */
export interface NodeOptions<Owned extends Resources = Resources> {
  readonly id: string;
  readonly bus: Bus;
  readonly journal: Journal;
  /** Time, randomness and ids; the system's by default. */
  readonly environment?: Environment;
  readonly resources?: Owned;
  /** Definitions whose actors may be born of a first message, or of the records that the journal holds. */
  readonly definitions?: readonly AnyActor[];
  readonly limits?: Partial<NodeLimits>;
  /** Called once, before any actor starts, so that an inspector sees the node from its first moment on. */
  readonly inspect?: (node: Node) => void;
  /**
   * Checks that contexts and effects are plain data, and warns of requests that were refused. For development and tests;
   * default false.
   */
  readonly development?: boolean;
  /** Told of what is warned of in development. Default: the console. */
  readonly warn?: (text: string) => void;
}

/** How to start an actor. */
export interface StartOptions<Input> {
  /** Tells apart actors of one definition on one node; empty by default. */
  readonly key?: string;
  readonly input: Input;
  /** Replaces delays of the definition, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
}

/** A running node. */
export interface Node<Owned extends Resources = Resources> {
  readonly id: string;
  /** What its actors may ask to act. */
  readonly resources: Owned;
  /** For services that keep records of their own, under addresses of names that no actor has. */
  readonly journal: Journal;
  /** The names of the definitions whose actors may be born of messages, or of records. */
  readonly definitions: readonly string[];
  /**
   * Starts an actor, from its records if the journal holds any.
   *
   * @throws AddressTakenError, RecordsVersionError, RefusedInputError (a record that the definition does not read),
   * NodeStoppedError, NodeOverloadedError (too many actors), RoomFullError (too many keys of its room), ActorFailedError (it failed on this node, which would start
   * it again without what it wrote), ActorDefinitionError (a delay that would replace none), or whatever the chart throws on its first step
   */
  start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    options: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  /**
   * The same without a handle, for services that start many actors: making a handle and keeping it up to date costs
   * several times what the actor's steps do. `observer` hears what the actor delivers, and of its end.
   *
   * @returns its address
   */
  launch<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    options: StartOptions<Input> & { readonly observer?: ActorObserver<OutputOf<Chart>> },
  ): Address;
  /** The handle of an actor that is alive, however it was born; undefined when it is not. */
  handleOf<Chart extends AnyStateMachine, Request extends Tagged>(
    definition: ActorDefinition<Chart, Request>,
    key?: string,
  ): ActorHandle<Chart, Request> | undefined;
  /**
   * Adds definitions, as `createNode` takes them: their actors may be born of first messages from now on, and those that
   * the journal remembers come to life at once. One that is known already changes nothing.
   *
   * @throws AddressTakenError when another definition has the name; what `createNode` throws for their records
   */
  adopt(definitions: readonly AnyActor[]): void;
  /**
   * Asks an actor of this node.
   *
   * @throws NodeOverloadedError when too many bytes wait for the disk, NodeStoppedError, RefusedInputError
   */
  request(actor: Address, request: Tagged): void;
  /**
   * Opens an address that plain code serves, such as a service's.
   *
   * @param options `senders`: who may send each message; any actor or service of the cluster's nodes by default, so that a
   * service which is for clients must say so
   * @throws AddressTakenError
   */
  open<S extends Schemas>(
    name: string,
    key: string,
    messages: S,
    options?: { readonly senders?: Senders<keyof S & string, ServiceSender> },
  ): Endpoint<TaggedBy<S>>;
  /** The actors that are alive, sorted. */
  actors(): readonly Address[];
  /** Whether an actor lives at the address. */
  isAlive(actor: Address): boolean;
  /**
   * What services may know of an actor, and decide by: the view of its definition, of the last state whose records are
   * durable. Undefined when no such actor lives.
   */
  view<View>(definition: Viewed<View>, key?: string): View | undefined;
  /** An actor as it stands now, durable or not: for inspection and invariants, never for decisions. */
  peek(actor: Address): { readonly definition: AnyActor; readonly state: ActorState } | undefined;
  /** What waits for other nodes and clients to take it; undefined where the bus holds nothing back. */
  readonly backlog: Backlog | undefined;
  /** How many messages and requests were not taken, by the reason; what exactly, `refusals` tells. */
  readonly refused: RefusedCounts;
  /**
   * Each message and request that is not taken, and why: also requests that a handle was sent, which answers nothing to
   * that. It costs nothing while no observer listens.
   *
   * @example
   * node.refusals.subscribe(({ to, message, reason }) => log.warn({ to, type: message.type }, reason));
   */
  readonly refusals: Observable<Refused>;
  /**
   * Each message that never leaves the node, from one actor or endpoint of it to another or to itself, as it is sent. It
   * costs nothing while no observer listens.
   */
  readonly internalMail: Observable<Envelope>;
  /**
   * Each message that a service of the node sends, or takes in, at an address that it has opened: a service is no actor, and
   * `inspection` tells of none. So is told what a service is asked within the process (`Endpoint.tell`). It costs nothing while no
   * observer listens.
   */
  readonly serviceMail: Observable<ServiceMail>;
  /**
   * How many actors there are, and keys in each room of a definition, and how many there may be. What the journal
   * remembers comes back though that is more, and nothing new begins then.
   */
  readonly occupancy: { readonly actors: Occupancy; readonly rooms: Readonly<Record<string, Occupancy>> };
  /** Everything that the node does. */
  readonly inspection: Observable<InspectionEvent>;
  /**
   * The same for an observer that wants few of a busy node's steps and flushes: what `sampler` does not want is not built, unless
   * another observer looks, and told to it as passed. Everything else always comes, changes of role among it.
   */
  sampled(sampler: Sampler): Observable<InspectionEvent>;
  /** Each change of role, and what brought it about. It costs nothing per step beyond comparing states that differ. */
  readonly roleChanges: Observable<RoleChange>;
  /**
   * How long records waited for the disk, in milliseconds, from being written by a step until they were durable: of one
   * write at a time, so that listening costs the same however many there are.
   */
  readonly flushTimes: Observable<number>;
  /** Emits once, when the node has failed with its journal and stopped for good. */
  readonly failure: Observable<NodeFailedError>;
  readonly isRunning: boolean;
  /** Bytes that wait for the disk. */
  readonly unflushedBytes: number;
  /**
   * Messages, timeouts and answers that wait for its actors. They are taken within the turn in which they come, a thousand at
   * most: read between turns, it is above 0 where more comes than is done.
   */
  readonly waitingJobs: number;
  /**
   * Stops the actors, flushes the journal, closes everything that the node owns. Idempotent, never rejects, and takes no
   * longer than `limits.closeMs`: what has not closed by then, such as a journal on a disk that stalls, is reported to the
   * inspection stream and left behind.
   */
  stop(): Promise<void>;
}
