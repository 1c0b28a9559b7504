/** The documents of the repository, and the parts of them that are made from the sources. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** A document: its path from the root, and what it says. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

const readPage = (path: string): Page => ({ path, text: readFileSync(join(root, path), 'utf8') });

/** All documents, the README first. */
export const pages: readonly Page[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : [])),
].map(readPage);

export const pageOf = (path: string): Page => {
  const found = pages.find((page) => page.path === path);
  if (found === undefined) throw new Error(`there is no document ${path}`);
  return found;
};

const marked = /<!-- (?<name>[^>]*?) -->\n[\s\S]*?<!-- end of \k<name> -->/g;

/** The names of the parts of a text that stand between `<!-- NAME -->` and `<!-- end of NAME -->`. */
export const partsIn = (text: string): string[] => [...text.matchAll(marked)].map(({ groups }) => groups?.name ?? '');

/** The text with its parts made anew. @throws Error for a part that is not among those that can be made */
export const remade = (text: string, parts: Readonly<Record<string, () => string>>): string =>
  text.replaceAll(marked, (_all, name: string) => {
    const make = parts[name];
    if (make === undefined) throw new Error(`no part is called '${name}': expected ${Object.keys(parts).join(', ')}`);
    return `<!-- ${name} -->\n\n${make()}\n\n<!-- end of ${name} -->`;
  });
