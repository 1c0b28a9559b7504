/** Recordings of runs and counterexamples: written to a file, and shown on a page of this machine. */

import type { Recording } from '../../dashboard/feed.ts';
import { jsonRoute, type PageServer, servePages } from '../../dashboard/page-server.ts';
import { pagesFolder } from '../../dashboard/pages.ts';
import { writeText } from '../config/files.ts';
import { PageUnservedError } from '../errors.ts';
import { askedToStop } from '../stop-asked.ts';
import type { Terminal } from '../terminal.ts';
import { openBrowser } from './browser.ts';

/** How a recording is shown. */
export interface ShowOptions {
  /** Whether it is served until the process is asked to stop; else only looked whether it could be. */
  readonly wait: boolean;
  /** Default any that is free. */
  readonly port?: number;
  /** Whether the browser of this machine is told to open it. Default false. */
  readonly browser?: boolean;
  /** Whether the URL is told as JSON. Default false. */
  readonly json?: boolean;
}

/** Writes a recording. @throws FileError */
export async function keepRecording(file: string, text: string, terminal: Terminal): Promise<void> {
  await writeText(file, 'the recording', text);
  terminal.out(`Recorded in ${file}; see it: quorate open ${file}`);
}

/**
 * Serves a recording on a page of this machine.
 *
 * @throws PagesMissingError when the pages are not built; PagePortError when the port cannot be opened
 */
export async function showRecording(
  recording: Recording,
  { wait, port = 0, browser = false, json = false }: ShowOptions,
  terminal: Terminal,
): Promise<void> {
  const server = await servePages({ files: pagesFolder, routes: { '/recording.json': jsonRoute(recording) }, port });
  try {
    const [url, items] = [`${server.url}/`, recording.items.length];
    terminal.out(json ? JSON.stringify({ url, items }) : `${items} items: ${url}`);
    if (browser) await openBrowser(url, terminal);
    if (wait) {
      terminal.err('Ctrl-C ends it.');
      await askedToStop();
    } else await assertServed(server);
  } finally {
    await server.close();
  }
}

/** Looks whether the page and its recording are served. @throws PageUnservedError */
async function assertServed({ url }: PageServer): Promise<void> {
  for (const path of ['/', '/recording.json']) {
    const { ok, status } = await fetch(`${url}${path}`);
    if (!ok) throw new PageUnservedError(`expected ${url}${path} to be served, got status ${status}; build it anew`);
  }
}
