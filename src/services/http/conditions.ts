/** The conditional headers of HTTP (RFC 9110, section 13) over the versions of the store. */

import type { Condition } from '../store/key-value/commands.ts';
import { HttpRequestError } from './problems.ts';

/** A version as an entity tag: `"17"`. */
export const etagOf = (version: number): string => `"${version}"`;

/**
 * The condition of a write.
 *
 * @throws HttpRequestError for a header that is no version, or for both headers at once
 */
export function conditionOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): Condition | undefined {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw refuse('both If-Match and If-None-Match', 'send one of the two');
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return { type: 'absent' };
    throw refuse(
      `If-None-Match: ${ifNoneMatch}`,
      'a write takes If-None-Match: * only, which means that the key is new',
    );
  }
  if (ifMatch === undefined) return undefined;
  if (ifMatch.trim() === '*') return { type: 'present' };
  const version = versionIn(ifMatch);
  if (version === undefined)
    throw refuse(`If-Match: ${ifMatch}`, 'send the ETag of an earlier answer, for instance "17"');
  return { type: 'version', version };
}

/** Whether a reader has `version` already, by its If-None-Match. */
export const isKnown = (ifNoneMatch: string | undefined, version: number): boolean =>
  ifNoneMatch?.split(',').some((tag) => tag.trim() === '*' || versionIn(tag) === version) ?? false;

/** The version in `17`, `"17"` or `W/"17"`. */
function versionIn(tag: string): number | undefined {
  const digits = /^\s*(?:(?:W\/)?"(\d{1,15})"|(\d{1,15}))\s*$/.exec(tag);
  return digits === null ? undefined : Number(digits[1] ?? digits[2]);
}

const refuse = (what: string, whatToDo: string): HttpRequestError =>
  new HttpRequestError(400, 'MALFORMED_CONDITION', `expected a condition on a version, got ${what}`, whatToDo);
