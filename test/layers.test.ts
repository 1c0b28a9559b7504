import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each layer may import, besides itself. */
const below: Record<string, readonly string[]> = {
  statecharts: [],
  'src/environment': [],
  'src/web': [],
  'src/charts': ['statecharts'],
  'src/bus': ['statecharts', 'src/environment'],
  'src/journal': ['statecharts', 'src/environment'],
  'src/resources': ['statecharts', 'src/environment', 'src/journal'],
  'src/host': ['statecharts', 'src/environment', 'src/bus', 'src/journal', 'src/resources'],
};
const upToHost = [...Object.keys(below)];
for (const sibling of ['src/services', 'src/simulator', 'src/checker', 'src/history', 'src/inspector']) {
  below[sibling] = upToHost;
}
below['src/odds'] = [...upToHost, 'src/checker', 'src/simulator'];
const upToServices = [...Object.keys(below)];
below['src/proof'] = upToServices;
below['src/dashboard'] = [...upToServices, 'src/proof', 'src/charts'];
below['src/tracing'] = upToServices;
below['src/compare'] = [...upToServices, 'src/proof'];
below['src/cli'] = [...upToServices, 'src/proof', 'src/compare', 'src/charts', 'src/dashboard'];

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();

const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(
    ([, specifier]) => specifier ?? [],
  );

/** A layer is a folder, and the entry of the same name beside it. */
const layerOf = (path: string): string | undefined =>
  Object.keys(below).find((layer) => path.startsWith(`${layer}/`) || path.startsWith(`${layer}.`));

const files = [...filesBelow('statecharts'), ...filesBelow('src')];

describe('the layers', () => {
  test('import only what stands below them', () => {
    const wrong = files.flatMap((file) => {
      const layer = layerOf(file);
      if (layer === undefined) return [];
      return importsOf(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(root, join(root, file, '..', specifier)))
        .filter((target) => {
          const other = layerOf(target);
          return other === undefined || (other !== layer && !below[layer]?.includes(other));
        })
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('keep rules free of xstate and rxjs, and xstate behind charts and the adapter', () => {
    const wrong = filesBelow('statecharts').flatMap((file) => {
      const foreign = importsOf(file).filter((specifier) => specifier === 'xstate' || specifier.startsWith('rxjs'));
      const isRule = /\brules?\b/.test(file) && !file.startsWith('statecharts/actor/');
      const forbidden = foreign.filter((specifier) => isRule || specifier.startsWith('rxjs'));
      return forbidden.map((specifier) => `${file} imports ${specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  test('have no files that import each other, not even by way of others', () => {
    const importedBy = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(root, join(root, file, '..', specifier))),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (path.includes(file) || done.has(file)) return;
      for (const imported of importedBy.get(file) ?? []) visit(imported, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('take time, randomness, ids and what holds within a call from the environment alone', () => {
    const ambient =
      /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bperformance\.now\(|(?<![.\w])set(?:Timeout|Interval|Immediate)\(|\bAsyncLocalStorage\(|async_hooks/;
    const wrong = files.filter(
      (file) =>
        !file.startsWith('src/environment/') &&
        // What they hold runs in browsers, which have no environment of ours.
        !['src/inspector/page.ts', 'src/dashboard/app/browser.ts'].includes(file) &&
        ambient.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });
});
