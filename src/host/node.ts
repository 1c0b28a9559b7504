/**
 * A node runs actors: it brings them to life from the journal, carries their messages, executes their effects in order,
 * and stops for good when it can no longer keep what it promised.
 */

import { ReplaySubject, Subject, Subscription } from 'rxjs';
import type { AnyStateMachine } from 'xstate';
import {
  type ActorDefinition,
  type Address,
  type AnyActor,
  addressOf,
  partsOf,
  type Tagged,
} from '../../statecharts/actor.ts';
import { snapshotOwner, snapshotResource } from '../../statecharts/transfer.ts';
import { systemEnvironment } from '../environment/environment.ts';
import { ShortLivedMap } from '../environment/short-lived-map.ts';
import { JournalClosedError } from '../journal/errors.ts';
import type { RecoveredRecord } from '../journal/journal.ts';
import { closeAll } from './closing.ts';
import type { Node, NodeLimits, NodeOptions, Resources, RoleChange, StartOptions } from './contract.ts';
import { createEndpoint, type EndpointParts } from './endpoint.ts';
import {
  ActorFailedError,
  AddressTakenError,
  NodeFailedError,
  NodeOverloadedError,
  NodeStoppedError,
  RecordsVersionError,
} from './errors.ts';
import type { ActorHandle } from './handle.ts';
import { createInspection } from './inspection.ts';
import { createJobs } from './jobs.ts';
import { createMail } from './mail.ts';
import { createPerformer } from './performer.ts';
import { type ActorObserver, type Runner, type RunnerHost, startRunner } from './runner.ts';
import { createTransfer, transferAddress, transferMessages } from './transfer.ts';

export * from './contract.ts';

