/** A part of a disk as a disk of its own, for what is kept beside a journal. */

import type { Disk } from './disk.ts';

/** The files of `disk` whose names begin with `prefix`, without it. Closing it releases nothing. */
export function folderOf(disk: Disk, prefix: string): Disk {
  return {
    list: () => disk.list().flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
    readSync: (name) => disk.readSync(prefix + name),
    createSync: (name, start, sizeBytes) => disk.createSync(prefix + name, start, sizeBytes),
    writeSync: (name, offsetBytes, bytes) => disk.writeSync(prefix + name, offsetBytes, bytes),
    removeSync: (name) => disk.removeSync(prefix + name),
    read: (name, onDone) => disk.read(prefix + name, onDone),
    readPart: (name, offsetBytes, lengthBytes, onDone) =>
      disk.readPart(prefix + name, offsetBytes, lengthBytes, onDone),
    create: (name, start, sizeBytes, onDone, isUrgent) =>
      disk.create(prefix + name, start, sizeBytes, onDone, isUrgent),
    write: (name, offsetBytes, bytes, onDone) => disk.write(prefix + name, offsetBytes, bytes, onDone),
    remove: (name, onDone) => disk.remove(prefix + name, onDone),
    close: (onDone) => onDone(),
  };
}

/** The files of `disk` whose names do not begin with `prefix`. */
export const besides = (disk: Disk, prefix: string): Disk =>
  Object.assign(Object.create(disk), { list: () => disk.list().filter((name) => !name.startsWith(prefix)) });
