/**
 * The transfer of snapshots between nodes, as the resource `snapshots` of each: the one that needs a snapshot asks for it
 * chunk by chunk, a few at a time, and asks again for what was lost; the other reads the chunks from its file.
 */

import * as v from 'valibot';
import { type Address, addressOf, nodeOf, type Result, type Tagged, type TaggedBy } from '../../statecharts/actor.ts';
import {
  ownerOf,
  type SnapshotFile,
  snapshotName,
  snapshotResource,
  transferOperation,
} from '../../statecharts/transfer.ts';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import { SnapshotError, type SnapshotFileWriter, type SnapshotRoom } from '../journal/snapshots/room.ts';
import type { Resource } from '../resources/resource.ts';

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const chunkBytes = 256 * 1_024;
/** Chunks that are asked for and have not come. */
const windowChunks = 4;
/** What has not come for so long is asked for again, and for so long is given up, in milliseconds. */
const repeatMs = 1_000;
const giveUpMs = 5_000;
/** Chunks that are being read for others; more are not answered, and asked for again. */
const readsLimit = 64;

/** What nodes say to each other about snapshots. */
export const transferMessages = {
  readSnapshot: v.object({ name: snapshotName, offset: natural, length: v.pipe(natural, v.maxValue(chunkBytes)) }),
  snapshotBytes: v.object({ name: snapshotName, offset: natural, data: v.instance(Uint8Array<ArrayBufferLike>) }),
  snapshotAbsent: v.object({ name: snapshotName, error: v.string() }),
};
type TransferMessage = TaggedBy<typeof transferMessages>;

/** Where a node answers about its snapshots. */
export const transferAddress = (node: string): Address => addressOf(node, snapshotResource, '');

export interface TransferParts {
  readonly clock: Clock;
  readonly room: SnapshotRoom;
  send(to: Address, message: Tagged): void;
}

/** A node's side of all transfers. */
export interface Transfer {
  readonly resource: Resource;
  receive(from: Address, message: TransferMessage): void;
  /** Nothing goes on any more. Idempotent. */
  close(): void;
}

export function createTransfer({ clock, room, send }: TransferParts): Transfer {
  /** By owner. */
  const fetches = new Map<string, Fetch>();
  let reads = 0;
  let isClosed = false;

  const serve = (from: Address, { name, offset, length }: Extract<TransferMessage, { type: 'readSnapshot' }>): void => {
    if (reads >= readsLimit) return;
    reads += 1;
    room.read(name, offset, length, (result) => {
      reads -= 1;
      if (isClosed) return;
      const answer: TransferMessage =
        result instanceof SnapshotError
          ? { type: 'snapshotAbsent', name, error: result.message }
          : { type: 'snapshotBytes', name, offset, data: result };
      send(from, answer);
    });
  };
  const fetch = (node: string, file: SnapshotFile, answer: (result: Result) => void): void => {
    const owner = ownerOf(file.name);
    fetches.get(owner)?.end({ type: 'refused', error: 'another transfer for the same owner has begun' });
    const started = new Fetch({
      clock,
      node,
      file,
      writer: room.create(file.name),
      ask(offset, length) {
        const message: TransferMessage = { type: 'readSnapshot', name: file.name, offset, length };
        send(transferAddress(node), message);
      },
      ended(result) {
        if (fetches.get(owner) === started) fetches.delete(owner);
        answer(result);
      },
    });
    fetches.set(owner, started);
    started.proceed();
  };

  return {
    resource: {
      perform({ operation }, answer) {
        const parsed = v.safeParse(transferOperation, operation);
        if (!parsed.success) {
          answer({ type: 'refused', error: `the resource '${snapshotResource}' takes no '${operation.type}'` });
        } else {
          fetch(parsed.output.node, parsed.output.file, answer);
        }
      },
      close: async () => undefined,
    },
    receive(from, message) {
      if (message.type === 'readSnapshot') serve(from, message);
      else {
        const { name } = message;
        const it = fetches.get(ownerOf(name));
        if (it?.isOf(name, nodeOf(from)) !== true) return;
        if (message.type === 'snapshotBytes') it.take(message.offset, message.data);
        else it.end({ type: 'refused', error: message.error });
      }
    },
    close() {
      isClosed = true;
      for (const it of [...fetches.values()]) it.end({ type: 'unknown', error: 'the node has stopped' });
    },
  };
}

