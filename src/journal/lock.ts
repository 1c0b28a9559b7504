/**
 * One process, and one journal in it, per directory. The lock is something that the system takes back when its holder
 * dies, however it dies: a file with a process id in it would outlive a crash.
 *
 * * Linux: an abstract Unix socket named after device and inode of the directory. It is seen within one network
 *   namespace, so two containers that share a directory and no network are not kept apart.
 * * Windows: a named pipe named after the path of the directory.
 * * macOS and BSD: the directory, opened with O_EXLOCK.
 */

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { JournalDirectoryError, JournalLockedError } from './errors.ts';

/** Gives the lock back. */
export type Unlock = () => void;

/** `O_EXLOCK | O_NONBLOCK` of open(2) on macOS and BSD; Node.js has no names for them. */
const exclusively = 0x20 | 0x04;

/**
 * Takes the lock of a directory.
 *
 * @throws JournalLockedError when this or another process holds it
 * @throws JournalDirectoryError when the system refuses to lock it
 */
export async function lockDirectory(directory: string): Promise<Unlock> {
  switch (process.platform) {
    case 'linux':
    case 'android': {
      const { dev, ino } = fs.statSync(directory, { bigint: true });
      return listenAt(`\0quorate-journal-${dev}-${ino}`, directory);
    }
    case 'win32': {
      const hash = createHash('sha256').update(fs.realpathSync(directory).toLowerCase()).digest('hex');
      return listenAt(`\\\\.\\pipe\\quorate-journal-${hash}`, directory);
    }
    default:
      return openExclusively(directory);
  }
}

function listenAt(name: string, directory: string): Promise<Unlock> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES' ? locked(directory, error) : refused(directory, error),
      );
    });
    server.listen(name, () => {
      server.unref();
      resolve(() => void server.close());
    });
  });
}

function openExclusively(directory: string): Unlock {
  try {
    const handle = fs.openSync(directory, fs.constants.O_RDONLY | exclusively);
    return () => fs.closeSync(handle);
  } catch (error) {
    const isHeld =
      error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK');
    throw isHeld ? locked(directory, error) : refused(directory, error);
  }
}

const locked = (directory: string, cause: unknown): JournalLockedError =>
  new JournalLockedError(
    `expected to open the journal in '${directory}' alone, but a running process has it open; stop that node first, or ` +
      'name another directory',
    { cause },
  );

const refused = (directory: string, cause: unknown): JournalDirectoryError =>
  new JournalDirectoryError(
    `could not lock '${directory}': ${cause instanceof Error ? cause.message : String(cause)}; name a directory on a ` +
      'local disk',
    { cause },
  );
