/** The page of the playground: a dashboard over what runs in the page itself, without any server. */

import { render } from 'preact';
import { readPlace } from '../model/place.ts';
import { readRun } from '../model/playground-run.ts';
import { App, views } from './app.tsx';
import { Board } from './board.ts';
import { Setup } from './playground/setup.tsx';
import { PlaygroundSource } from './playground/source.ts';

function start(into: Element): void {
  const { token: _token, ...place } = readPlace(
    location.hash,
    views.map(({ name }) => name),
  );
  const source: PlaygroundSource = new PlaygroundSource(readRun(location.search), () => board.atMs());
  const board = new Board(source, place);
  board.start();
  render(
    <>
      <Setup board={board} source={source} />
      <App board={board} />
    </>,
    into,
  );
}

const root = document.getElementById('app');
if (root !== null) start(root);
