/** Processes of benchmarks: nodes on loopback, each of which is asked something and answers once. */

import type { ChildProcess, Serializable } from 'node:child_process';
import { createServer } from 'node:net';

/** A port on loopback that nothing listens on. */
export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Asks a process. @throws Error when it ends instead of answering */
export const ask = <T>(child: ChildProcess, request: Serializable): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a node of the benchmark ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
    child.send(request);
  });

/** Lets processes end, which they do once they are disconnected. */
export async function endAll(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) child.disconnect();
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
}
