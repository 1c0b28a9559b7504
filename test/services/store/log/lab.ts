/** A cluster of logs on virtual time, and a witness of what their servers tell, who knows what every log promises. */

import { decode, encode } from '../../../../src/services/store/codec.ts';
import type {
  HandOverRefusal,
  LogEntry,
  LogEvent,
  LogStarter,
  LogToken,
  ReplicatedLog,
  SnapshotReader,
} from '../../../../src/services/store/log/replicated-log.ts';
import type { VirtualClock } from '../../../../src/simulator/virtual-clock.ts';

/** A log under test: servers that can crash, come back, and be cut off. */
export interface LogLab {
  readonly clock: VirtualClock;
  readonly nodes: readonly string[];
  /** How many committed entries of an epoch the next one may lack. Default none. */
  readonly maxLoss?: number;
  /** Starts the server of a node that is not up; it keeps what its earlier lives wrote down. */
  start(node: string, listen: (log: ReplicatedLog) => void): void;
  crash(node: string): void;
  /** Cuts `nodes` off from the others and from each other, and them alone. */
  isolate(nodes: readonly string[]): void;
  close(): Promise<void>;
}

/** Makes a lab; every server is down. `wrap` stands between the log and those who hear it. */
export type MakeLab = (seed: number, wrap?: (starter: LogStarter) => LogStarter) => LogLab;

interface Committed {
  readonly token: LogToken;
  readonly value: number | undefined;
}

interface Proposal {
  readonly node: string;
  readonly life: number;
  readonly values: readonly number[];
  fate: 'asked' | 'placed' | 'refused';
  index: number;
  token: LogToken;
}

/** The life of a server, and what the application above it has heard. */
interface Life {
  readonly node: string;
  readonly number: number;
  readonly log: ReplicatedLog;
  state: readonly number[];
  appliedIndex: number;
  /** While a snapshot is read: what was committed meanwhile. */
  waiting: LogEntry[] | undefined;
}

/** A hand-over that a server was asked for. */
interface HandOver {
  readonly id: number;
  readonly life: Life;
  answer: 'handed over' | HandOverRefusal | undefined;
  /** Whether the server has taken a proposal that came after it. */
  tookProposal: boolean;
}

/** Runs an application on each server, and throws as soon as a log breaks its word. */
export class Witness {
  readonly lab: LogLab;
  readonly #committed = new Map<number, Committed>();
  /** Where each value was committed. */
  readonly #places = new Map<number, number>();
  readonly #proposals = new Map<number, Proposal>();
  /** The places of entries that were committed and lost, by the tokens that they had. */
  readonly #lost = new Map<LogToken, Set<number>>();
  /** For each read, the last entry that anybody knew to be committed when it was asked. */
  readonly #reads = new Map<number, { index: number; readonly life: Life }>();
  readonly #handOvers = new Map<number, HandOver>();
  readonly #lives = new Map<string, Life>();
  #lastId = 0;
  #lastLife = 0;
  #lastValue = 0;
  /** What happened, so that a test can see that something did. */
  readonly seen = {
    placed: 0,
    refused: 0,
    readable: 0,
    committed: 0,
    restored: 0,
    superseded: 0,
    lost: 0,
    handedOver: 0,
    notHandedOver: 0,
  };

  constructor(lab: LogLab) {
    this.lab = lab;
    for (const node of lab.nodes) this.start(node);
  }

