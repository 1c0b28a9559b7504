/** Pages of this machine that a command shows: recordings, which are also written to files, and the playground. */

import type { Recording } from '../../dashboard/feed.ts';
import { jsonRoute, type Route, servePages } from '../../dashboard/page-server.ts';
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
export function showRecording(recording: Recording, options: ShowOptions, terminal: Terminal): Promise<void> {
  const routes = { '/recording.json': jsonRoute(recording) };
  return show({ paths: ['/', '/recording.json'], routes, items: recording.items.length }, options, terminal);
}

/**
 * Serves the playground, in which the browser runs all by itself.
 *
 * @throws PagesMissingError when the pages are not built; PagePortError when the port cannot be opened
 */
export const showPlayground = (options: ShowOptions, terminal: Terminal): Promise<void> =>
  show({ paths: ['/playground.html'], routes: {} }, options, terminal);

/** What is served: the page first. */
interface Served {
  readonly paths: readonly [page: string, ...others: string[]];
  readonly routes: Readonly<Record<string, Route>>;
  /** How much it shows, where that is known. */
  readonly items?: number;
}

async function show(served: Served, options: ShowOptions, terminal: Terminal): Promise<void> {
  const { paths, routes, items } = served;
  const { wait, port = 0, browser = false, json = false } = options;
  const server = await servePages({ files: pagesFolder, routes, port });
  try {
    const url = `${server.url}${paths[0]}`;
    const count = items === undefined ? {} : { items };
    terminal.out(json ? JSON.stringify({ url, ...count }) : items === undefined ? url : `${items} items: ${url}`);
    if (browser) await openBrowser(url, terminal);
    if (wait) {
      terminal.err('Ctrl-C ends it.');
      await askedToStop();
    } else for (const path of paths) await assertServed(`${server.url}${path}`);
  } finally {
    await server.close();
  }
}

/** @throws PageUnservedError */
async function assertServed(url: string): Promise<void> {
  const { ok, status } = await fetch(url);
  if (!ok) throw new PageUnservedError(`expected ${url} to be served, got status ${status}; build it anew`);
}
