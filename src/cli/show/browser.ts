/** Tells the browser of this machine to open a page, as each platform does it. */

import { spawn } from 'node:child_process';
import { messageOf } from '../../environment/message.ts';
import type { Terminal } from '../terminal.ts';

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

/** Opens `url`, if this machine knows how; else says so, and a person opens it. */
export async function openBrowser(url: string, terminal: Terminal): Promise<void> {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  await new Promise<void>((resolve) => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
    child.once('error', (error) => {
      terminal.err(`No browser was opened (${messageOf(error)}); open the page yourself.`);
      resolve();
    });
  });
}
