/** How large values are written: parts as long as their writer lives, then the manifest, once. */

import type { Clock } from '../../../environment/clock.ts';
import { OutcomeUnknownError, PreconditionFailedError, UnavailableError } from '../errors.ts';
import type { Comparison, Transaction, TransactionOperation, Versioned } from '../key-value/commands.ts';
import { type RequestOptions, removeAbandoned, removeWrite } from './abandoned.ts';
import { beginLife, type Life, notAlive } from './alive.ts';
import type { LargeWriteOptions } from './contract.ts';
import { encodeManifest, type Layout, type Manifest, readManifest } from './layout.ts';
import type { Place } from './reading.ts';
import { type LargeSource, partsOf } from './source.ts';

/** Where and how they are written. */
export interface WritingPlace extends Place {
  readonly partBytes: number;
  readonly ttlMs: number;
  readonly clock: Clock;
}

/** Writes that are cleaned up before one is begun. */
const cleanedByPut = 4;

/** See `LargeValues.put`. @returns its version */
export async function putValue(
  place: WritingPlace,
  name: string,
  source: LargeSource,
  { condition, ...asked }: LargeWriteOptions,
): Promise<number> {
  const { store, layout, partBytes } = place;
  // It is asked of again in the end: this spares the way of parts that would be for nothing.
  if (condition !== undefined) assertCondition(name, condition, await store.get(layout.manifest(name), asked));
  await removeAbandoned(store, layout, cleanedByPut, asked).catch(() => undefined);
  const life = await beginLife(store, place.ttlMs, place.clock);
  const id = life.lease;
  try {
    // Done later, it would say of parts that have a manifest that none has them.
    await life.askingOnce(() => store.transaction({ success: begun(layout, id) }, asked)).catch(notBegun);
    const sizeBytes = await putParts(place, life, source, asked);
    const manifest = { id, sizeBytes, partBytes };
    const { version, replaced } = await commit(place, life, name, manifest, {
      ...asked,
      ...(condition && { condition }),
    });
    life.end();
    await cleanUp(place, replaced, asked);
    return version;
  } catch (error) {
    life.end();
    // Also where it is not known whether there is a manifest: without its lease none comes, and what has one is not abandoned.
    await store.revokeLease(id, asked).catch(() => undefined);
    await cleanUp(place, id, asked);
    throw error;
  }
}

/** See `LargeValues.delete`. @returns the version that was deleted */
export async function deleteValue(
  place: Place,
  name: string,
  { condition, ...asked }: LargeWriteOptions,
): Promise<number | undefined> {
  const { store, layout } = place;
  const key = layout.manifest(name);
  for (;;) {
    const before = await store.get(key, asked);
    assertCondition(name, condition, before);
    if (before === undefined) return undefined;
    const success: readonly TransactionOperation[] = [{ type: 'delete', key }, ...givenUp(layout, before)];
    const { succeeded } = await store.transaction({ compare: [unchanged(key, before)], success }, asked);
    if (!succeeded) continue;
    await cleanUp(place, idOf(before), asked);
    return before.version;
  }
}

/** @returns the bytes of all of them */
async function putParts(
  { store, layout, partBytes, limitBytes, ttlMs }: WritingPlace,
  life: Life,
  source: LargeSource,
  asked: RequestOptions,
): Promise<number> {
  const alive = { key: layout.alive(life.lease), condition: { type: 'present' } } as const;
  let [index, sizeBytes] = [0, 0];
  for await (const value of partsOf(source, partBytes, limitBytes)) {
    const part = { type: 'put', key: layout.part(life.lease, index), value } as const;
    const { succeeded } = await life.asking(() => store.transaction({ compare: [alive], success: [part] }, asked));
    if (!succeeded) throw notAlive(ttlMs);
    index += 1;
    sizeBytes += value.length;
  }
  return sizeBytes;
}

async function commit(
  { store, layout, ttlMs }: WritingPlace,
  life: Life,
  name: string,
  manifest: Manifest,
  { condition, ...asked }: LargeWriteOptions,
): Promise<{ readonly version: number; readonly replaced: number | undefined }> {
  const [key, alive] = [layout.manifest(name), layout.alive(manifest.id)];
  for (;;) {
    const before = await life.asking(() => store.get(key, asked));
    assertCondition(name, condition, before);
    const transaction: Transaction = {
      compare: [{ key: alive, condition: { type: 'present' } }, unchanged(key, before)],
      success: [
        { type: 'put', key, value: encodeManifest(manifest) },
        { type: 'delete', key: alive },
        { type: 'delete', key: layout.write(manifest.id) },
        ...givenUp(layout, before),
      ],
      failure: [{ type: 'get', key: alive }],
    };
    const { succeeded, revision, results } = await life.askingOnce(() => store.transaction(transaction, asked));
    if (succeeded) return { version: revision, replaced: idOf(before) };
    const [still] = results;
    if (still?.type !== 'found' || still.found === undefined) throw notAlive(ttlMs);
  }
}

/** Best effort: what stays is abandoned, and is removed by the next one that looks. */
async function cleanUp({ store, layout }: Place, id: number | undefined, asked: RequestOptions): Promise<void> {
  if (id !== undefined) await removeWrite(store, layout, id, asked).catch(() => undefined);
}

const idOf = (before: Versioned | undefined): number | undefined => before && readManifest(before.value)?.id;

/** Says of the parts of an earlier manifest that none has them. */
function givenUp(layout: Layout, before: Versioned | undefined): readonly TransactionOperation[] {
  const id = idOf(before);
  return id === undefined ? [] : [{ type: 'put', key: layout.write(id), value: new Uint8Array() }];
}

const unchanged = (key: string, before: Versioned | undefined): Comparison => ({
  key,
  condition: before === undefined ? { type: 'absent' } : { type: 'version', version: before.version },
});

const begun = (layout: Layout, id: number): readonly TransactionOperation[] => [
  { type: 'put', key: layout.write(id), value: new Uint8Array() },
  { type: 'put', key: layout.alive(id), value: new Uint8Array(), lease: id },
];

/** Of a write whose beginning is not known, no value can come. */
function notBegun(error: unknown): never {
  if (!(error instanceof OutcomeUnknownError)) throw error;
  throw new UnavailableError(`expected to hear that the write has begun: ${error.message}`, { cause: error });
}

function assertCondition(name: string, condition: LargeWriteOptions['condition'], there: Versioned | undefined): void {
  const version = there?.version;
  if (condition === undefined) return;
  if (
    condition.type === 'version'
      ? condition.version === version
      : (condition.type === 'present') === (there !== undefined)
  )
    return;
  const wanted = condition.type === 'version' ? `version ${condition.version}` : `a value that is ${condition.type}`;
  throw new PreconditionFailedError(
    `expected ${wanted} under '${name}', found ${version === undefined ? 'none' : `version ${version}`}; read it again and decide anew`,
    version,
  );
}
