/**
 * Idempotency keys of tokens. A key names a request of the one that gave it: under the key of another token it would be answered
 * with what that one was told, and not be done.
 */

import { createHash } from 'node:crypto';
import { isIdempotencyKey } from '../store/sessions/entries.ts';

/**
 * The idempotency key by which the store knows a request of the token `name`. It begins with the name and a character which none of a
 * header can have, and fits what is left of the limit, whatever the length of the given key. Keys that are none stay so, and are refused.
 */
export const keyOfToken = (name: string, key: string): string =>
  isIdempotencyKey(key) ? `${name}\0${createHash('sha256').update(key).digest('base64url')}` : key;
