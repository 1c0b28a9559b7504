/**
 * A cluster of servers of a replicated log, whichever protocol keeps it, over nothing but the pure stepper and the outbox,
 * driven by a seed: messages are reordered, repeated and lost, timers fire early and late, flushes lag, and servers crash
 * with what is not flushed. A witness of the protocol looks on at every step.
 */

import { chance, integerBelow, pick, type Random, seededRandomness } from '../../../src/environment/random.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../../src/host/outbox.ts';
import {
  type ActorDefinition,
  type ActorState,
  type Address,
  type AnyActor,
  addressOf,
  assertPlain,
  draw,
  inForce,
  nodeOf,
  type Perform,
  type Performed,
  type Persist,
  type Step,
  type Tagged,
} from '../../../statecharts/actor.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import type { SnapshotFile } from '../../../statecharts/transfer.ts';

/** Small, so that every limit is reached again and again. */
export const limits: Limits = {
  maxUncommittedBytes: 800,
  maxAppendBytes: 120,
  windowEntries: 6,
  windowBytes: 600,
  compactBeyondBytes: 400,
  retainBytes: 80,
};

/** What the witness sees of a server. */
export interface Seen<Remembered> {
  readonly address: Address;
  /** What recovery would find in its journal. */
  readonly remembered: Remembered;
  /** What its application applied in this life, by index - 1. */
  applied: string[];
}

/** What all servers deliver that the cluster acts on; the rest is the witness's. */
export type Output =
  | { readonly type: 'committed' | 'proposed' | 'readable' | 'refused' | 'reconfiguring' | 'notReconfigured' }
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly file: SnapshotFile }
  | { readonly type: 'compactionDue'; readonly index: number };

/** Holds servers to what their protocol claims; each method throws as soon as a promise is broken. */
export interface Watching<Context, Remembered, Told extends Tagged> {
  /** How many entries any application was told of. */
  readonly commits: number;
  sees(server: { address: Address; role: string | undefined; context: Context }): void;
  seesDeath(server: Address): void;
  seesSent(server: Seen<Remembered>, to: Address, message: Tagged): void;
  asksProposal(id: number, commands: readonly Uint8Array[]): void;
  asksRead(id: number): void;
  /** Hears what a server tells its application, which has taken in the snapshot if that is one. */
  hears(
    server: Seen<Remembered> & { readonly context: Context },
    told: Told,
    servers: readonly Seen<Remembered>[],
  ): void;
}

/** A protocol whose servers keep a log. */
export interface Kit<Context, Remembered, Told extends Tagged> {
  readonly definition: ActorDefinition;
  readonly memory: { readonly start: Remembered; step(state: Remembered, record: Tagged): Remembered };
  input(voters: readonly Address[]): unknown;
  witness(voters: readonly Address[]): Watching<Context, Remembered, Told>;
  /** Whether what a server had accepted has given way to something else. */
  gaveWay(before: Context, after: Context): boolean;
}

interface Batch {
  readonly batch: number;
  readonly atMs: number;
  readonly records: readonly Persist[];
}

interface InFlight {
  readonly from: Address;
  readonly to: Address;
  readonly message: Tagged;
  readonly atMs: number;
}

/** One life of a server; a crash keeps only what is remembered. */
class Life<Context, Remembered> implements Seen<Remembered> {
  readonly address: Address;
  state: ActorState;
  /** What is durable, and what it folds to. */
  written: readonly Persist[];
  remembered: Remembered;
  readonly #definition: AnyActor;
  outbox: Outbox = emptyOutbox;
  readonly unflushed: Batch[] = [];
  readonly toItself: Tagged[] = [];
  readonly transfers: { readonly atMs: number; readonly performed: Performed }[] = [];
  readonly deadlines = new Map<string, number>();
  applied: string[] = [];
  compactionDue = 0;
  isUp = true;

  constructor(
    definition: AnyActor,
    address: Address,
    { state }: Step,
    written: readonly Persist[],
    remembered: Remembered,
  ) {
    this.#definition = definition;
    this.written = written;
    this.address = address;
    this.state = state;
    this.remembered = remembered;
  }

  get context(): Context {
    return this.state.snapshot.context;
  }

  get leads(): boolean {
    return this.isUp && this.#definition.roleAt(this.state) === 'leader';
  }
}

/** What happened at all: goals that a set of schedules must reach, or it has shown nothing. */
export const noTally = {
  leaders: 0,
  committed: 0,
  reads: 0,
  refused: 0,
  restored: 0,
  crashes: 0,
  gaveWay: 0,
  compacted: 0,
};
export type Tally = typeof noTally;

