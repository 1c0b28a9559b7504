/** Data from outside, by type: what schemas describe, and the check that it is so. */

import * as v from 'valibot';
import type { Tagged } from './effects.ts';
import { RefusedInputError } from './errors.ts';

/** Schemas of one kind of data (messages, requests, records), by type; the schema describes all but `type`. */
export type Schemas = Record<string, v.GenericSchema<Record<string, unknown>>>;

/** The union that `Schemas` describe: `{ type: 'vote' } & ...` for each of its members. */
export type TaggedBy<S extends Schemas> = {
  [Type in keyof S & string]: { readonly type: Type } & Readonly<v.InferOutput<S[Type]>>;
}[keyof S & string];

/**
 * Validates tagged data from outside.
 *
 * @param name who takes it, and `kind` what it is to be; for the error's message
 * @returns a copy that holds what the schema describes and nothing else
 * @throws RefusedInputError
 */
export function parseTagged<S extends Schemas>(name: string, kind: string, schemas: S, value: Tagged): TaggedBy<S>;
export function parseTagged(name: string, kind: string, schemas: Schemas, value: Tagged): Tagged {
  const schema = Object.hasOwn(schemas, value.type) ? schemas[value.type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(schemas).join(', ') || 'none';
    throw new RefusedInputError(`'${name}' takes no ${kind} '${value.type}'; it takes: ${known}`);
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return { type: value.type, ...parsed.output };
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? 'the whole';
  throw new RefusedInputError(`'${name}': ${kind} '${value.type}' is malformed at ${path}: ${issue.message}`);
}
