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

/** What JSON the bytes of a body hold; undefined when there are none, or they are none. */
export const jsonOfBody = (body: unknown): unknown =>
  body instanceof Uint8Array ? jsonIn(new TextDecoder().decode(body)) : undefined;

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
