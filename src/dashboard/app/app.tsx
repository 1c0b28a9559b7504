/** The frame of the page: what is shown and how it stands with it, the views, and the controls of time. */

import { useEffect } from 'preact/hooks';
import type { Board } from './board.ts';
import { ChartsView } from './charts/view.tsx';
import { ClusterView } from './cluster/view.tsx';
import { Header } from './header.tsx';
import { type BoardProps, isForElement, type View } from './parts.tsx';
import { SpaceTimeView } from './space-time/view.tsx';
import { Transport } from './transport.tsx';

/** The views, in the order of their tabs. */
export const views: readonly View[] = [
  { name: 'cluster', title: 'Cluster', Body: ClusterView },
  { name: 'space-time', title: 'Space-time', Body: SpaceTimeView },
  { name: 'charts', title: 'Charts', Body: ChartsView },
];

/** The page. */
export function App({ board }: BoardProps) {
  useEffect(() => listenToKeys(board), [board]);
  const { view } = board.place.value;
  const shown = views.find(({ name }) => name === view) ?? views[0];
  return (
    <>
      <Header board={board} views={views} />
      <main id="view" aria-label={shown?.title ?? ''}>
        {shown === undefined ? null : <shown.Body board={board} />}
      </main>
      <Transport board={board} />
    </>
  );
}

/** The keys of a player: space plays, arrows step, with shift to what stands out; home and end. */
function listenToKeys(board: Board): () => void {
  const actions: Readonly<Record<string, () => void>> = {
    ' ': () => board.playOrPause(),
    ArrowLeft: () => board.step(-1),
    ArrowRight: () => board.step(1),
    'shift ArrowLeft': () => board.toMark(-1),
    'shift ArrowRight': () => board.toMark(1),
    Home: () => board.seek(0),
    End: () => board.live(),
  };
  const listen = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || isForElement(event.target, event.key)) return;
    const action = actions[`${event.shiftKey ? 'shift ' : ''}${event.key}`];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  addEventListener('keydown', listen);
  return () => removeEventListener('keydown', listen);
}