const defaultLimits: NodeLimits = { unflushedBytes: 128 * 1024 * 1024, actors: 100_000, closeMs: 10_000 };

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
  const { id, bus, journal, resources = {}, environment = systemEnvironment(), development = false } = options;
  const { clock } = environment;
  const limits = { ...defaultLimits, ...options.limits };
  const definitions = new Map<string, AnyActor>();
  const runners = new ShortLivedMap<Address, Runner>();
  const endpoints = new Map<Address, EndpointParts>();
  const inspection = createInspection(id, clock.nowMs);
  const roleChanges = new Subject<RoleChange>();
  const failure = new ReplaySubject<NodeFailedError>(1);
  let isStopping = false;
  let finish = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const dispatch = createJobs(clock);
  /** Records of actors that could not be started; the journal gives them out only once. */
  const unread = new Map<Address, readonly RecoveredRecord[]>();
  /** Actors that failed, and have records that only another node, on the same journal, will read. */
  const failed = new Set<Address>();

  const fail = (cause: Error): void => {
    if (isStopping) return;
    const error = new NodeFailedError(`node '${id}' has stopped for good: ${cause.message}`, { cause });
    if (inspection.observed) inspection.report({ type: 'failed', error });
    end(error);
    failure.next(error);
    failure.complete();
  };

  /** Ends the actors and lets go of everything. Called once. */
  const end = (error?: Error): void => {
    abandon(error);
    void closeAll([journal, bus, ...Object.values(resources)], clock, limits.closeMs).then((isClosed) => {
      if (!isClosed && inspection.observed) {
        const late = new NodeFailedError(`node '${id}' did not close within ${limits.closeMs} ms; end its process`);
        inspection.report({ type: 'failed', error: late });
      }
      roleChanges.complete();
      finish();
    });
  };

  /** Ends the actors. What hears of an end may ask the node to stop, which it is doing already. */
  const abandon = (error?: Error): void => {
    isStopping = true;
    surroundings.unsubscribe();
    const dying = runners.values();
    runners.clear();
    const closing = [...endpoints.values()];
    endpoints.clear();
    for (const endpoint of closing) endpoint.close();
    for (const runner of dying) runner.kill(error);
  };

  const mail = createMail({
    node: id,
    bus,
    dispatch,
    inspection,
    runners,
    endpoints,
    development,
    isStopping: () => isStopping,
    definitionAt: (address) => definitions.get(partsOf(address).name),
    birthBy(definition, { to, message }) {
      const input = definition.bornOfMessage(definition.parseMessage(message));
      return input === undefined ? undefined : () => launched(begin(definition, to, { input }));
    },
  });

  const overload = (): NodeOverloadedError | undefined => {
    const { unflushedBytes } = journal;
    if (unflushedBytes <= limits.unflushedBytes) return undefined;
    return new NodeOverloadedError(
      `${unflushedBytes} bytes wait for the disk of node '${id}', more than ${limits.unflushedBytes}; try again later`,
    );
  };

  const transfer = createTransfer({
    clock,
    room: journal.snapshots,
    send: (to, message) => mail.post(transferAddress(id), to, message),
  });
  const transfers = createEndpoint(
    transferAddress(id),
    transferMessages,
    'member',
    (to, message) => mail.post(transferAddress(id), to, message),
    transfer.close,
  );
  endpoints.set(transferAddress(id), transfers.parts);
  transfers.endpoint.received.subscribe(({ from, message }) => transfer.receive(from, message));

  const host: RunnerHost = {
    clock,
    timeouts: environment.randomness.stream('timeouts'),
    inspection,
    development,
    perform: createPerformer(
      clock,
      { [snapshotResource]: transfer.resource, ...resources },
      ({ id: operation, resource }) =>
        mail.refuse(
          {
            from: addressOf(id, 'resource', resource),
            to: addressOf(id, 'resource', resource),
            message: { type: operation },
          },
          'late',
          'answered too late, or twice',
        ),
    ),
    dispatch,
    overload,
    send: mail.send,
    refuse: mail.refuse,
    append: (entries, onDurable, how) => journal.append(entries, onDurable, how),
    roleChanged(actor, role) {
      if (roleChanges.observed) roleChanges.next({ actor, role });
    },
    ended(runner, error) {
      runners.delete(runner.address);
      if (error !== undefined && runner.hasRecords) failed.add(runner.address);
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
    { input, delays = {}, observer }: StartOptions<unknown> & { readonly observer?: ActorObserver },
  ): Runner => {
    if (isStopping) throw new NodeStoppedError(`node '${id}' has stopped; make a new one`);
    if (failed.has(address)) {
      throw new ActorFailedError(
        `'${address}' failed, and its records are read only when a node starts: make a new one`,
      );
    }
    if (runners.has(address) || endpoints.has(address)) {
      throw new AddressTakenError(`'${address}' is taken; choose another key, or stop the actor that has it`);
    }
    if (runners.size + failed.size >= limits.actors) {
      throw new NodeOverloadedError(`node '${id}' has ${limits.actors} actors, its limit; raise limits.actors`);
    }
    const found = unread.get(address) ?? journal.take(address);
    if (found.length > 0) unread.set(address, found);
    const records = found.map(({ version, record }) => {
      if (!definition.readsRecords(version)) {
        throw new RecordsVersionError(
          `'${address}' wrote records of version ${version}, and this program reads version ${definition.recordsVersion}; run the program that wrote them`,
        );
      }
      return definition.parseRecord(record, version, (snapshot, bytes) =>
        journal.snapshots.putSync(`${snapshotOwner(address)}/${snapshot}-${id}`, bytes),
      );
    });
    const runner = startRunner({ definition, address, input, records, delays, observer }, host);
    unread.delete(address);
    runners.set(address, runner);
    if (inspection.observed)
      inspection.report({
        type: 'started',
        actor: address,
        recoveredRecords: records.length,
        state: runner.state.snapshot.value,
      });
    return runner;
  };

  const launched = (runner: Runner): Runner => {
    dispatch(() => runner.launch());
    return runner;
  };
  /** In a later turn, so that whoever gets the handle can listen to the first step. */
  const launchedSoon = (runner: Runner): Runner => {
    clock.enqueue(() => launched(runner));
    return runner;
  };
  function start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    how: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  function start(definition: AnyActor, options: StartOptions<unknown>): ActorHandle {
    return launchedSoon(begin(definition, addressOf(id, definition.name, options.key), options)).handle;
  }
  const adopt = (added: readonly AnyActor[]): void => {
    const unknown: AnyActor[] = [];
    for (const definition of added) {
      const known = definitions.get(definition.name);
      if (known === definition) continue;
      if (known !== undefined) {
        throw new AddressTakenError(`node '${id}' has another definition of the name '${definition.name}'`);
      }
      definitions.set(definition.name, definition);
      unknown.push(definition);
    }
    for (const address of journal.actors()) {
      const definition = unknown.find(({ name }) => name === partsOf(address).name);
      const input = definition?.bornOfRecords();
      if (definition === undefined || input === undefined || runners.has(address)) continue;
      launchedSoon(begin(definition, address, { input }));
    }
  };
  function handleOf<Chart extends AnyStateMachine, Request extends Tagged>(
    definition: ActorDefinition<Chart, Request>,
    key?: string,
  ): ActorHandle<Chart, Request> | undefined;
  function handleOf(definition: AnyActor, key = ''): ActorHandle | undefined {
    return runners.get(addressOf(id, definition.name, key))?.handle;
  }

  /** What the node listens to. */
  const surroundings = new Subscription();
  surroundings.add(bus.envelopes().subscribe(mail.receive));
  surroundings.add(bus.losses.subscribe(mail.lost));
  surroundings.add(
    bus.peers.subscribe((peer) => {
      if (inspection.observed) inspection.report({ type: 'peer', peer });
    }),
  );
  const node: Node = {
    id,
    resources,
    journal,
    get definitions() {
      return [...definitions.keys()];
    },
    start,
    launch(definition, options) {
      const address = addressOf(id, definition.name, options.key);
      launched(begin(definition, address, options));
      return address;
    },
    handleOf,
    adopt,
    request(actor, request) {
      const runner = runners.get(actor);
      if (runner === undefined) throw new NodeStoppedError(`no actor '${actor}' is alive on node '${id}'`);
      const overloaded = overload();
      if (overloaded !== undefined) throw overloaded;
      const parsed = runner.definition.parseRequest(request);
      dispatch(() => runner.receive(actor, parsed));
    },
    open(name, key, messages, { senders = 'member' } = {}) {
      const address = addressOf(id, name, key);
      if (isStopping) throw new NodeStoppedError(`node '${id}' has stopped; make a new one`);
      if (runners.has(address) || endpoints.has(address)) throw new AddressTakenError(`'${address}' is taken`);
      const { endpoint, parts } = createEndpoint(
        address,
        messages,
        senders,
        (to, message) => mail.post(address, to, message),
        () => endpoints.delete(address),
      );
      endpoints.set(address, parts);
      return endpoint;
    },
    actors: () => runners.keys().toSorted(),
    isAlive: (actor) => runners.has(actor),
    view(definition, key = '') {
      const runner = runners.get(addressOf(id, definition.name, key));
      return runner === undefined ? undefined : definition.viewAt(runner.visible);
    },
    peek(actor) {
      const runner = runners.get(actor);
      return runner === undefined ? undefined : { definition: runner.definition, state: runner.state };
    },
    backlog: bus.backlog,
    refused: mail.refused,
    inspection: inspection.stream,
    roleChanges: roleChanges.asObservable(),
    failure: failure.asObservable(),
    get isRunning() {
      return !isStopping;
    },
    get unflushedBytes() {
      return journal.unflushedBytes;
    },
    stop() {
      if (!isStopping) {
        end();
        failure.complete();
      }
      return stopped;
    },
  };
  try {
    options.inspect?.(node);
    adopt(options.actors ?? []);
  } catch (error) {
    abandon();
    throw error;
  }
  // Whoever appended when it failed: nothing that this node promises from now on could be kept.
  surroundings.add(journal.failures.subscribe({ next: fail, complete: () => fail(new JournalClosedError()) }));
  return node;
}
