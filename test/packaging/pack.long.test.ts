import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { pages, root } from '../docs/pages.ts';
import { asPackage, fragmentsIn, programsIn } from '../docs/snippets.ts';
import { freePort } from '../fixtures/ports.ts';
import { startPostgres } from '../fixtures/postgres.ts';
import { until } from '../fixtures/until.ts';
import { installedProject, type Project, run } from './package.ts';

const minutes = 60_000;
// Compilers take theirs on a busy machine.
vi.setConfig({ testTimeout: 15 * minutes });
const blocks = pages.flatMap(({ text }) => programsIn(text));
const fragments = pages.flatMap(({ text }) => fragmentsIn(text));
const examples = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'));

/** What a wrong use must not compile to: types that are lost on the way to the package would let it. */
const misuse = `
import { createNode } from 'quorate';
import { raftServer } from 'quorate/raft';
// @ts-expect-error a node needs an id
createNode({});
// @ts-expect-error a name is no number
export const name: number = raftServer.name;
// @ts-expect-error no such state
raftServer.at('reigning', {});
`;

let project: Project;
const command = (): string => join(project.directory, 'node_modules', '.bin', 'quorate');
beforeAll(async () => {
  project = await installedProject();
  for (const { file, code } of blocks) project.write(`${file}.ts`, code);
  for (const [index, code] of fragments.entries()) project.write(`fragment-${index}.ts`, code);
  project.write('misuse.ts', misuse);
  for (const file of examples) {
    const source = asPackage(readFileSync(join(root, 'examples', file), 'utf8'));
    // Those that reach into the repository for what no entry point has are not for copying.
    if (!source.includes("'quorate/dist/"))
      project.write(`example-${file}`, source.replaceAll("from './", "from './example-"));
  }
}, 15 * minutes);
// Thousands of files: a disk that discards what it frees takes minutes for them.
afterAll(() => project?.remove(), 10 * minutes);

const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));

describe('the package', () => {
  test('holds what is built of the sources, the documents, and nothing else', () => {
    const strange = filesOf(project.installed).filter((file) => {
      const source = /^dist\/(?<path>(?:examples|src|statecharts)\/.+?)\.(?:js|js\.map|d\.ts)$/.exec(file)?.groups
        ?.path;
      if (source !== undefined) return !existsSync(join(root, `${source}.ts`));
      const isRead =
        /^docs\/[\w-]+\.md$/.test(file) ||
        /^docs\/images\/[\w-]+\.png$/.test(file) ||
        /^dist\/dashboard\/([\w-]+\.html|assets\/[\w-]+\.(js|css|svg)|charts\/[\w.-]+\.json)$/.test(file) ||
        /^examples\/[\w-]+\.(ts|sh|json)$/.test(file) ||
        /^examples\/(deploy|monitoring|react)\/[\w.]+$/.test(file);
      return !isRead && !['CONTRIBUTING.md', 'LICENSE', 'README.md', 'package.json'].includes(file);
    });
    expect(strange).toEqual([]);
  });

  test('holds no test code, and no path of the machine that built it', () => {
    const suspects = filesOf(project.installed).filter((file) => {
      const text = readFileSync(join(project.installed, file), 'utf8');
      const isCode = /\.(js|ts)$/.test(file);
      const hasPath = [root, project.directory, ...(homedir() === '/' ? [] : [`${homedir()}/`])].some((path) =>
        text.includes(path),
      );
      return hasPath || (isCode && /from '(vitest|fast-check|[^']*\/test\/[^']*)'/.test(text));
    });
    expect(suspects).toEqual([]);
  });

  test('opens every entry point to JavaScript', async () => {
    const { entries } = project;
    project.write(
      'all.mjs',
      `for (const entry of ${JSON.stringify(entries)}) {
        const names = Object.keys(await import(entry));
        if (names.length === 0) throw new Error(entry + ' is empty');
      }
      const { createNode, createMemoryJournal, createMemoryNetwork, systemEnvironment } = await import('quorate');
      const environment = systemEnvironment();
      const journal = createMemoryJournal({ node: 'n1', ...environment });
      const node = createNode({ id: 'n1', bus: createMemoryNetwork(environment).join('n1'), journal, environment });
      await node.stop();
      console.log('all is well');`,
    );
    expect(entries.length).toBeGreaterThan(10);
    expect(await run('node', ['all.mjs'], project.directory)).toEqual({ code: 0, said: 'all is well\n' });
  });

  test('brings examples that run', async () => {
    const { code, said } = await run(
      'node',
      [join(project.installed, 'dist/examples/two-nodes.js')],
      project.directory,
    );
    expect(code, said).toBe(0);
  });

  test('brings its command', async () => {
    const { code, said } = await run(command(), ['--help'], project.directory);
    expect(said).toMatch(/Usage: quorate/);
    expect(code).toBe(0);
  });
});

