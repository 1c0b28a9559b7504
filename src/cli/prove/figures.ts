/** The figures that `quorate prove --record` writes down, from which the docs' tables are made. */

import { readFile, writeFile } from 'node:fs/promises';
import type { Protocol } from '../../proof/protocol.ts';
import { type Figures, figuresSchema } from '../../proof/tables.ts';
import type { Done, Job } from '../check/jobs.ts';
import { FileError } from '../errors.ts';

/** How large the systems were that were checked, `list` in its order. */
export const figuresOf = (proven: readonly Protocol[], list: readonly Job[], results: readonly Done[]): Figures =>
  figuresSchema(
    Object.fromEntries(
      proven.map(({ name, systemName }) => [
        name,
        Object.fromEntries(
          list.flatMap((job, at): [string, object][] => {
            const report = results[at]?.report;
            if (job.protocol !== name || report === undefined) return [];
            const { states, transitions, depth } = report;
            return [[systemName(job.bounds), { states, transitions, depth }]];
          }),
        ),
      ]),
    ),
  );

/**
 * Puts figures into a file, beside those that it has of other protocols.
 *
 * @throws FileError when it cannot be written, or holds something else
 */
export async function recordFigures(file: string, figures: Figures): Promise<void> {
  const recorded = await readFile(file, 'utf8').catch(() => undefined);
  try {
    const others = recorded === undefined ? {} : figuresSchema(JSON.parse(recorded));
    await writeFile(file, `${JSON.stringify({ ...others, ...figures }, null, 2)}\n`);
  } catch (cause) {
    throw new FileError(`cannot put the figures into '${file}': ${String(cause)}; name another file`, { cause });
  }
}