export class ChaosCluster<Context, Remembered, Told extends Tagged> {
  readonly tally: Tally = { ...noTally };
  readonly #kit: Kit<Context, Remembered, Told>;
  readonly #servers: Life<Context, Remembered>[] = [];
  readonly #voters: readonly Address[];
  readonly #witness: Watching<Context, Remembered, Told>;
  readonly #random: Random;
  readonly #timeouts: Random;
  readonly #network: InFlight[] = [];
  readonly #sent: InFlight[] = [];
  readonly #blocked = new Set<string>();
  #nowMs = 0;
  #lastId = 0;
  /** What is in each snapshot, wherever it is. */
  readonly #files = new Map<string, readonly string[]>();
  #lastFile = 0;

  constructor(kit: Kit<Context, Remembered, Told>, seed: number, size: number) {
    this.#kit = kit;
    const randomness = seededRandomness(seed);
    this.#random = randomness.stream('schedule');
    this.#timeouts = randomness.stream('timeouts');
    this.#voters = Array.from({ length: size }, (_, at) => addressOf(`n${at + 1}`, kit.definition.name, 'kv'));
    this.#witness = kit.witness(this.#voters);
    this.#voters.forEach((address, place) => {
      this.#begin(place, address, []);
    });
  }

  /** Lets anything happen, `steps` times. */
  chaos(steps: number): void {
    for (let step = 0; step < steps; step += 1) this.#happen();
  }

  /** Repairs everything, and lets time pass in order until a new command is applied everywhere. */
  heal(): void {
    this.#blocked.clear();
    for (const server of this.#servers) if (!server.isUp) this.#restart(server);
    const isDone = (): boolean => {
      const [first, ...others] = this.#servers.map(({ applied }) => applied);
      return first?.at(-1)?.endsWith(' 255.255') === true && others.every((it) => it.join() === first.join());
    };
    let nextProposalMs = 0;
    const untilMs = this.#nowMs + 120_000;
    for (let steps = 0; !isDone(); steps += 1) {
      // Messages that beget messages would let no time pass.
      if (steps > 50_000) throw new Error('the cluster does not come to rest');
      if (this.#nowMs > untilMs) throw new Error('the cluster did not recover within 120 s');
      if (this.#nowMs >= nextProposalMs) {
        nextProposalMs = this.#nowMs + 1_000;
        for (const server of this.#servers) if (server.leads) this.#propose(server, [Uint8Array.of(255, 255)]);
      }
      this.#advance();
    }
  }

  #happen(): void {
    const random = this.#random;
    const server = pick(random, this.#servers);
    if (server === undefined) return;
    const dice = integerBelow(random, 1_000);
    if (dice < 780) this.#advance();
    else if (dice < 880) this.#ask(server);
    else if (dice < 920) this.#network.splice(integerBelow(random, this.#network.length + 1), 1);
    else if (dice < 940) this.#receive(pick(random, this.#sent));
    else if (dice < 955) this.#fireEarly(server);
    else if (dice < 965) this.#loseContact(server);
    else if (dice < 972) this.#isolate(server);
    else if (dice < 980) this.#blocked.clear();
    else if (dice < 988) this.#crash(server);
    else if (!server.isUp) this.#restart(server);
  }

  /** Does what is due next: a delivery, a flush, a word of a server to itself, or a timer. */
  #advance(): void {
    let dueMs = Number.POSITIVE_INFINITY;
    let run = (): void => {};
    const consider = (atMs: number, next: () => void): void => {
      if (atMs >= dueMs) return;
      dueMs = atMs;
      run = next;
    };
    const [envelope] = this.#network;
    if (envelope !== undefined) consider(envelope.atMs, () => this.#deliver(envelope));
    for (const server of this.#servers) {
      if (!server.isUp) continue;
      if (server.compactionDue > 0) consider(this.#nowMs, () => this.#compactAsAsked(server));
      if (server.toItself.length > 0) consider(this.#nowMs, () => this.#hearItself(server));
      const [batch] = server.unflushed;
      if (batch !== undefined) consider(batch.atMs, () => this.#flush(server));
      const [transfer] = server.transfers;
      if (transfer !== undefined) consider(transfer.atMs, () => this.#endTransfer(server));
      for (const [id, atMs] of server.deadlines) consider(atMs, () => this.#fire(server, id));
    }
    if (dueMs < Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, dueMs);
    run();
  }

  #deliver(envelope: InFlight): void {
    this.#network.shift();
    if (!this.#blocked.has(`${envelope.from}>${envelope.to}`)) this.#receive(envelope);
  }

  #post(from: Address, to: Address, message: Tagged): void {
    const random = this.#random;
    const delayMs = chance(random, 0.95) ? 1 + 5 * random.next() : 1_500 * random.next();
    const envelope = { from, to, message, atMs: this.#nowMs + delayMs };
    const place = this.#network.findLastIndex(({ atMs }) => atMs <= envelope.atMs);
    this.#network.splice(place + 1, 0, envelope);
    this.#sent.push(envelope);
    if (this.#sent.length > 300) this.#sent.shift();
  }

  #receive(envelope: InFlight | undefined): void {
    const server = this.#servers.find(({ address }) => address === envelope?.to);
    if (envelope === undefined || server === undefined || !server.isUp) return;
    this.#tell(server, this.#kit.definition.parseMessage(envelope.message), envelope.from);
  }

  #hearItself(server: Life<Context, Remembered>): void {
    const message = server.toItself.shift();
    if (message !== undefined) this.#tell(server, message, server.address);
  }

  #tell(server: Life<Context, Remembered>, message: Tagged, from: Address): void {
    this.#take(server, this.#kit.definition.transition(server.state, { ...message, from, atMs: 0 }));
  }

  #fire(server: Life<Context, Remembered>, id: string): void {
    this.#take(server, this.#kit.definition.fire(server.state, id, 0));
  }

  #fireEarly(server: Life<Context, Remembered>): void {
    const timer = pick(this.#random, this.#kit.definition.timers(server.state));
    if (server.isUp && timer !== undefined) this.#fire(server, timer.id);
  }

  #ask(anybody: Life<Context, Remembered>): void {
    const random = this.#random;
    const server = chance(random, 0.8) ? (this.#servers.find(({ leads }) => leads) ?? anybody) : anybody;
    const dice = integerBelow(random, 10);
    if (!server.isUp) return;
    if (dice < 6) {
      const bytes = (): Uint8Array =>
        Uint8Array.from({ length: integerBelow(random, 30) }, () => integerBelow(random, 250));
      this.#propose(server, Array.from({ length: 1 + integerBelow(random, 3) }, bytes));
    } else if (dice < 9) {
      this.#lastId += 1;
      this.#witness.asksRead(this.#lastId);
      this.#request(server, { type: 'read', id: this.#lastId });
    } else this.#compact(server, server.applied.length - integerBelow(random, 3));
  }

  #propose(server: Life<Context, Remembered>, commands: readonly Uint8Array[]): void {
    this.#lastId += 1;
    this.#witness.asksProposal(this.#lastId, commands);
    this.#request(server, { type: 'propose', id: this.#lastId, commands });
  }

  #compact(server: Life<Context, Remembered>, index: number): void {
    if (index < 1) return;
    this.#lastFile += 1;
    const file = { name: `log/kv/${this.#lastFile}`, sizeBytes: index, checksum: this.#lastFile };
    this.#files.set(file.name, server.applied.slice(0, index));
    this.#request(server, { type: 'compact', index, file });
  }

  #compactAsAsked(server: Life<Context, Remembered>): void {
    const index = server.compactionDue;
    server.compactionDue = 0;
    this.#compact(server, index);
  }

  #request(server: Life<Context, Remembered>, request: Tagged & Record<string, unknown>): void {
    this.#tell(server, this.#kit.definition.parseRequest(request), server.address);
  }

  #loseContact(server: Life<Context, Remembered>): void {
    const node = nodeOf(pick(this.#random, this.#voters) ?? server.address);
    if (!server.isUp || node === nodeOf(server.address)) return;
    const lost = { type: 'unreachable', node, reason: 'disconnected' } as const;
    this.#tell(server, lost, server.address);
  }

  /** Cuts `server` off from all the others, or from one of them in one direction. */
  #isolate(server: Life<Context, Remembered>): void {
    const isWhole = chance(this.#random, 0.5);
    for (const address of isWhole ? this.#voters : [pick(this.#random, this.#voters)]) {
      this.#blocked.add(`${server.address}>${address}`);
      if (isWhole) this.#blocked.add(`${address}>${server.address}`);
    }
  }

  #crash(server: Life<Context, Remembered>): void {
    if (server.isUp) this.tally.crashes += 1;
    server.isUp = false;
    this.#witness.seesDeath(server.address);
  }

  #restart({ address, written }: Life<Context, Remembered>): void {
    this.#begin(this.#voters.indexOf(address), address, written);
  }

  #begin(place: number, address: Address, written: readonly Persist[]): void {
    const remembered = this.#folded(written);
    const step = this.#kit.definition.start(remembered, { self: address, input: this.#kit.input(this.#voters) });
    const server = new Life<Context, Remembered>(this.#kit.definition, address, step, written, remembered);
    this.#servers[place] = server;
    this.#take(server, step);
  }

  /** Does what a step of `server` asks for. */
  #take(server: Life<Context, Remembered>, step: Step): void {
    const { context: before } = server;
    const led = server.leads;
    server.state = step.state;
    for (const { timer, armed } of step.timers) if (armed) this.#arm(server, timer.id);
    for (const id of server.deadlines.keys()) if (!step.state.armed.includes(id)) server.deadlines.delete(id);
    const { outbox, records, released } = offer(server.outbox, step.effects);
    server.outbox = outbox;
    if (records.length > 0) {
      const lagMs = chance(this.#random, 0.97) ? 3 * this.#random.next() : 1_000 * this.#random.next();
      const atMs = Math.max(this.#nowMs + lagMs, server.unflushed.at(-1)?.atMs ?? 0);
      server.unflushed.push({ batch: outbox.lastBatch, atMs, records });
    }
    const { context } = server;
    this.#witness.sees({ address: server.address, role: this.#kit.definition.roleAt(server.state), context });
    if (server.leads && !led) this.tally.leaders += 1;
    if (this.#kit.gaveWay(before, context)) this.tally.gaveWay += 1;
    if (chance(this.#random, 0.05)) assertPlain(context);
    for (const effect of released) this.#carryOut(server, effect);
  }

  #arm(server: Life<Context, Remembered>, id: string): void {
    const timer = this.#kit.definition.allTimers.get(id);
    if (timer === undefined) throw new Error(`no timer ${id}`);
    server.deadlines.set(
      id,
      this.#nowMs + draw(this.#kit.definition.rangeOf(timer, server.state), this.#timeouts.next()),
    );
  }

  #flush(server: Life<Context, Remembered>): void {
    const oldest = server.unflushed.shift();
    if (oldest === undefined) return;
    server.written = inForce([...server.written, ...oldest.records]);
    const isReplaced = oldest.records.some(({ checkpoint }) => checkpoint === true);
    server.remembered = isReplaced ? this.#folded(server.written) : this.#folded(oldest.records, server.remembered);
    const { outbox, released } = flushed(server.outbox, oldest.batch);
    server.outbox = outbox;
    for (const effect of released) this.#carryOut(server, effect);
  }

  #carryOut(server: Life<Context, Remembered>, effect: Released): void {
    if (effect.type === 'perform') this.#fetch(server, effect);
    else if (effect.type === 'deliver') this.#apply(server, effect.output as Told);
    else if (effect.to === server.address) server.toItself.push(effect.message);
    else {
      this.#witness.seesSent(server, effect.to, effect.message);
      this.#post(server.address, effect.to, effect.message);
    }
  }

  /** A snapshot comes at some time, or does not; a server that crashes meanwhile asks again. */
  #fetch(server: Life<Context, Remembered>, { id }: Perform): void {
    const result: Performed['result'] = chance(this.#random, 0.8)
      ? { type: 'done', value: undefined }
      : { type: 'refused', error: 'the transfer failed' };
    server.transfers.push({
      atMs: this.#nowMs + 500 * this.#random.next(),
      performed: { type: 'performed', id, result },
    });
  }

  #endTransfer(server: Life<Context, Remembered>): void {
    const transfer = server.transfers.shift();
    if (transfer !== undefined) this.#tell(server, transfer.performed, server.address);
  }

  #apply(server: Life<Context, Remembered>, told: Told): void {
    const { tally } = this;
    const output = told as unknown as Output;
    if (output.type === 'snapshotInstalled') {
      tally.restored += 1;
      server.applied = [...(this.#files.get(output.file.name) ?? [])];
    } else if (output.type === 'compactionDue') {
      tally.compacted += 1;
      server.compactionDue = output.index;
    } else if (output.type === 'readable') tally.reads += 1;
    else if (output.type === 'refused') tally.refused += 1;
    this.#witness.hears(server, told, this.#servers);
    tally.committed = this.#witness.commits;
  }

  /** What records tell, after what was known before. */
  #folded(written: readonly Persist[], start = this.#kit.memory.start): Remembered {
    const { definition, memory } = this.#kit;
    return written.reduce((state, { record }) => memory.step(state, definition.parseRecord(record)), start);
  }
}
