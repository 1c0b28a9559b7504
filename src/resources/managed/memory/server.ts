/**
 * One server of a group in memory: what it holds, what it is, and what it does when it is asked. It knows no time and no
 * network: its group brings it what arrives, in order, and carries away what it sends.
 */

import type {
  Confirming,
  GaveUp,
  Mark,
  ServerOperation,
  ServerStatus,
} from '../../../../statecharts/failover/servers.ts';
import { type ServerRefusal, ServerRefusedError } from '../errors.ts';
import { commonOf, continued, type Held, nothingOf, without } from './stream.ts';

/** What became of a client's write. */
export type WriteOutcome =
  /** The server confirmed it, as its mode says. */
  | 'acknowledged'
  /** The server took no writes: it did not happen. */
  | 'refused'
  /** No answer came, or the server was fenced before it was confirmed. */
  | 'unknown';

/** A manager's connection. */
export interface Session {
  /** Of its claim; undefined before. */
  term: number | undefined;
  /** By the server. */
  isEnded: boolean;
}

/** A standby's connection to its primary. */
export interface Link {
  readonly primary: string;
  /** Whether something came over it. */
  isUp: boolean;
}

/** An answer that may have to wait for confirmations. */
interface Waiting {
  readonly isDone: () => boolean;
  readonly done: () => void;
  readonly lost: () => void;
}

interface Refusal {
  readonly code: ServerRefusal;
  readonly why: string;
}

type Claimed = Exclude<ServerOperation, { readonly type: 'look' | 'start' | 'stop' }>;

export class MemoryServer {
  readonly name: string;
  /** Told when there is something for the standbys. */
  readonly #onWritten: () => void;
  readonly #isDurable: boolean;
  #lives = 1;
  #promotions = 0;
  #role: ServerStatus['role'] = 'fenced';
  #held: Held;
  #confirming: Confirming | undefined;
  #confirmed = new Map<string, number>();
  #waiting: Waiting[] = [];
  #sessions = new Set<Session>();
  #term = 0;
  #gaveUp: GaveUp | undefined;
  link: Link | undefined;

  constructor(name: string, isDurable: boolean, onWritten: () => void) {
    this.name = name;
    this.#isDurable = isDurable;
    this.#onWritten = onWritten;
    this.#held = nothingOf(`${name}/0`);
  }

  get held(): Held {
    return this.#held;
  }

  get isPrimary(): boolean {
    return this.#role === 'primary';
  }

