/** What a browser fetches before the dashboard shows anything, compressed. Ends with 1 above the limit. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const limitKb = 200;
const folder = join(import.meta.dirname, '..', '..', 'dist', 'dashboard');

/** The page, and what it names: scripts, what they import at once, and styles. */
function firstView() {
  const found = new Set(['index.html']);
  for (const file of found) {
    const text = readFileSync(join(folder, file), 'utf8');
    const named = file.endsWith('.html')
      ? [...text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path)
      : [...text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)].map(([, path]) => `assets/${path}`);
    for (const path of named) found.add(path);
  }
  return [...found];
}

const sizes = firstView().map((file) => ({ file, kb: gzipSync(readFileSync(join(folder, file))).length / 1024 }));
const total = sizes.reduce((sum, { kb }) => sum + kb, 0);
for (const { file, kb } of sizes) process.stdout.write(`${kb.toFixed(1).padStart(8)} KB  ${file}\n`);
process.stdout.write(`${total.toFixed(1).padStart(8)} KB  first view, gzip; at most ${limitKb}\n`);
if (total > limitKb) process.exitCode = 1;
