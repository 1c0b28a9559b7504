/** The configuration of a store as a replicated log has decided it: the log's changes, applied one after the other. */

import * as v from 'valibot';
import {
  type Change,
  type Configuration,
  change,
  configuration,
  decide,
} from '../../../../../statecharts/primary-backup/configuration.ts';
import { decode, encode } from '../../codec.ts';
import { UnreadableStateError } from '../../errors.ts';
import type { LogRun, ReplicatedLog, SnapshotReader } from '../replicated-log.ts';

/** A change as the log holds it. */
export const commandOf = (wanted: Change): Uint8Array => encode(wanted);

/** Follows one log, whose snapshots are the configuration. */
export class ConfigurationRegister {
  readonly #log: ReplicatedLog;
  readonly #decided: () => void;
  readonly #fail: (error: unknown) => void;
  #current: Configuration;
  #appliedIndex = 0;
  /** While a snapshot is read; what is committed meanwhile waits. */
  #restoring: SnapshotReader | undefined;
  readonly #waiting: LogRun[] = [];
  #isDue = false;

  /** @param decided something was asked and decided, whether the configuration is another one or not */
  constructor(log: ReplicatedLog, founding: Configuration, decided: () => void, fail: (error: unknown) => void) {
    this.#log = log;
    this.#current = founding;
    this.#decided = decided;
    this.#fail = fail;
  }

  get current(): Configuration {
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
    for (const { command, index } of entries) {
      this.#appliedIndex = index;
      if (command === undefined) continue;
      hasDecided = true;
      this.#current = decide(this.#current, changeIn(command));
    }
    if (hasDecided) this.#decided();
  }

  /** Takes the configuration from a snapshot. */
  install(index: number, reader: SnapshotReader): void {
    this.#restoring?.release();
    this.#restoring = reader;
    this.#waiting.length = 0;
    reader.next((part) => {
      if (this.#restoring !== reader) return;
      reader.release();
      try {
        this.#current = configurationIn(part);
        this.#appliedIndex = index;
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
    if (this.#isDue) return;
    const writer = this.#log.snapshot(this.#appliedIndex);
    writer.write(encode(this.#current), (error) => {
      if (error === undefined) writer.finish(() => undefined);
      else writer.abandon();
    });
  }
}

/** @throws UnreadableStateError */
function changeIn(command: Uint8Array): Change {
  const value = decode(command);
  if (v.is(change, value)) return value;
  throw new UnreadableStateError('expected a change of a configuration in the log, got something else');
}

/** @throws UnreadableStateError, or with what went wrong as the snapshot was read */
function configurationIn(part: Uint8Array | undefined | Error): Configuration {
  if (part instanceof Error) throw part;
  const value = part === undefined ? undefined : decode(part);
  if (v.is(configuration, value)) return value;
  throw new UnreadableStateError('expected a configuration in the snapshot, got something else');
}
