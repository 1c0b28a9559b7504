/** The value of a register as a replicated log has decided it: the log's changes, applied one after the other. */

import * as v from 'valibot';
import { decode, encode } from '../../codec.ts';
import { UnreadableStateError } from '../../errors.ts';
import type { LogRun, LogToken, ReplicatedLog, SnapshotReader } from '../replicated-log.ts';

/** What a register holds, and how it changes. */
export interface RegisterRules<Value, Change> {
  /** How values and changes read, in snapshots and in the log. */
  readonly value: v.GenericSchema<unknown, Value>;
  readonly change: v.GenericSchema<unknown, Change>;
  /** Pure, and the same on all nodes: the value after a change was asked for; the same one if that is refused. */
  decide(current: Value, wanted: Change): Value;
}

/** Follows one log, whose snapshots are the value. */
export class LoggedValue<Value, Change> {
  readonly #log: ReplicatedLog;
  readonly #rules: RegisterRules<Value, Change>;
  readonly #decided: () => void;
  readonly #fail: (error: unknown) => void;
  #current: Value;
  #appliedIndex = 0;
  /** Of that entry; undefined as long as the value is that of a snapshot, or the first. */
  #appliedToken: LogToken | undefined;
  /** While a snapshot is read; what is committed meanwhile waits. */
  #restoring: SnapshotReader | undefined;
  readonly #waiting: LogRun[] = [];
  #isDue = false;

  /** @param decided something was asked and decided, whether the value is another one or not */
  constructor(
    log: ReplicatedLog,
    rules: RegisterRules<Value, Change>,
    founding: Value,
    decided: () => void,
    fail: (error: unknown) => void,
  ) {
    this.#log = log;
    this.#rules = rules;
    this.#current = founding;
    this.#decided = decided;
    this.#fail = fail;
  }

  get current(): Value {
    return this.#current;
  }

  /** The last entry of the log that is applied. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Applies the next committed entries. @throws UnreadableStateError */
  follow(entries: LogRun): void {
    if (this.#restoring !== undefined) {
      this.#waiting.push(entries);
      return;
    }
    let hasDecided = false;
    for (const { command, index, token } of entries) {
      this.#appliedIndex = index;
      this.#appliedToken = token;
      if (command === undefined) continue;
      hasDecided = true;
      this.#current = this.#rules.decide(this.#current, readAs(this.#rules.change, command, 'a change in the log'));
    }
    if (hasDecided) this.#decided();
  }

  /** Takes the value from a snapshot. */
  install(index: number, reader: SnapshotReader): void {
    this.#restoring?.release();
    this.#restoring = reader;
    this.#waiting.length = 0;
    reader.next((part) => {
      if (this.#restoring !== reader) return;
      reader.release();
      try {
        if (part instanceof Error) throw part;
        this.#current = readAs(this.#rules.value, part, 'a value in the snapshot');
        this.#appliedIndex = index;
        this.#appliedToken = undefined;
        this.#restoring = undefined;
        this.#decided();
        for (const entries of this.#waiting.splice(0)) this.follow(entries);
        if (this.#isDue) this.due();
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Gives the log a snapshot. Throws like `ReplicatedLog.propose`. */
  due(): void {
    this.#isDue = this.#restoring !== undefined;
    if (this.#isDue || this.#appliedToken === undefined) return;
    const writer = this.#log.snapshot(this.#appliedIndex, this.#appliedToken);
    writer.write(encode(this.#current), (error) => {
      if (error === undefined) writer.finish(() => undefined);
      else writer.abandon();
    });
  }
}

/** @throws UnreadableStateError */
function readAs<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array | undefined, what: string): T {
  const { success, output, issues } = v.safeParse(schema, bytes === undefined ? undefined : decode(bytes));
  if (success) return output;
  const [issue] = issues;
  throw new UnreadableStateError(
    `expected ${what} of the register, got something else: ${v.getDotPath(issue) ?? 'all of it'}: ${issue.message}`,
  );
}