  status(): ServerStatus {
    return {
      role: this.#role,
      incarnation: this.#isDurable ? this.name : `${this.name}/${this.#lives}`,
      position: { history: this.#held.history, offset: this.#held.offset },
      follows: this.link?.primary ?? null,
      isLinked: this.link?.isUp === true,
      mark: this.#held.mark,
      confirmed: Object.fromEntries(this.#confirmed),
      ...(this.#gaveUp === undefined ? {} : { gaveUp: this.#gaveUp }),
    };
  }

  /** The process is gone, and with it all but what it holds. */
  end(): void {
    for (const session of this.#sessions) session.isEnded = true;
    this.#sessions.clear();
    this.#term = 0;
    this.#fence();
  }

  /** The process begins, without the last writes. */
  begin(forgottenWrites: number): void {
    this.#lives += 1;
    this.#gaveUp = undefined;
    this.#held =
      forgottenWrites === Number.POSITIVE_INFINITY
        ? nothingOf(`${this.name}/nothing/${this.#lives}`)
        : without(this.#held, forgottenWrites);
  }

  /** A write of a client. */
  write(value: string, answer: (outcome: WriteOutcome) => void): void {
    if (this.#role !== 'primary') {
      answer('refused');
      return;
    }
    const { offset } = this.#append(value);
    this.#await({
      isDone: () => this.#holders(offset).length >= (this.#confirming?.confirmations ?? 0),
      done: () => answer('acknowledged'),
      lost: () => answer('unknown'),
    });
  }

  /** What a primary sent over a link; true where it was taken. */
  take(link: Link, held: Held): boolean {
    if (this.link !== link) return false;
    const common = commonOf(this.#held, held);
    if (common !== this.#held && this.#held.offset > 0) {
      const { history, offset } = this.#held;
      this.#gaveUp = { history, fromOffset: common?.offset ?? 0, toOffset: offset };
    }
    link.isUp = true;
    this.#held = held;
    return true;
  }

  /** What a standby has confirmed to hold. */
  confirm(standby: string, held: Held): void {
    if (this.#role !== 'primary' || commonOf(this.#held, held) !== held) return;
    this.#confirmed.set(standby, held.offset);
    const done = this.#waiting.filter(({ isDone }) => isDone());
    this.#waiting = this.#waiting.filter((waiting) => !done.includes(waiting));
    for (const waiting of done) waiting.done();
  }

  /** Answers once, with an error where it was not done. */
  operate(session: Session | undefined, operation: Claimed, answer: (error?: Error) => void): void {
    const refusal = this.#refusalOf(session, operation);
    if (refusal !== undefined) {
      answer(new ServerRefusedError(refusal.code, `'${this.name}' refuses '${operation.type}': ${refusal.why}`));
      return;
    }
    if (operation.type === 'claim') this.#claim(session, operation.term);
    if (operation.type === 'fence') this.#fence();
    if (operation.type === 'promote') this.#promote(operation);
    if (operation.type === 'follow') this.#follow(operation.primary);
    if (operation.type === 'confirmWith') this.#confirmWith(operation, answer);
    else answer();
  }

  #refusalOf(session: Session | undefined, operation: Claimed): Refusal | undefined {
    if (operation.type === 'claim') {
      if (operation.term >= this.#term) return undefined;
      return { code: 'CLAIM_LOST', why: `term ${this.#term} has claimed it, later than ${operation.term}` };
    }
    if (session?.isEnded !== false || session.term !== operation.term) {
      return { code: 'CLAIM_LOST', why: `no claim of term ${operation.term} is in force; claim it anew` };
    }
    const why = this.#obstacleTo(operation);
    return why === undefined ? undefined : { code: 'NOT_POSSIBLE', why };
  }

  #obstacleTo(operation: Exclude<Claimed, { readonly type: 'claim' }>): string | undefined {
    const epoch = this.#role === 'primary' ? this.#held.mark?.epoch : undefined;
    switch (operation.type) {
      case 'fence':
        return undefined;
      case 'promote':
        if (this.#role === 'fenced' || epoch === operation.epoch) return undefined;
        return `it is ${this.#role}; fence it first`;
      case 'confirmWith':
        if (epoch !== operation.epoch) return `it is not primary of epoch ${operation.epoch}`;
        return operation.version < (this.#held.mark?.version ?? 0) ? 'its in-sync set is a later one' : undefined;
      case 'follow':
        if (operation.primary === this.name) return 'a server cannot follow itself';
        return this.#role === 'primary' ? 'it is primary; fence it first' : undefined;
    }
  }

  #claim(session: Session | undefined, term: number): void {
    for (const other of this.#sessions) if (other !== session) other.isEnded = true;
    this.#sessions.clear();
    this.#term = term;
    if (session === undefined) return;
    this.#sessions.add(session);
    session.term = term;
  }

  #fence(): void {
    this.#role = 'fenced';
    this.link = undefined;
    this.#confirming = undefined;
    this.#confirmed.clear();
    for (const waiting of this.#waiting.splice(0)) waiting.lost();
  }

  #promote(operation: Confirming): void {
    this.#confirming = operation;
    if (this.#role === 'primary') {
      this.#writeMark(operation);
    } else {
      this.#promotions += 1;
      this.#role = 'primary';
      this.#gaveUp = undefined;
      this.#append(markOf(operation), `${this.name}/${this.#lives}.${this.#promotions}`);
    }
  }

  #confirmWith(operation: Confirming, answer: (error?: Error) => void): void {
    this.#confirming = operation;
    this.#writeMark(operation);
    const { offset } = this.#held;
    this.#await({
      isDone: () => this.#holders(offset).length === operation.inSync.length,
      done: () => answer(),
      lost: () => answer(new Error(`'${this.name}' was fenced before its standbys held what it does`)),
    });
  }

  #writeMark(operation: Confirming): void {
    if (operation.version > (this.#held.mark?.version ?? 0)) this.#append(markOf(operation));
  }

  #follow(primary: string): void {
    if (this.link?.primary === primary) return;
    this.#role = 'standby';
    this.#gaveUp = undefined;
    this.link = { primary, isUp: false };
  }

  #append(written: string | Mark, history = this.#held.history): Held {
    this.#held = continued(this.#held, history, written);
    this.#onWritten();
    return this.#held;
  }

  #await(waiting: Waiting): void {
    if (waiting.isDone()) waiting.done();
    else this.#waiting.push(waiting);
  }

  #holders(offset: number): readonly string[] {
    return (this.#confirming?.inSync ?? []).filter((standby) => (this.#confirmed.get(standby) ?? -1) >= offset);
  }
}

const markOf = ({ epoch, version }: Mark): Mark => ({ epoch, version });
