/** Where the pages of the dashboard are, once they are built. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the pages: in the package whose file this is, whether it runs from its sources or as it was built. */
export const pagesFolder = join(packageAbove(import.meta.dirname), 'dist', 'dashboard');

function packageAbove(directory: string): string {
  const above = dirname(directory);
  return above === directory || existsSync(join(directory, 'package.json')) ? directory : packageAbove(above);
}
