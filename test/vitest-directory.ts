/**
 * Vitest keeps what it compiles in a temporary directory, and leaves it there when a run is interrupted, though it then
 * ends in an orderly way. What is killed leaves it still.
 */

import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';

/** A global setup: removes the directory when the process ends, whatever ended it. */
export default function removeAtExit({ tmpDir }: TestProject): void {
  process.once('exit', () => rmSync(tmpDir, { recursive: true, force: true }));
}
