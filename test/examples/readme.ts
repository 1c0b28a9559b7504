/** The README as data: its blocks of code, by the file that each of them stands for. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mermaidOf } from '../../src/inspector/mermaid.ts';
import { serverChart } from '../../statecharts/raft.ts';

export const root = join(import.meta.dirname, '..', '..');
export const readmePath = join(root, 'README.md');
export const readReadme = (): string => readFileSync(readmePath, 'utf8');

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

/** The README with the blocks anew that are made from the sources. */
export function regenerated(markdown: string): string {
  const made: Record<string, string> = {
    mermaid: `${mermaidOf(serverChart)}\n`,
    'ts fault-detector.ts': asPackage(readFileSync(join(root, 'examples', 'fault-detector.ts'), 'utf8')),
  };
  return markdown.replaceAll(fence, (all, info: string) => {
    const code = made[info];
    return code === undefined ? all : `\`\`\`${info}\n${code}\`\`\``;
  });
}
