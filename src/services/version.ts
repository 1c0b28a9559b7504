/** Which release this is: what its package says. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';

const manifest = v.pipe(v.string(), v.parseJson(), v.object({ name: v.literal('quorate'), version: v.string() }));

/** The nearest package above this file, which is built into a folder of it. */
function versionAbove(directory: string): string {
  const file = join(directory, 'package.json');
  const found = existsSync(file) ? v.safeParse(manifest, readFileSync(file, 'utf8')) : undefined;
  if (found?.success === true) return found.output.version;
  const above = dirname(directory);
  return above === directory ? 'unknown' : versionAbove(above);
}

export const version = versionAbove(import.meta.dirname);
