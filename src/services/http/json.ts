/** JSON of those whose word is no promise that it is any. */

import * as v from 'valibot';
import { HttpRequestError } from './problems.ts';

/** What JSON a text holds; undefined when it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What JSON the bytes of a body hold; undefined when there are none, or they are none, or no UTF-8 (RFC 8259, section 8.1). */
export function jsonOfBody(body: unknown): unknown {
  if (!(body instanceof Uint8Array)) return undefined;
  try {
    return jsonIn(utf8.decode(body));
  } catch {
    return undefined;
  }
}

/** Whether a request came without a body. */
export const isEmptyBody = (body: unknown): boolean =>
  body === undefined || body === null || (body instanceof Uint8Array && body.length === 0);

/** What a body holds. @param example of what is expected @throws HttpRequestError */
export function bodyOf<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  example: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new HttpRequestError(
    400,
    'MALFORMED_REQUEST',
    `the body is malformed at ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`,
    `send JSON like ${example}`,
  );
}