  start(node: string): void {
    if (this.#lives.has(node)) return;
    this.#lastLife += 1;
    const number = this.#lastLife;
    this.lab.start(node, (log) => {
      const life: Life = { node, number, log, state: [], appliedIndex: 0, waiting: undefined };
      this.#lives.set(node, life);
      log.listen({
        event: (event) => {
          if (this.#lives.get(node) === life) this.#hear(life, event);
        },
        changed: () => this.#look(life),
        ended: () => undefined,
      });
    });
  }

  crash(node: string): void {
    if (!this.#lives.delete(node)) return;
    this.lab.crash(node);
  }

  propose(node: string, count: number): void {
    const life = this.#lives.get(node);
    if (life === undefined) return;
    const values = Array.from({ length: count }, () => {
      this.#lastValue += 1;
      return this.#lastValue;
    });
    this.#lastId += 1;
    const proposal = { node, life: life.number, values, fate: 'asked' as const, index: 0, token: '' };
    this.#proposals.set(this.#lastId, proposal);
    life.log.propose(
      this.#lastId,
      values.map((value) => encode(value)),
    );
  }

  read(node: string): void {
    const life = this.#lives.get(node);
    if (life === undefined) return;
    this.#lastId += 1;
    this.#reads.set(this.#lastId, { index: this.#lastIndex(), life });
    life.log.read(this.#lastId);
  }

  /** @returns the id of the request; undefined where there is no server */
  handOver(node: string, to?: string): number | undefined {
    const life = this.#lives.get(node);
    if (life === undefined) return undefined;
    this.#lastId += 1;
    const id = this.#lastId;
    this.#handOvers.set(id, { id, life, answer: undefined, tookProposal: false });
    life.log.handOver(id, to);
    return id;
  }

  /** How a hand-over was answered. */
  answerOf(id: number | undefined): HandOver['answer'] {
    return id === undefined ? undefined : this.#handOvers.get(id)?.answer;
  }

  leader(): string | undefined {
    const leaders = [...this.#lives.values()].filter(({ log }) => log.isLeader);
    return leaders.length === 1 ? leaders[0]?.node : undefined;
  }

  /** Whether all servers are up, and have applied all that any of them has. */
  isLevel(): boolean {
    const lives = [...this.#lives.values()];
    const last = this.#lastIndex();
    return lives.length === this.lab.nodes.length && lives.every(({ appliedIndex }) => appliedIndex === last);
  }

  /** Whether `value` of the last proposal is committed. */
  isCommitted(value: number): boolean {
    return this.#places.has(value);
  }

  get lastValue(): number {
    return this.#lastValue;
  }

  /** What can be told only of a whole run. */
  finish(): void {
    for (const { fate, index, token, values } of this.#proposals.values()) {
      values.forEach((value, at) => {
        const place = this.#places.get(value);
        if (fate === 'refused' && place !== undefined) throw new Error(`value ${value} was refused, and committed`);
        const there = fate === 'placed' ? this.#committed.get(index + at) : undefined;
        if (there === undefined || there.token === token) return;
        this.seen.superseded += 1;
        if (place === undefined) return;
        throw new Error(`value ${value} lost its place ${index + at}, and was committed at ${place}`);
      });
    }
    for (const { id, life, answer } of this.#handOvers.values()) {
      if (answer === undefined && this.#lives.get(life.node) === life) throw new Error(`hand-over ${id} has no answer`);
    }
  }

  #lastIndex(): number {
    return Math.max(0, ...this.#committed.keys());
  }

  #look({ node, log }: Life): void {
    const { isLeader } = log;
    const status = log.status();
    if (isLeader !== (status.role === 'leader')) throw new Error(`${node} leads: ${isLeader}, and says ${status.role}`);
    if (isLeader && log.leader !== node) throw new Error(`${node} leads, and takes ${log.leader} for the leader`);
    if (status.commitIndex > status.lastIndex) throw new Error(`${node} has committed more than it holds`);
    if (status.nodes.join() !== [...status.nodes].sort().join()) throw new Error('nodes are told in another order');
  }

  #hear(life: Life, event: LogEvent): void {
    switch (event.type) {
      case 'startedOver':
        if (this.lab.maxLoss === undefined) throw new Error(`${life.node} started over`);
        life.state = [];
        life.appliedIndex = 0;
        life.waiting = undefined;
        return;
      case 'placed':
        this.#placed(life, event.id, event.index, event.token);
        return;
      case 'refused': {
        const proposal = this.#proposals.get(event.id);
        if (proposal === undefined && this.#reads.get(event.id)?.life !== life) throw unasked(event);
        this.#reads.delete(event.id);
        if (proposal !== undefined) this.#answered(life, proposal, 'refused');
        return;
      }
      case 'readable': {
        const read = this.#reads.get(event.id);
        if (read?.life !== life) throw unasked(event);
        this.#reads.delete(event.id);
        this.seen.readable += 1;
        if (event.index >= read.index) return;
        throw new Error(`a read at ${event.index} came after ${read.index} was known to be committed`);
      }
      case 'handedOver':
        if (event.leader === life.node) throw new Error(`${life.node} has handed over to itself`);
        if (life.log.isLeader) throw new Error(`${life.node} has handed over, and says that it leads`);
        this.#handOverEnded(life, event, 'handed over');
        return;
      case 'notHandedOver':
        this.#handOverEnded(life, event, event.reason);
        return;
      case 'committed':
        if (life.waiting === undefined) this.#applyAll(life, event.entries);
        else life.waiting.push(...event.entries);
        return;
      case 'snapshotInstalled':
        this.#read(life, event.index, event.snapshot);
        return;
      case 'snapshotDue':
        this.#write(life);
    }
  }

  #answered(life: Life, proposal: Proposal, fate: 'placed' | 'refused'): void {
    if (proposal.fate !== 'asked') throw new Error(`a proposal was answered twice: ${proposal.fate}, then ${fate}`);
    if (proposal.life !== life.number) throw new Error('a proposal of another life was answered');
    proposal.fate = fate;
    this.seen[fate] += 1;
  }

  #placed(life: Life, id: number, index: number, token: LogToken): void {
    const proposal = this.#proposals.get(id);
    if (proposal === undefined) throw new Error(`proposal ${id} was placed, which was never asked for`);
    this.#answered(life, proposal, 'placed');
    if (proposal.values.some((value) => this.#places.has(value))) throw new Error('committed before it was placed');
    if (index <= life.appliedIndex) throw new Error(`placed at ${index}, where an entry is committed`);
    Object.assign(proposal, { index, token });
    for (const asked of this.#handOvers.values()) {
      if (asked.life === life && asked.answer === undefined && asked.id < id) asked.tookProposal = true;
    }
  }

  #handOverEnded(life: Life, event: LogEvent & { readonly id: number }, answer: NonNullable<HandOver['answer']>): void {
    const asked = this.#handOvers.get(event.id);
    if (asked?.life !== life || asked.answer !== undefined) throw unasked(event);
    asked.answer = answer;
    this.seen[answer === 'handed over' ? 'handedOver' : 'notHandedOver'] += 1;
    const wasBegun = answer === 'handed over' || answer === 'timed-out' || answer === 'target-behind';
    if (wasBegun && asked.tookProposal) throw new Error(`${life.node} took a proposal while it handed over`);
  }

  #applyAll(life: Life, entries: Iterable<LogEntry>): void {
    for (const { index, token, command } of entries) {
      const value = command === undefined ? undefined : Number(decode(command));
      this.#apply(life, index, { token, value });
    }
  }

  /** Writes the state down in parts of two values, which takes several turns. */
  #write(life: Life): void {
    const { state, log } = life;
    if (life.waiting !== undefined) return;
    const token = this.#committed.get(life.appliedIndex)?.token;
    if (token === undefined) return;
    const writer = log.snapshot(life.appliedIndex, token);
    const writeFrom = (at: number): void => {
      if (at > 0 && at >= state.length) writer.finish(() => undefined);
      else writer.write(encode(state.slice(at, at + 2)), () => writeFrom(at + 2));
    };
    writeFrom(0);
  }

  #read(life: Life, index: number, reader: SnapshotReader): void {
    if (index <= life.appliedIndex) throw new Error(`a snapshot of ${index} came after entry ${life.appliedIndex}`);
    const parts: unknown[] = [];
    const waiting: LogEntry[] = [];
    life.waiting = waiting;
    const readNext = (): void =>
      reader.next((part) => {
        if (life.waiting !== waiting || this.#lives.get(life.node) !== life) return;
        if (part instanceof Error) throw part;
        if (part !== undefined) {
          parts.push(decode(part));
          readNext();
          return;
        }
        life.waiting = undefined;
        this.#restore(life, index, parts.flat());
        this.#applyAll(life, waiting);
      });
    readNext();
  }

  #apply(life: Life, index: number, entry: Committed): void {
    if (index !== life.appliedIndex + 1) throw new Error(`entry ${index} came after entry ${life.appliedIndex}`);
    const known = this.#committed.get(index);
    if (known === undefined) this.#commit(index, entry);
    else if (known.value !== entry.value || known.token !== entry.token) {
      this.#supersede(index, known, entry);
    }
    life.appliedIndex = index;
    if (entry.value !== undefined) life.state = [...life.state, entry.value];
  }

  /** Of two entries at a place the one of the later epoch stays, and the other is lost, with all that follows it. */
  #supersede(index: number, known: Committed, entry: Committed): void {
    const isLate = entry.token < known.token;
    if (isLate) this.#lose(index, entry);
    else {
      for (const [at, it] of this.#committed) if (at >= index && it.token < entry.token) this.#lose(at, it);
      for (const read of this.#reads.values()) read.index = Math.min(read.index, index - 1);
      this.#commit(index, entry);
    }
  }

  #lose(index: number, entry: Committed): void {
    const { token, value } = entry;
    const lost = this.#lost.get(token) ?? new Set();
    this.#lost.set(token, lost.add(index));
    if (lost.size > (this.lab.maxLoss ?? 0)) {
      throw new Error(`entry ${index}, ${value} of ${token}, was committed and is lost, one of ${lost.size}`);
    }
    if (this.#committed.get(index) === entry) this.#committed.delete(index);
    if (value !== undefined && this.#places.get(value) === index) this.#places.delete(value);
    this.seen.lost += 1;
  }

  #commit(index: number, entry: Committed): void {
    const { token, value } = entry;
    for (const proposal of this.#proposals.values()) {
      if (proposal.fate !== 'placed' || proposal.token !== token) continue;
      const mine = proposal.values[index - proposal.index];
      if (mine !== undefined && mine !== value)
        throw new Error(`entry ${index} of ${token} is not what was placed there`);
    }
    this.#committed.set(index, entry);
    this.seen.committed += 1;
    if (value === undefined) return;
    if (value < 1 || value > this.#lastValue) throw new Error(`value ${value} was committed, which nobody proposed`);
    if (this.#places.has(value)) throw new Error(`value ${value} was committed twice`);
    this.#places.set(value, index);
  }

  #restore(life: Life, index: number, state: readonly unknown[]): void {
    const expected: number[] = [];
    for (let at = 1; at <= index; at += 1) {
      const value = this.#committed.get(at)?.value;
      if (value !== undefined) expected.push(value);
    }
    if (state.join() !== expected.join()) {
      throw new Error(`the snapshot of ${index} is not the state there`);
    }
    life.state = expected;
    life.appliedIndex = index;
    this.seen.restored += 1;
  }
}

const unasked = (event: LogEvent): Error => new Error(`${JSON.stringify(event)} answers nothing that was asked`);
