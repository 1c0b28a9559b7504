/**
 * Keys of any bytes over HTTP. With `?keys=bytes`, the octets of a key in a URL are those that are percent-encoded there, be they
 * UTF-8 or not, and keys in JSON that go beyond ASCII are told as `{ "base64": ... }`. Before a request is routed, its URL is made one of
 * the text that carries those bytes, so that rights, the audit log and routes know keys of one kind.
 */

import type { FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { bytesOfKey, carriesBytes, keyOfBytes } from '../store/key-value/byte-keys.ts';
import { malformed } from './reading.ts';

/** How the keys of a request are written. */
export type KeyForm = 'text' | 'bytes';

const asksForBytes = /(?:^|&)keys=bytes(?:&|$)/;
const queryOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');

/** That of a request whose route takes `keys`. @throws HttpRequestError */
export function keyFormOf({ query, url }: Pick<FastifyRequest, 'query' | 'url'>): KeyForm {
  const { keys }: { readonly keys?: unknown } = Object(query);
  if (keys === undefined) return 'text';
  // As its URL was made another one by this very spelling, and by no other.
  if (keys === 'bytes' && asksForBytes.test(queryOf(url))) return keys;
  throw malformed(`expected keys=bytes, got '${String(keys)}'`, 'leave it out for keys of text');
}

/** A key in JSON; a text is that key in both forms, and so is one that carries no bytes. */
export type ToldKey = string | { readonly base64: string };

export function toldKey(key: string, form: KeyForm): ToldKey {
  if (form === 'text' || /^[\0-\x7f]*$/.test(key) || !carriesBytes(key)) return key;
  return { base64: Buffer.from(bytesOfKey(key)).toString('base64') };
}

/** A key in the JSON of a request, as text or as bytes. Throws KeyLimitError for too many of them. */
export const keyInJson = v.union([
  v.string(),
  v.pipe(
    v.strictObject({ base64: v.pipe(v.string(), v.base64('expected base64')) }),
    v.transform(({ base64 }) => keyOfBytes(Buffer.from(base64, 'base64'))),
  ),
]);

const keyPath = /^\/(?:kv|history)\//;
const keyParameters: readonly string[] = ['key', 'prefix', 'from', 'to'];

/** Octets as the text that carries them: those of a URL are ASCII. */
const octetsOf = (encoded: string): string =>
  encoded.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** The URL by which a request is routed. One that is malformed stays as it is, and is refused by the router. */
export function routedUrl(url: string): string {
  const query = queryOf(url);
  if (!asksForBytes.test(query)) return url;
  const path = url.slice(0, url.indexOf('?'));
  if (/%(?![0-9a-f]{2})/i.test(path)) return url;
  const routedQuery = query.split('&').map((parameter) => {
    const [name = '', ...rest] = parameter.split('=');
    const isOfKey = keyParameters.includes(octetsOf(name));
    return isOfKey ? `${name}=${encodeURIComponent(octetsOf(rest.join('=').replaceAll('+', ' ')))}` : parameter;
  });
  const [folder] = keyPath.exec(path) ?? [path];
  return `${folder}${encodeURIComponent(octetsOf(path.slice(folder.length)))}?${routedQuery.join('&')}`;
}
