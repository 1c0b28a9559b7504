/** The blocks of code in documents, by the file that each of them stands for, or by what it is a fragment of. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.ts';
import { surroundings } from './surroundings.ts';

/** What the imports of the repository are called in the package. */
export function asPackage(source: string): string {
  const entries: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports;
  return source.replaceAll(/from '(\.[^']*)\.ts'/g, (_all, path: string) => {
    const compiled = `./dist/${path.replace(/^\.\.\//, '')}.js`;
    const entry = Object.entries(entries).find(([, file]) => file === compiled);
    return path.startsWith('./') ? `from '${path}.js'` : `from '${(entry?.[0] ?? compiled).replace('.', 'quorate')}'`;
  });
}

const fence = /^```(?<info>[^\n]+)\n(?<code>[\s\S]*?)^```$/gm;

/** The code blocks: what stands behind the opening fence, and what is between the two. */
export const blocksIn = (markdown: string): { readonly info: string; readonly code: string }[] =>
  [...markdown.matchAll(fence)].map(({ groups = {} }) => ({ info: groups.info ?? '', code: groups.code ?? '' }));

/** Blocks that are whole programs, by the file that each of them stands for. */
export const programsIn = (markdown: string): { readonly file: string; readonly code: string }[] =>
  blocksIn(markdown).flatMap(({ info, code }) => {
    const file = /^ts (?<file>[\w-]+)\.ts$/.exec(info)?.groups?.file;
    return file === undefined ? [] : [{ file, code }];
  });

/** Blocks that are part of a program, as modules that type-check when the block is right. */
export const fragmentsIn = (markdown: string): string[] =>
  blocksIn(markdown).flatMap(({ info, code }) => {
    const whole = /^ts fragment of (?<whole>.+)$/.exec(info)?.groups?.whole;
    if (whole === undefined) return [];
    const around = surroundings[whole];
    if (around === undefined)
      throw new Error(`expected a fragment of ${Object.keys(surroundings).join(', or of ')}, got ${whole}`);
    return [`${around}${code}\nexport {};\n`];
  });
