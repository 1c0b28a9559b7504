/** Layouts take seconds, and change only with their drawings: they are kept between builds, by what they are made of. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drawing } from '../../charts/drawing.ts';
import { type Layout, layoutOf } from '../../charts/layout.ts';

/** The layout of `drawing`, from an earlier build where it has not changed. @param root the folder of the repository */
export async function keptLayoutOf(root: string, drawing: Drawing): Promise<string> {
  const folder = join(root, 'node_modules', '.cache', 'quorate', 'layouts');
  const maker = ['layout.ts', 'labels.ts'].map((file) => readFileSync(join(root, 'src', 'charts', file), 'utf8'));
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'elkjs', 'package.json'), 'utf8'));
  const name = createHash('sha256')
    .update(JSON.stringify([version, maker, drawing]))
    .digest('hex');
  const file = join(folder, `${name}.json`);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const layout: Layout = await layoutOf(drawing);
  const text = JSON.stringify(layout);
  mkdirSync(folder, { recursive: true });
  // Two builds may run at once: neither reads what the other has only begun to write.
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
  return text;
}
