/**
 * A node runs actors: it brings them to life from the journal, carries their messages, executes their effects in order,
 * and stops for good when it can no longer keep what it promised.
 */

import { type Observable, ReplaySubject, Subject } from 'rxjs';
import type { AnyStateMachine } from 'xstate';
import {
  type ActorDefinition,
  type ActorState,
  type Address,
  type AnyActor,
  addressOf,
  type DelayRange,
  nodeOf,
  partsOf,
  QuorateError,
  type Schemas,
  type Tagged,
  type TaggedBy,
} from '../../statecharts/actor.ts';
import type { Bus, Envelope } from '../bus/bus.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import type { Journal, JournalEntry, OnDurable } from '../journal/journal.ts';
import type { Resource } from '../resources/resource.ts';
import { createEndpoint, type Endpoint, type EndpointParts } from './endpoint.ts';
import {
  AddressTakenError,
  NodeFailedError,
  NodeOverloadedError,
  NodeStoppedError,
  RecordsVersionError,
} from './errors.ts';
import type { ActorHandle } from './handle.ts';
import { createInspection, type InspectionEvent } from './inspection.ts';
import { createPerformer } from './performer.ts';
import { type Runner, type RunnerHost, startRunner } from './runner.ts';

/** The limits of a node. */
export interface NodeLimits {
  /** Requests are refused while more bytes than this wait for the disk. Default 128 MiB. */
  readonly unflushedBytes: number;
  /** Actors alive at once. Default 100,000. */
  readonly actors: number;
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
  readonly actors?: readonly AnyActor[];
  readonly limits?: Partial<NodeLimits>;
  /** Called once, before any actor starts, so that an inspector sees the node from its first moment on. */
  readonly inspect?: (node: Node) => void;
  /** Checks that contexts and effects are plain data. For development and tests; default false. */
  readonly development?: boolean;
}

