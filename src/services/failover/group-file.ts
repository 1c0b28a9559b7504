/**
 * What a manager's data directory was begun with: a group, and how that acknowledges writes. The register knows nothing of it before
 * its first change; managers that were told different things would decide differently over one log.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { groupModes } from '../../../statecharts/failover.ts';
import { createFile } from '../../environment/new-file.ts';
import { OtherGroupError } from './errors.ts';

const begun = v.object({
  group: v.string(),
  mode: v.picklist(groupModes),
  confirmations: v.number(),
  maxFlaps: v.number(),
});
/** What must stay the same. */
export type Founding = Readonly<v.InferOutput<typeof begun>>;

/**
 * Sees to it that a directory goes on with what it was begun with; a new one begins with it.
 *
 * @throws OtherGroupError
 */
export function holdToFounding(directory: string, founding: Founding): void {
  const path = join(directory, 'group.json');
  if (createFile(path, `${JSON.stringify(founding)}\n`)) return;
  const known = v.safeParse(v.pipe(v.string(), v.parseJson(), begun), textIn(path));
  if (!known.success) {
    throw new OtherGroupError(`expected what the group was begun with in '${path}', got something else; restore it`);
  }
  for (const [name, was] of Object.entries(known.output)) {
    const now = Object.entries(founding).find(([it]) => it === name)?.[1];
    if (was === now) continue;
    throw new OtherGroupError(
      `expected a group with ${name} '${was}', as '${directory}' was begun with, got '${now}'; go on with '${was}', or begin all managers anew in other directories`,
    );
  }
}

/** What is no text is as wrong as another one. */
function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
