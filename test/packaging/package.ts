/** The package as users get it: built and packed apart from the working tree, and installed into an empty project. */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../docs/pages.ts';

/** A command's end; one that fails does not throw, so that a test can show what it said. */
export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** Runs a command to its end, with the environment of a shell of one's own, none of npm's that runs the tests, and `variables`. */
export async function run(
  file: string,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(npm_(package|lifecycle|command|execpath|node_execpath)|NODE_ENV|NODE_OPTIONS|VITEST|INIT_CWD)/.test(name),
  );
  const env = { ...Object.fromEntries(inherited), ...variables };
  try {
    const { stdout, stderr } = await promisify(execFile)(file, [...args], { cwd, env, maxBuffer: 64 * 2 ** 20 });
    return { code: 0, said: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)) throw error;
    return { code: Number(error.code), said: `${error.stdout}${error.stderr}` };
  }
}

async function succeed(file: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, said } = await run(file, args, cwd);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${said}`);
  return said;
}

/** A project that has installed the package. */
export interface Project {
  readonly directory: string;
  /** The installed package. */
  readonly installed: string;
  /** The entry points, as users import them. */
  readonly entries: readonly string[];
  /** Compilers, by version. */
  readonly compilers: Readonly<Record<'5.9' | '7', string>>;
  write(file: string, content: string): void;
  remove(): Promise<void>;
}

/** Builds, packs, and installs. Takes half a minute. */
export async function installedProject(): Promise<Project> {
  const base = mkdtempSync(join(tmpdir(), 'quorate-package-'));
  const stage = join(base, 'stage');
  const directory = join(base, 'app');
  mkdirSync(stage);
  mkdirSync(directory);
  const compiler = join(root, 'node_modules', '.bin', 'tsc');
  // Not from dist/, where an earlier build may have left what it made of files that are gone by now.
  for (const part of [
    'package.json',
    'tsconfig.json',
    'vite.config.ts',
    'README.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'docs',
    'statecharts',
    'src',
    'examples',
  ]) {
    cpSync(join(root, part), join(stage, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
  // Type errors are for `npm run check` to tell.
  const built = await run(compiler, ['-p', 'tsconfig.json'], stage);
  if (!existsSync(join(stage, 'dist', 'src', 'index.js'))) throw new Error(`nothing was built:\n${built.said}`);
  await succeed(join(root, 'node_modules', '.bin', 'vite'), ['build'], stage);
  await succeed('npm', ['pack', '--ignore-scripts', '--pack-destination', base], stage);
  const { name, version, exports, devDependencies } = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8'));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const others = [
    'valibot',
    '@opentelemetry/api',
    'typescript@5.9',
    '@types/node',
    '@statelyai/inspect',
    'pg',
    '@types/pg',
    'mysql2',
    'ioredis',
    'kysely',
    'drizzle-orm',
    'express',
    '@types/express',
  ].map((it) => (it in devDependencies && !it.startsWith('typescript') ? `${it}@${devDependencies[it]}` : it));
  await succeed(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', join(base, `${name}-${version}.tgz`), ...others],
    directory,
  );
  return {
    directory,
    installed: join(directory, 'node_modules', name),
    entries: Object.keys(exports).flatMap((entry) => (entry.endsWith('.json') ? [] : entry.replace('.', name))),
    compilers: { '5.9': join(directory, 'node_modules', '.bin', 'tsc'), '7': compiler },
    write: (file, content) => writeFileSync(join(directory, file), content),
    remove: () => rm(base, { recursive: true, force: true, maxRetries: 5 }),
  };
}
