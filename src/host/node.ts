/**
 * A node runs actors: it brings them to life from the journal, carries their messages, executes their effects in order,
 * and stops for good when it can no longer keep what it promised.
 */

import { type Observable, Subject } from 'rxjs';
import type { AnyStateMachine } from 'xstate';
import {
  type ActorDefinition,
  type ActorState,
  type Address,
  type AnyActor,
  addressOf,
  type Schemas,
  type Senders,
  type ServiceSender,
  type Tagged,
  type TaggedBy,
} from '../../statecharts/actor.ts';
import { snapshotResource } from '../../statecharts/transfer.ts';
import type { Backlog, Bus, Envelope } from '../bus/bus.ts';
import { systemEnvironment } from '../environment/environment.ts';
import { JournalClosedError } from '../journal/errors.ts';
import type { Journal } from '../journal/journal.ts';
import { type Births, createBirths } from './births.ts';
import type { Node, NodeLimits, NodeOptions, Resources, StartOptions, Viewed } from './contract.ts';
import { createEndpoint, type Endpoint, type ServiceMail } from './endpoint.ts';
import { AddressTakenError, type NodeFailedError, NodeOverloadedError, NodeStoppedError } from './errors.ts';
import type { ActorHandle } from './handle.ts';
import { createInspection, type Inspection, type InspectionEvent, type Sampler } from './inspection.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createLife, type Life } from './life.ts';
import { createMail, type Mail, type Refused, type RefusedCounts } from './mail.ts';
import { openTransfer, performerOf } from './node-resources.ts';
import type { RoleChange } from './role-change.ts';
import { createRoster, type Roster } from './roster.ts';
import type { ActorObserver } from './runner/contract.ts';
import { sampling } from './sampling.ts';

export * from './contract.ts';

const defaultLimits: NodeLimits = { unflushedBytes: 128 * 1024 * 1024, actors: 100_000, rooms: {}, closeMs: 10_000 };

