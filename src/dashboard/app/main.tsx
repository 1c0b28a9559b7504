/** The page of a dashboard that a server serves. */

import { render } from 'preact';
import { readPlace } from '../model/place.ts';
import { App, views } from './app.tsx';
import { Board } from './board.ts';
import { serverFeed } from './feed-source.ts';

const tokenKey = 'quorate token';

/** The token is taken out of the address, so that what is shared from there does not hold it; a reload finds it again. */
function start(into: Element): void {
  const { token = sessionStorage.getItem(tokenKey) ?? undefined, ...place } = readPlace(
    location.hash,
    views.map(({ name }) => name),
  );
  if (token !== undefined) sessionStorage.setItem(tokenKey, token);
  const board = new Board(serverFeed(token), place);
  board.go({});
  addEventListener('hashchange', () => {
    const {
      token: _token,
      at,
      ...next
    } = readPlace(
      location.hash,
      views.map(({ name }) => name),
    );
    board.go(next);
    if (at !== undefined) board.seek(at);
  });
  board.start();
  render(<App board={board} />, into);
}

const root = document.getElementById('app');
if (root !== null) start(root);
