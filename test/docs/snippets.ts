/** The blocks of code in documents, by the file that each of them stands for, or by what it is a fragment of. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.ts';

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

/** What fragments take for granted, by what they say they are a fragment of. */
const surroundings: Readonly<Record<string, string>> = {
  'an application with a node': `
import type { Node } from 'quorate';
declare const node: Node;
`,
  'an application with a manager': `
import type { EmbeddedStore } from 'quorate/resources';
import type { TransactionManager, WorkOf } from 'quorate/transactions';
type Stores = { readonly orders: EmbeddedStore; readonly stock: EmbeddedStore };
declare const manager: TransactionManager<Stores>;
declare const work: (sessions: WorkOf<Stores>) => Promise<void>;
declare const requestId: string;
`,
  'an application with a cluster': `
import type { Environment } from 'quorate';
import type { StartNodeOptions } from 'quorate/node';
import type { EmbeddedStore } from 'quorate/resources';
declare const environment: Environment;
declare const { id, directory, listen, peers, secret }: Required<
  Pick<StartNodeOptions, 'id' | 'directory' | 'listen' | 'peers' | 'secret'>
>;
declare const orders: EmbeddedStore;
declare const stock: EmbeddedStore;
declare const voters: readonly string[];
`,
};

/** Blocks that are part of a program, as modules that type-check when the block is right. */
export const fragmentsIn = (markdown: string): string[] =>
  blocksIn(markdown).flatMap(({ info, code }) => {
    const whole = /^ts fragment of (?<whole>.+)$/.exec(info)?.groups?.whole;
    if (whole === undefined) return [];
    const around = surroundings[whole];
    if (around === undefined) throw new Error(`nobody knows what a fragment of ${whole} takes for granted`);
    return [`${around}${code}\nexport {};\n`];
  });