/**
 * Makes a node and brings to life the actors that the journal remembers.
 *
 * @throws RecordsVersionError, RefusedInputError when the journal holds what a definition does not read; nothing runs
 * then, and bus, journal and resources are still the caller's to close
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
  return new LocalNode(options);
}

class LocalNode implements Node {
  readonly id: string;
  readonly resources: Resources;
  readonly journal: Journal;
  readonly backlog: Backlog | undefined;
  readonly refused: RefusedCounts;
  readonly refusals: Observable<Refused>;
  readonly internalMail: Observable<Envelope>;
  readonly serviceMail: Observable<ServiceMail>;
  readonly inspection: Observable<InspectionEvent>;
  readonly sampled: (sampler: Sampler) => Observable<InspectionEvent>;
  readonly roleChanges: Observable<RoleChange>;
  readonly flushTimes: Observable<number>;
  readonly failure: Observable<NodeFailedError>;
  readonly #limits: NodeLimits;
  readonly #jobs: Jobs;
  readonly #roster: Roster;
  readonly #life: Life;
  readonly #mail: Mail;
  readonly #births: Births;

  constructor(options: NodeOptions) {
    const { id, bus, journal, resources = {}, environment = systemEnvironment(), development = false } = options;
    const { warn = consoleWarning } = options;
    const { clock } = environment;
    const limits = { ...defaultLimits, ...options.limits };
    const inspection = createInspection(id, clock.nowMs);
    const roleChanges = new Subject<RoleChange>();
    const flushTimes = new Subject<number>();
    const jobs = createJobs(clock);
    const { dispatch } = jobs;
    const roster = createRoster({ node: id, maxActors: limits.actors, rooms: limits.rooms, inspection });
    const life = createLife({
      node: id,
      clock,
      inspection,
      owned: [journal, bus, ...Object.values(resources)],
      closeMs: limits.closeMs,
      endAll: (error) => roster.endAll(error),
      onClosed: () => roleChanges.complete(),
    });
    const mail = createMail({
      node: id,
      bus,
      dispatch,
      inspection,
      runners: roster.runners,
      endpoints: roster.endpoints,
      development,
      warn,
      isStopping: () => life.isStopping,
      definitionAt: (address) => roster.definitionAt(address),
      birthBy(definition, { to, message }) {
        const input = definition.bornOfMessage(definition.parseMessage(message));
        return input === undefined ? undefined : () => births.now(definition, to, { input });
      },
    });
    const timed = sampling(clock, (durationMs) => flushTimes.next(durationMs));
    const snapshots = openTransfer(id, clock, journal, mail, roster);
    const births = createBirths({
      node: id,
      clock,
      journal,
      roster,
      life,
      dispatch,
      inspection,
      host: {
        clock,
        timeouts: environment.randomness.stream('timeouts'),
        inspection,
        development,
        perform: performerOf(id, clock, { [snapshotResource]: snapshots, ...resources }, mail),
        dispatch,
        overload: () => this.#overload(),
        send: mail.send,
        refuse: mail.refuse,
        append(entries, onDurable, how) {
          const told = how !== 'unforced' && flushTimes.observed ? timed(onDurable) : onDurable;
          journal.append(entries, told, how);
        },
        roleChanged: (change) => roleChanges.next(change),
        ended: (runner, error) => roster.ended(runner, error),
      },
    });
    this.id = id;
    this.resources = resources;
    this.journal = journal;
    this.backlog = bus.backlog;
    this.refused = mail.refused;
    this.refusals = mail.refusals;
    this.internalMail = mail.internal;
    this.serviceMail = mail.service.asObservable();
    this.inspection = inspection.stream;
    this.sampled = inspection.sampled;
    this.roleChanges = roleChanges.asObservable();
    this.flushTimes = flushTimes.asObservable();
    this.failure = life.failure;
    this.#limits = limits;
    this.#jobs = jobs;
    this.#roster = roster;
    this.#life = life;
    this.#mail = mail;
    this.#births = births;
    this.#listenTo(bus, inspection);
    this.#wake(options);
  }

  get definitions(): readonly string[] {
    return this.#roster.definitions;
  }

  get occupancy(): Node['occupancy'] {
    return this.#roster.occupancy;
  }

  get isRunning(): boolean {
    return !this.#life.isStopping;
  }

  get waitingJobs(): number {
    return this.#jobs.waiting;
  }

  get unflushedBytes(): number {
    return this.journal.unflushedBytes;
  }

  start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    options: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  start(definition: AnyActor, options: StartOptions<unknown>): ActorHandle {
    return this.#births.soon(definition, addressOf(this.id, definition.name, options.key), options).handle;
  }

  launch(definition: AnyActor, options: StartOptions<unknown> & { readonly observer?: ActorObserver }): Address {
    const address = addressOf(this.id, definition.name, options.key);
    this.#births.now(definition, address, options);
    return address;
  }

  handleOf<Chart extends AnyStateMachine, Request extends Tagged>(
    definition: ActorDefinition<Chart, Request>,
    key?: string,
  ): ActorHandle<Chart, Request> | undefined;
  handleOf(definition: AnyActor, key = ''): ActorHandle | undefined {
    return this.#roster.runners.get(addressOf(this.id, definition.name, key))?.handle;
  }

  adopt(definitions: readonly AnyActor[]): void {
    this.#births.ofRecords(this.#roster.define(definitions));
  }

  request(actor: Address, request: Tagged): void {
    const runner = this.#roster.runners.get(actor);
    if (runner === undefined) throw new NodeStoppedError(`no actor '${actor}' is alive on node '${this.id}'`);
    const overloaded = this.#overload();
    if (overloaded !== undefined) throw overloaded;
    const parsed = runner.definition.parseRequest(request);
    this.#jobs.dispatch(() => runner.receive(actor, parsed));
  }

  open<S extends Schemas>(
    name: string,
    key: string,
    messages: S,
    { senders = 'member' }: { readonly senders?: Senders<keyof S & string, ServiceSender> } = {},
  ): Endpoint<TaggedBy<S>> {
    const address = addressOf(this.id, name, key);
    this.#life.assertRunning();
    if (this.#roster.isTaken(address)) throw new AddressTakenError(`'${address}' is taken`);
    const { endpoint, parts } = createEndpoint(
      address,
      messages,
      senders,
      (to, message) => this.#mail.post(address, to, message),
      () => this.#roster.closed(address),
      this.#mail.service,
    );
    this.#roster.open(address, parts);
    return endpoint;
  }

  actors(): readonly Address[] {
    return this.#roster.runners.keys().toSorted();
  }

  isAlive(actor: Address): boolean {
    return this.#roster.runners.has(actor);
  }

  view<View>(definition: Viewed<View>, key = ''): View | undefined {
    const runner = this.#roster.runners.get(addressOf(this.id, definition.name, key));
    return runner === undefined ? undefined : definition.viewAt(runner.visible);
  }

  peek(actor: Address): { readonly definition: AnyActor; readonly state: ActorState } | undefined {
    const runner = this.#roster.runners.get(actor);
    return runner === undefined ? undefined : { definition: runner.definition, state: runner.state };
  }

  stop(): Promise<void> {
    return this.#life.stop();
  }

  #listenTo(bus: Bus, inspection: Inspection): void {
    this.#life.hold(bus.envelopes().subscribe(this.#mail.receive));
    this.#life.hold(bus.losses.subscribe(this.#mail.lost));
    this.#life.hold(
      bus.peers.subscribe((peer) => {
        if (inspection.observed) inspection.report({ type: 'peer', peer });
      }),
    );
  }

  /** Brings back what the journal remembers, and lives from then on as long as the journal keeps what is written. */
  #wake({ inspect, definitions = [] }: NodeOptions): void {
    try {
      inspect?.(this);
      this.adopt(definitions);
    } catch (error) {
      this.#life.abandon();
      throw error;
    }
    // Whichever actor appended when it failed: nothing that this node promises from now on could be kept.
    const next = (cause: Error): void => this.#life.fail(cause);
    this.#life.hold(this.journal.failures.subscribe({ next, complete: () => next(new JournalClosedError()) }));
  }

  #overload(): NodeOverloadedError | undefined {
    const { unflushedBytes } = this.journal;
    if (unflushedBytes <= this.#limits.unflushedBytes) return undefined;
    return new NodeOverloadedError(
      `${unflushedBytes} bytes wait for the disk of node '${this.id}', more than ${this.#limits.unflushedBytes}; try again later`,
    );
  }
}

// biome-ignore lint/suspicious/noConsole: where the application says of no other place, a developer looks there
const consoleWarning = (text: string): void => console.warn(text);
