/** Reads the file that `quorate failover` and `quorate proxy` are told: what is wrong in it is said with its place. */

import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { oneOf, problemsOf } from '../../config/sections.ts';
import { readJson } from '../../config/values.ts';
import { FileError } from '../../errors.ts';
import { faultOf } from './faults.ts';
import { type FailoverConfig, groupSchemas, serverKinds } from './schema.ts';

/** What was read, and from where on the files that it names are found. */
export interface LocatedConfig {
  readonly config: FailoverConfig;
  /** The absolute path of a file that the configuration names. */
  locate(file: string): string;
}

const head = v.looseObject({ kind: oneOf(serverKinds) }, 'expected an object');

/** @throws FileError when the file cannot be read, or is not what it should be */
export function readFailoverConfig(path: string): LocatedConfig {
  const refuse = (problem: string): never => {
    throw new FileError(`'${path}' is malformed at\n  ${problem}`);
  };
  const content = readJson(path);
  const kind = v.safeParse(head, content);
  if (!kind.success) return refuse(problemsOf(kind.issues));
  const schema: v.GenericSchema<unknown, FailoverConfig> = groupSchemas[kind.output.kind];
  const parsed = v.safeParse(schema, content);
  if (!parsed.success) return refuse(problemsOf(parsed.issues));
  const fault = faultOf(parsed.output);
  if (fault !== undefined) return refuse(fault);
  const directory = resolve(dirname(path));
  return { config: parsed.output, locate: (file) => resolve(directory, file) };
}