/** How to start an actor. */
export interface StartOptions<Input> {
  /** Tells apart actors of one definition on one node; empty by default. */
  readonly key?: string;
  readonly input: Input;
  /** Replaces delays of the definition, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
}

/** A change of role, as of when it was durable. */
export interface RoleChange {
  readonly actor: Address;
  readonly role: string | undefined;
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
   * NodeStoppedError, NodeOverloadedError (too many actors), or whatever the chart throws on its first step
   */
  start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    options: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  /**
   * Asks an actor of this node.
   *
   * @throws NodeOverloadedError when too many bytes wait for the disk, NodeStoppedError, RefusedInputError
   */
  request(actor: Address, request: Tagged): void;
  /** Opens an address that plain code serves, such as a service's. @throws AddressTakenError */
  open<S extends Schemas>(name: string, key: string, messages: S): Endpoint<TaggedBy<S>>;
  /** The actors that are alive, sorted. */
  actors(): readonly Address[];
  /** An actor as it stands now, durable or not: for inspection and invariants, never for decisions. */
  peek(actor: Address): { readonly definition: AnyActor; readonly state: ActorState } | undefined;
  /** Everything that the node does. */
  readonly inspection: Observable<InspectionEvent>;
  readonly roleChanges: Observable<RoleChange>;
  /** Emits once, when the node has failed and stopped for good. */
  readonly failure: Observable<NodeFailedError>;
  readonly isRunning: boolean;
  /** Bytes that wait for the disk. */
  readonly unflushedBytes: number;
  /** Stops the actors, flushes the journal, closes everything that the node owns. Idempotent. */
  stop(): Promise<void>;
}

const defaultLimits: NodeLimits = { unflushedBytes: 128 * 1024 * 1024, actors: 100_000 };

/** Jobs done in one turn before the rest of the process gets its own. */
const jobsPerTurn = 1_000;

/**
 * Makes a node and brings to life the actors that the journal remembers.
 *
 * @throws RecordsVersionError, RefusedInputError when the journal holds what a definition does not read
 *
 * @example
 * const node = createNode({ id: 'n1', bus, journal });
 * const raft = node.start(raftServer, { key: 'kv', input: { voters } });
 * await waitFor(raft, (snapshot) => snapshot.hasTag('leader'));
 */
export function createNode<const Owned extends Resources>(
  options: NodeOptions<Owned> & { readonly resources: Owned },
): Node<Owned>;
export function createNode(options: NodeOptions): Node;
export function createNode(options: NodeOptions): Node {
  const { id, bus, journal, resources = {}, environment = systemEnvironment(), development = false } = options;
  const { clock } = environment;
  const limits = { ...defaultLimits, ...options.limits };
  const definitions = new Map((options.actors ?? []).map((definition) => [definition.name, definition]));
  const runners = new Map<Address, Runner>();
  const endpoints = new Map<Address, EndpointParts>();
  const inspection = createInspection(id, clock.nowMs);
  const roleChanges = new Subject<RoleChange>();
  const failure = new ReplaySubject<NodeFailedError>(1);
  let stopping: Promise<void> | undefined;

  const jobs: (() => void)[] = [];
  let isWorking = false;
  const work = (): void => {
    isWorking = true;
    let done = 0;
    try {
      while (done < jobs.length && done < jobsPerTurn) {
        done += 1;
        jobs[done - 1]?.();
      }
    } finally {
      jobs.splice(0, done);
      isWorking = jobs.length > 0;
      if (isWorking) clock.enqueue(work);
    }
  };
  const dispatch = (job: () => void): void => {
    jobs.push(job);
    if (!isWorking) work();
  };

  const fail = (cause: Error): void => {
    if (stopping !== undefined) return;
    const error = new NodeFailedError(`node '${id}' has stopped for good: ${cause.message}`, { cause });
    if (inspection.observed) inspection.report({ type: 'failed', error });
    stopping = end(error);
    failure.next(error);
    failure.complete();
  };

  /** Ends the actors and lets go of everything. What hears of an actor's end may ask the node to stop once more. */
  const end = (error?: Error): Promise<void> => {
    const dying = [...runners.values()];
    runners.clear();
    const released = release();
    stopping = released;
    for (const runner of dying) runner.kill(error);
    return released;
  };

  const release = async (): Promise<void> => {
    for (const endpoint of endpoints.values()) endpoint.close();
    endpoints.clear();
    incoming.unsubscribe();
    losses.unsubscribe();
    peers.unsubscribe();
    await Promise.allSettled([journal.close(), bus.close(), ...Object.values(resources).map((it) => it.close())]);
    roleChanges.complete();
  };

  const append = (entries: readonly JournalEntry[], onDurable: OnDurable): void =>
    journal.append(entries, (error) => {
      if (error !== undefined) fail(error);
      onDurable(error);
    });

  const send = (from: Address, to: Address, message: Tagged): void => {
    if (nodeOf(to) === id) dispatch(() => deliver({ from, to, message }, true));
    else bus.send({ from, to, message });
  };

  const refuse = (envelope: Envelope, reason: string): void => {
    if (inspection.observed) inspection.report({ type: 'refused', ...envelope, reason });
  };

  const deliver = (envelope: Envelope, isLocal: boolean): void => {
    const { from, to, message } = envelope;
    const runner = runners.get(to) ?? born(envelope);
    try {
      if (runner === undefined) {
        const endpoint = endpoints.get(to);
        if (endpoint !== undefined) endpoint.receive(envelope);
        else {
          refuse(envelope, 'nobody lives at this address');
          if (!isLocal) bus.reject(envelope);
        }
      } else if (from === to && runner.definition.own.includes(message.type)) {
        runner.receive(from, message);
      } else {
        runner.receive(from, runner.definition.parseMessage(message));
      }
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      refuse(envelope, error.message);
    }
  };

  /** Starts the addressee of a first message, where its definition allows that. */
  const born = (envelope: Envelope): Runner | undefined => {
    const { name } = partsOf(envelope.to);
    const definition = definitions.get(name);
    if (definition === undefined || endpoints.has(envelope.to)) return undefined;
    const input = definition.bornOfMessage(definition.parseMessage(envelope.message));
    return input === undefined ? undefined : begin(definition, envelope.to, input, {});
  };

  const host: RunnerHost = {
    clock,
    timeouts: environment.randomness.stream('timeouts'),
    inspection,
    development,
    perform: createPerformer(clock, resources, ({ id: operation, resource }) =>
      refuse(
        {
          from: addressOf(id, 'resource', resource),
          to: addressOf(id, 'resource', resource),
          message: { type: operation },
        },
        'answered too late, or twice',
      ),
    ),
    dispatch,
    send,
    append,
    roleChanged: (actor, role) => roleChanges.next({ actor, role }),
    ended(runner, error) {
      runners.delete(runner.address);
      if (inspection.observed)
        inspection.report(
          error === undefined
            ? { type: 'stopped', actor: runner.address }
            : { type: 'failed', actor: runner.address, error },
        );
    },
  };

  const begin = (
    definition: AnyActor,
    address: Address,
    input: unknown,
    delays: Readonly<Record<string, DelayRange>>,
  ): Runner => {
    if (stopping !== undefined) throw new NodeStoppedError(`node '${id}' has stopped; make a new one`);
    if (runners.has(address) || endpoints.has(address)) {
      throw new AddressTakenError(`'${address}' is taken; choose another key, or stop the actor that has it`);
    }
    if (runners.size >= limits.actors) {
      throw new NodeOverloadedError(`node '${id}' has ${runners.size} actors, its limit; raise limits.actors`);
    }
    const records = journal.take(address).map(({ version, record }) => {
      if (version !== definition.recordsVersion) {
        throw new RecordsVersionError(
          `'${address}' wrote records of version ${version}, and this program reads version ${definition.recordsVersion}; run the program that wrote them`,
        );
      }
      return definition.parseRecord(record);
    });
    const runner = startRunner({ definition, address, input, records, delays }, host);
    runners.set(address, runner);
    if (inspection.observed)
      inspection.report({
        type: 'started',
        actor: address,
        recoveredRecords: records.length,
        state: runner.state.snapshot.value,
      });
    clock.enqueue(() => dispatch(runner.launch));
    return runner;
  };

  function start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    how: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  function start(definition: AnyActor, { key = '', input, delays = {} }: StartOptions<unknown>): ActorHandle {
    return begin(definition, addressOf(id, definition.name, key), input, delays).handle;
  }

  const incoming = bus.envelopes().subscribe((envelope) => dispatch(() => deliver(envelope, false)));
  const losses = bus.losses.subscribe((loss) => {
    if (inspection.observed) inspection.report({ type: 'lost', loss });
    const { node, address, reason } = loss;
    const notice = { type: 'unreachable', node, reason, ...(address === undefined ? {} : { address }) };
    for (const runner of runners.values()) {
      if (runner.definition.hearsUnreachable) dispatch(() => runner.receive(runner.address, notice));
    }
  });
  const peers = bus.peers.subscribe((peer) => {
    if (inspection.observed) inspection.report({ type: 'peer', peer });
  });
  const node: Node = {
    id,
    resources,
    journal,
    definitions: [...definitions.keys()],
    start,
    request(actor, request) {
      const runner = runners.get(actor);
      if (runner === undefined) throw new NodeStoppedError(`no actor '${actor}' is alive on node '${id}'`);
      if (journal.unflushedBytes > limits.unflushedBytes) {
        throw new NodeOverloadedError(
          `${journal.unflushedBytes} bytes wait for the disk of node '${id}', more than ${limits.unflushedBytes}; try again later`,
        );
      }
      const parsed = runner.definition.parseRequest(request);
      dispatch(() => runner.receive(actor, parsed));
    },
    open(name, key, messages) {
      const address = addressOf(id, name, key);
      if (stopping !== undefined) throw new NodeStoppedError(`node '${id}' has stopped; make a new one`);
      if (runners.has(address) || endpoints.has(address)) throw new AddressTakenError(`'${address}' is taken`);
      const { endpoint, parts } = createEndpoint(
        address,
        messages,
        (to, message) => send(address, to, message),
        () => endpoints.delete(address),
      );
      endpoints.set(address, parts);
      return endpoint;
    },
    actors: () => [...runners.keys()].sort(),
    peek(actor) {
      const runner = runners.get(actor);
      return runner === undefined ? undefined : { definition: runner.definition, state: runner.state };
    },
    inspection: inspection.stream,
    roleChanges: roleChanges.asObservable(),
    failure: failure.asObservable(),
    get isRunning() {
      return stopping === undefined;
    },
    get unflushedBytes() {
      return journal.unflushedBytes;
    },
    stop() {
      if (stopping === undefined) {
        stopping = end();
        failure.complete();
      }
      return stopping;
    },
  };
  options.inspect?.(node);
  for (const address of journal.actors()) {
    const definition = definitions.get(partsOf(address).name);
    const input = definition?.bornOfRecords();
    if (definition !== undefined && input !== undefined) begin(definition, address, input, {});
  }
  return node;
}
