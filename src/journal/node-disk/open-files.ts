/**
 * The files that a disk writes to, by name. A descriptor is closed when nothing that was handed to another thread will write
 * to it any more: the system gives its number to the next file that is opened, and that one would take the bytes.
 */

import fs from 'node:fs';

export interface OpenFile {
  readonly descriptor: number;
  /** Writes under way. */
  writes: number;
  isForgotten: boolean;
}

/** A journal writes into one file, and now and then into the next: others are not kept open. */
const keptOpen = 2;

export class OpenFiles {
  readonly #files = new Map<string, OpenFile>();
  readonly #open: (name: string) => number;

  /** @param open opens a file for writing, and returns its descriptor */
  constructor(open: (name: string) => number) {
    this.#open = open;
  }

  /** The file, opened if it is not. */
  of(name: string): OpenFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { descriptor: this.#open(name), writes: 0, isForgotten: false };
      this.#files.set(name, file);
      this.#closeOldest(keptOpen);
    }
    return file;
  }

  /** A write in another thread, which `end` follows. */
  begin(file: OpenFile): void {
    file.writes += 1;
  }

  end(file: OpenFile): void {
    file.writes -= 1;
    if (file.isForgotten && file.writes === 0) fs.closeSync(file.descriptor);
  }

  /** Closes the file, at the latest when its last write has ended. */
  forget(name: string): void {
    const file = this.#files.get(name);
    this.#files.delete(name);
    if (file === undefined) return;
    file.isForgotten = true;
    if (file.writes === 0) fs.closeSync(file.descriptor);
  }

  forgetAll(): void {
    this.#closeOldest(0);
  }

  #closeOldest(most: number): void {
    for (const name of this.#files.keys()) {
      if (this.#files.size <= most) return;
      this.forget(name);
    }
  }
}
