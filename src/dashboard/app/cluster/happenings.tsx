/** What stood out until now, the latest first; a click goes to its moment. */

import { type BoardProps, Panel } from '../parts.tsx';

const maxShown = 40;

export function Happenings({ board }: BoardProps) {
  const position = board.position();
  const marks = board.timeline.marks().filter((mark) => mark.position <= position);
  const atMs = board.atMs();
  return (
    <Panel title="What happened" note={marks.length > maxShown ? `the last ${maxShown}` : undefined}>
      {marks.length === 0 ? <p class="note dim">Nothing that stands out.</p> : null}
      <ol class="lines happenings">
        {marks
          .slice(-maxShown)
          .reverse()
          .map((mark) => (
            <li key={mark.position} class={mark.kind}>
              <button type="button" class="link" onClick={() => board.seek(mark.position)}>
                {agoText(atMs - mark.atMs, board.timeline.head?.source === 'check')}
              </button>{' '}
              {mark.text}
            </li>
          ))}
      </ol>
    </Panel>
  );
}

function agoText(ms: number, isCheck: boolean): string {
  if (isCheck) return ms === 0 ? 'now' : `${ms} steps ago`;
  return ms < 1
    ? 'now'
    : `−${ms < 60_000 ? `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s` : `${Math.floor(ms / 60_000)} min`}`;
}
