/** How large values are read: what their manifest names, part by part. */

import { LargeValueReplacedError, MalformedValueError, RevisionForgottenError } from '../errors.ts';
import type { Versioned } from '../key-value/commands.ts';
import type { KeyValueStore } from '../key-value/contract.ts';
import type { RequestOptions } from './abandoned.ts';
import type { LargeValue } from './contract.ts';
import { type Layout, type Manifest, manifestIn } from './layout.ts';

/** Where they are. */
export interface Place {
  readonly store: KeyValueStore;
  readonly layout: Layout;
  readonly limitBytes: number;
}

/** How often a value that is replaced all the time is read anew. */
const readsLimit = 16;

/** What is there now; see `LargeValues`. */
export async function openValue(place: Place, name: string, asked: RequestOptions): Promise<LargeValue | undefined> {
  const there = await place.store.get(place.layout.manifest(name), asked);
  if (there === undefined) return undefined;
  const { version } = there;
  const manifest = manifestIn(name, there.value, place.limitBytes);
  return {
    version,
    sizeBytes: manifest.sizeBytes,
    parts: { [Symbol.asyncIterator]: () => partsOf(place, { name, version, manifest }, asked) },
  };
}

/** The whole of it. */
export async function readWhole(place: Place, name: string, asked: RequestOptions): Promise<Versioned | undefined> {
  for (let reads = 1; ; reads += 1) {
    const value = await openValue(place, name, asked);
    if (value === undefined) return undefined;
    try {
      return { value: await wholeOf(value), version: value.version };
    } catch (error) {
      if (!(error instanceof LargeValueReplacedError) || reads === readsLimit) throw error;
    }
  }
}

interface Found {
  readonly name: string;
  readonly version: number;
  readonly manifest: Manifest;
}

async function* partsOf(
  { store, layout }: Place,
  { name, version, manifest: { id, sizeBytes, partBytes } }: Found,
  asked: RequestOptions,
): AsyncGenerator<Uint8Array> {
  for (let index = 0; index * partBytes < sizeBytes; index += 1) {
    const key = layout.part(id, index);
    // Parts that are gone were there when the manifest was.
    const part =
      (await store.get(key, asked)) ?? (await store.get(key, { ...asked, revision: version }).catch(replaced));
    const expected = Math.min(partBytes, sizeBytes - index * partBytes);
    if (part?.value.length !== expected) {
      throw new MalformedValueError(
        `expected ${expected} bytes under '${key}', got ${part?.value.length ?? 'none'}; put '${name}' anew`,
      );
    }
    yield part.value;
  }
}

function replaced(error: unknown): never {
  if (!(error instanceof RevisionForgottenError)) throw error;
  throw new LargeValueReplacedError('expected the value to stay while it is read, but it was replaced; read it again', {
    cause: error,
  });
}

async function wholeOf({ sizeBytes, parts }: LargeValue): Promise<Uint8Array> {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for await (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
