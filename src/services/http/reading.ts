/** What requests that read have in common: how and as of when they read, and values of any bytes in JSON. */

import type { FastifyRequest } from 'fastify';
import type { ReadOptions } from '../store/key-value/contract.ts';
import type { Selection } from '../store/key-value/selection.ts';
import { type Consistency, consistencies } from '../store/requests/reading.ts';
import { HttpRequestError } from './problems.ts';

/** A header of a request; those that came several times in one. */
export const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

/** A request that makes no sense, and what to do instead. */
export const malformed = (message: string, whatToDo: string): HttpRequestError =>
  new HttpRequestError(400, 'MALFORMED_REQUEST', message, whatToDo);

/** Which keys a request names. */
export interface SelectionQuery {
  readonly key?: string;
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
}

/** @throws HttpRequestError */
export function selectionIn({ key, ...range }: SelectionQuery): Selection {
  if (key === undefined) return range;
  if (Object.values(range).some((it) => it !== undefined)) {
    throw malformed('expected ?key, or ?prefix, ?from and ?to, got both', 'leave one of them out');
  }
  return { key };
}

/** The parameters of a request that reads. */
export interface ReadingQuery {
  readonly consistency?: string;
  readonly maxStalenessMs?: string;
  readonly revision?: string;
}

const isConsistency = (text: string): text is Consistency => consistencies.some((it) => it === text);

/** How a request reads. @throws HttpRequestError */
export function readOptionsIn(
  { consistency = 'linearizable', maxStalenessMs, revision }: ReadingQuery,
  deadlineMs: number,
): ReadOptions {
  if (!isConsistency(consistency)) {
    throw malformed(
      `expected consistency ${consistencies.join(', ')}, got '${consistency}'`,
      'leave it out for a linearizable read',
    );
  }
  if (maxStalenessMs !== undefined && consistency !== 'stale') {
    throw malformed('expected maxStalenessMs of a stale read alone', 'add consistency=stale, or leave it out');
  }
  return {
    deadlineMs,
    consistency,
    ...(maxStalenessMs === undefined ? {} : { maxStalenessMs: naturalIn('maxStalenessMs', maxStalenessMs) }),
    ...(revision === undefined ? {} : { revision: naturalIn('revision', revision) }),
  };
}

/** An integer of 0 or more of a parameter. @throws HttpRequestError */
export function naturalIn(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw malformed(`expected ${name} to be an integer of 0 or more, got '${text}'`, 'mend it, or leave it out');
}

/** A switch of a parameter. @throws HttpRequestError */
export function switchIn(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw malformed(`expected ${name} to be true or false, got '${text}'`, 'mend it, or leave it out');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A value in JSON: as text where it is UTF-8, else as base64. */
export function toldValue(value: Uint8Array): { readonly value: string } | { readonly base64: string } {
  try {
    return { value: utf8.decode(value) };
  } catch {
    return { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
}

/** The bytes of a value in JSON. */
export const valueIn = ({ value, base64 }: { readonly value?: string; readonly base64?: string }): Uint8Array =>
  value === undefined ? new Uint8Array(Buffer.from(base64 ?? '', 'base64')) : new TextEncoder().encode(value);
