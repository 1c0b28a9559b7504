/** What a disk does within the call. */

import fs from 'node:fs';
import type { Disk } from '../disk.ts';
import { naming } from './errors.ts';
import { fillSync, writeAllSync } from './filling.ts';
import { type DiskFolder, plain } from './folder.ts';

type AtOnce = Pick<Disk, 'list' | 'readSync' | 'createSync' | 'writeSync' | 'removeSync'>;

export const atOnce = ({ directory, files, mustSync, pathOf }: DiskFolder): AtOnce => ({
  list: () => naming('list the directory', () => fs.readdirSync(directory)),
  readSync: (name) => naming(`read '${name}'`, () => plain(fs.readFileSync(pathOf(name)))),
  createSync: (name, contents, sizeBytes) =>
    naming(`create '${name}'`, () => {
      const temporary = pathOf(`${name}.tmp`);
      fillSync(temporary, contents, sizeBytes);
      fs.renameSync(temporary, pathOf(name));
      files.forget(name);
      syncDirectory(directory);
    }),
  writeSync: (name, offsetBytes, bytes) =>
    naming(`write '${name}'`, () => {
      const { descriptor } = files.of(name);
      writeAllSync(descriptor, bytes, offsetBytes);
      if (mustSync) fs.fdatasyncSync(descriptor);
    }),
  removeSync: (name) =>
    naming(`remove '${name}'`, () => {
      files.forget(name);
      fs.rmSync(pathOf(name), { force: true });
      syncDirectory(directory);
    }),
});

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
