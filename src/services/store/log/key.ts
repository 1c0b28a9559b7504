/** Keys of logs, each of which is a part of the names of its snapshots' files. */

import { MalformedRequestError } from '../errors.ts';

/** Characters of a key; and as it stands in the name of a file. */
const keyLimit = 40;
const fileKeyLimit = 120;

/** @throws MalformedRequestError when no file could be named after `key` */
export function checkKey(key: string): void {
  if (key.length > keyLimit) {
    throw new MalformedRequestError(`expected a key of at most ${keyLimit} characters, got ${key.length}`);
  }
  if (/\p{Surrogate}/u.test(key) || encodeURIComponent(key).length > fileKeyLimit) {
    throw new MalformedRequestError(
      `expected a key that takes at most ${fileKeyLimit} characters in the name of a file, got '${key}'; use letters, digits, '-' and '_'`,
    );
  }
}
