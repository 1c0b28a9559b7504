/**
 * Values that are longer than one command of the log may be: their parts are put under keys of their own, then a manifest that names
 * them. The manifest is one key of the store, so that large values are as linearizable as that: its write is the moment from which
 * the new value is read, and no part of a manifest is ever changed. See `layout.ts` for what becomes of other parts.
 */

import { systemEnvironment } from '../../../environment/environment.ts';
import { MalformedRequestError } from '../errors.ts';
import { assertKey, valueLimitBytes } from '../key-value/commands.ts';
import type { KeyValueStore } from '../key-value/contract.ts';
import { removeAbandoned } from './abandoned.ts';
import { type LargeValues, type LargeValuesOptions, largeValueLimitBytes } from './contract.ts';
import { layoutBelow } from './layout.ts';
import { openValue, readWhole } from './reading.ts';
import { deleteValue, putValue, type WritingPlace } from './writing.ts';

/**
 * Makes large values over a store.
 *
 * @throws MalformedRequestError for options that make no sense
 *
 * @example
 * const files = largeValues(client, { prefix: 'files/' });
 * await files.put('report.pdf', createReadStream('report.pdf'));
 * const file = await files.open('report.pdf');
 * if (file !== undefined) await pipeline(file.parts, createWriteStream('copy.pdf'));
 */
export function largeValues(store: KeyValueStore, options: LargeValuesOptions): LargeValues {
  const { prefix, limitBytes = largeValueLimitBytes, partBytes = valueLimitBytes / 2, ttlMs = 30_000 } = options;
  const { clock = systemEnvironment().clock } = options;
  if (!Number.isSafeInteger(partBytes) || partBytes < 1 || partBytes > valueLimitBytes) {
    throw new MalformedRequestError(`expected parts of 1 to ${valueLimitBytes} bytes, got ${partBytes}`);
  }
  if (!Number.isSafeInteger(limitBytes) || limitBytes < 0) {
    throw new MalformedRequestError(`expected a limit of whole bytes, 0 or more, got ${limitBytes}`);
  }
  const layout = layoutBelow(prefix);
  const place: WritingPlace = { store, layout, limitBytes, partBytes, ttlMs, clock };
  const assertName = (name: string): void => {
    assertKey(name);
    assertKey(layout.manifest(name));
  };
  return {
    async put(name, source, asked = {}) {
      assertName(name);
      return { version: await putValue(place, name, source, asked) };
    },
    async open(name, asked = {}) {
      assertName(name);
      return openValue(place, name, asked);
    },
    async get(name, asked = {}) {
      assertName(name);
      return readWhole(place, name, asked);
    },
    async delete(name, asked = {}) {
      assertName(name);
      return { version: await deleteValue(place, name, asked) };
    },
    removeAbandoned: (asked = {}) => removeAbandoned(store, layout, Number.MAX_SAFE_INTEGER, asked),
  };
}