describe('what the documents and the examples show', () => {
  test('is there to be copied', () => {
    expect(blocks.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['client', 'embedded', 'transfer', 'orders', 'two-nodes', 'fault-detector', 'checkout']),
    );
    expect(new Set(blocks.map(({ file }) => file)).size).toBe(blocks.length);
    expect(fragments.length).toBeGreaterThan(10);
  });

  /** The older compiler takes several times as long: all of it once, and otherwise what shows that types come through. */
  const modes = [
    { module: 'nodenext', moduleResolution: 'nodenext', older: '*.ts' },
    { module: 'esnext', moduleResolution: 'bundler', older: 'misuse.ts' },
  ];
  /** Drizzle's declarations are not checked by anybody: they name drivers that are not there. */
  const ownDeclarationsFail = ['example-transaction-drizzle.ts'];
  const strictnesses = [
    { exactOptionalPropertyTypes: true, skipLibCheck: true },
    { exactOptionalPropertyTypes: false, skipLibCheck: false },
  ] as const;
  test.each(modes)('type-checks with TypeScript 5.9 and 7 ($moduleResolution)', async ({ older, ...mode }) => {
    const check = (
      version: '5.9' | '7',
      included: string,
      strictness: (typeof strictnesses)[number],
      exclude: readonly string[] = [],
    ) => {
      const name = `tsconfig.${mode.moduleResolution}.${version}.${strictnesses.indexOf(strictness)}.json`;
      const compilerOptions = {
        ...mode,
        ...strictness,
        target: 'es2023',
        strict: true,
        noEmit: true,
        types: ['node'],
      };
      project.write(name, JSON.stringify({ compilerOptions, include: [included], exclude }));
      return run(project.compilers[version], ['-p', name], project.directory);
    };
    const [strict, loose] = strictnesses;
    const checks = [
      check('7', '*.ts', strict),
      check('7', '*.ts', loose, ownDeclarationsFail),
      check('5.9', older, strict),
    ];
    for (const ended of await Promise.all(checks)) expect(ended).toEqual({ code: 0, said: '' });
  });

  test('runs', async () => {
    const compilerOptions = {
      module: 'nodenext',
      moduleResolution: 'nodenext',
      target: 'es2023',
      skipLibCheck: true,
      types: ['node'],
      outDir: 'out',
    };
    project.write('tsconfig.run.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    expect(await run(project.compilers[7], ['-p', 'tsconfig.run.json'], project.directory)).toEqual({
      code: 0,
      said: '',
    });
    const said = async (file: string) => (await run('node', [`out/${file}.js`], project.directory)).said;
    expect(await said('two-nodes')).toBe('n1 suspects n2/example.fault-detector/n1\n');
    expect(await said('fault-detector-test')).toBe('');
    expect(await said('embedded')).toBe('');
    expect(await said('transfer')).toBe('alice has saved 10\n');
    expect(await said('transfer')).toBe('alice has saved 20\n');
    expect(existsSync(join(project.directory, 'data', 'n1'))).toBe(true);
  });

  test('runs against two databases: the orders and the checkout', async () => {
    const server = await startPostgres();
    try {
      await server.createDatabase('orders');
      await server.createDatabase('stock');
      await server.query('create table orders (id serial primary key, item text not null)', [], 'orders');
      await server.query('create table items (name text, amount int check (amount >= 0))', [], 'stock');
      await server.query("insert into items values ('chair', 2)", [], 'stock');
      const urls = { ORDERS_URL: server.url('orders'), STOCK_URL: server.url('stock') };
      const said = async (file: string): Promise<string> => {
        const ended = await run('node', [`out/${file}.js`], project.directory, urls);
        expect(ended).toMatchObject({ code: 0 });
        return ended.said;
      };
      expect(await said('orders')).toBe('committed\n');
      expect(await said('checkout')).toMatch(/^\S+ 2\n$/);
      // Nothing is left: the constraint refuses, and neither database keeps anything.
      expect(await said('orders')).toMatch(/was aborted because of 'stock'/);
      expect(await server.query('select count(*)::int as n from orders', [], 'orders')).toEqual([{ n: 2 }]);
      expect(await server.query('select amount from items', [], 'stock')).toEqual([{ amount: 0 }]);
    } finally {
      await server.remove();
    }
  });

  test('runs against a cluster: the client', async () => {
    const port = await freePort([0, 1, 2, 100, 101, 102]);
    const cluster = spawn(command(), ['up', '--port', String(port)], { cwd: project.directory });
    const ended = new Promise<number | null>((resolve) => cluster.once('close', resolve));
    try {
      let said = '';
      const keep = (chunk: Buffer): void => {
        said += chunk.toString();
      };
      cluster.stdout.on('data', keep);
      cluster.stderr.on('data', keep);
      await until('the cluster to have a leader', () => / leads|leader in term/.test(said)).catch((cause) => {
        throw new Error(said, { cause });
      });
      const written = async (at: number) =>
        (await fetch(`http://127.0.0.1:${at}/kv/ready`, { method: 'PUT', body: 'x' })).ok;
      for (const at of [port, port + 1, port + 2]) await until('a node to take writes', () => written(at));
      const code = blocks.find(({ file }) => file === 'client')?.code ?? '';
      const moved = code.replaceAll(/:48(\d\d)/g, (_all, digits: string) => `:${port + Number(digits) + 99}`);
      // Plain JavaScript, as it stands.
      project.write('client.mjs', moved);
      const client = await run('node', ['client.mjs'], project.directory);
      expect(client).toEqual({ code: 0, said: 'true hello again\n' });
    } finally {
      cluster.kill('SIGINT');
      await ended;
    }
    expect(await ended).toBe(0);
  });
});