interface FetchParts {
  readonly clock: Clock;
  /** The node that has the file. */
  readonly node: string;
  readonly file: SnapshotFile;
  readonly writer: SnapshotFileWriter;
  ask(offset: number, length: number): void;
  ended(result: Result): void;
}

/** One snapshot on its way to this node. */
class Fetch {
  readonly #parts: FetchParts;
  /** Chunks that have come and wait for their turn to be written, by offset. */
  readonly #waiting = new Map<number, Uint8Array>();
  #writtenBytes = 0;
  #askedBytes = 0;
  #isWriting = false;
  #isOver = false;
  #lastMs: number;
  #timeout: TimeoutHandle;

  constructor(parts: FetchParts) {
    this.#parts = parts;
    this.#lastMs = parts.clock.nowMs();
    this.#timeout = parts.clock.setTimeout(() => this.#look(), repeatMs);
  }

  isOf(name: string, node: string): boolean {
    return name === this.#parts.file.name && node === this.#parts.node;
  }

  /** Asks for what the window allows; writes what is next, or ends when nothing is. */
  proceed(): void {
    if (this.#isOver) return;
    const { file, ask } = this.#parts;
    const windowEnd = Math.min(file.sizeBytes, this.#writtenBytes + windowChunks * chunkBytes);
    while (this.#askedBytes < windowEnd) {
      if (!this.#waiting.has(this.#askedBytes)) ask(this.#askedBytes, this.#lengthAt(this.#askedBytes));
      this.#askedBytes += this.#lengthAt(this.#askedBytes);
    }
    if (this.#isWriting) return;
    if (this.#writtenBytes === file.sizeBytes) this.#finish();
    else this.#writeNext();
  }

  take(offset: number, data: Uint8Array): void {
    const isWanted = offset >= this.#writtenBytes && offset < this.#askedBytes && offset % chunkBytes === 0;
    if (this.#isOver || !isWanted || this.#waiting.has(offset) || data.length !== this.#lengthAt(offset)) return;
    this.#lastMs = this.#parts.clock.nowMs();
    this.#waiting.set(offset, data.slice());
    this.proceed();
  }

  /** Ends the transfer; what was written goes, unless that was everything. */
  end(result: Result): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.clock.clearTimeout(this.#timeout);
    if (result.type !== 'done') this.#parts.writer.abandon();
    this.#parts.ended(result);
  }

  #lengthAt(offset: number): number {
    return Math.min(chunkBytes, this.#parts.file.sizeBytes - offset);
  }

  #writeNext(): void {
    const data = this.#waiting.get(this.#writtenBytes);
    if (data === undefined) return;
    this.#waiting.delete(this.#writtenBytes);
    this.#isWriting = true;
    this.#parts.writer.write(data, (error) => {
      this.#isWriting = false;
      if (this.#isOver) return;
      if (error !== undefined) {
        this.end({ type: 'refused', error: error.message });
        return;
      }
      this.#lastMs = this.#parts.clock.nowMs();
      this.#writtenBytes += data.length;
      this.proceed();
    });
  }

  #finish(): void {
    const { file, writer } = this.#parts;
    this.#isWriting = true;
    writer.finish((got) => {
      if (got instanceof SnapshotError) this.end({ type: 'refused', error: got.message });
      else if (got.checksum === file.checksum) this.end({ type: 'done', value: undefined });
      else {
        const error = `snapshot '${file.name}' of node '${this.#parts.node}' is not what its checksum says; look at the disk of that node`;
        this.end({ type: 'refused', error });
      }
    });
  }

  /** Asks again for what may be lost, and gives up where nothing has come for long. */
  #look(): void {
    const { clock, file, node } = this.#parts;
    const idleMs = clock.nowMs() - this.#lastMs;
    if (!this.#isWriting && idleMs >= giveUpMs) {
      this.end({ type: 'refused', error: `node '${node}' sends nothing of snapshot '${file.name}'` });
      return;
    }
    this.#timeout = clock.setTimeout(() => this.#look(), repeatMs);
    if (this.#isWriting || idleMs < repeatMs) return;
    this.#askedBytes = this.#writtenBytes;
    this.proceed();
  }
}
