/** The head of the page: what it shows, how it stands with the feed, the tabs, and the colours. */

import { useSignal } from '@preact/signals';
import type { Board } from './board.ts';
import type { FeedStatus } from './feed-source.ts';
import { Chip, durationText, type View } from './parts.tsx';

interface HeaderProps {
  readonly board: Board;
  readonly views: readonly View[];
}

export function Header({ board, views }: HeaderProps) {
  board.position();
  const { head } = board.timeline;
  const { view } = board.place.value;
  return (
    <header class="top">
      <h1>
        <span class="brand">Quorate</span>
        <span class="title">{head?.title ?? ''}</span>
      </h1>
      <nav aria-label="Views">
        {views.map(({ name, title }) => (
          <a
            key={name}
            href={`#view=${name}`}
            aria-current={name === view ? 'page' : undefined}
            onClick={opening(board, name)}
          >
            {title}
          </a>
        ))}
      </nav>
      <Status board={board} />
      <Colours />
    </header>
  );
}

const opening =
  (board: Board, view: string) =>
  (event: MouseEvent): void => {
    event.preventDefault();
    board.go({ view });
  };

function Status({ board }: { readonly board: Board }) {
  board.position();
  const status = board.status.value;
  const refused = board.refused.value;
  return (
    <p class="status" role="status">
      <Chip text={board.timeline.head?.source ?? 'no feed'} />
      <span class={`feed ${status.state}`}>{statusText(status)}</span>
      {refused === 0 ? null : <span class="warn">{refused} items unreadable</span>}
    </p>
  );
}

function statusText(status: FeedStatus): string {
  switch (status.state) {
    case 'connecting':
      return 'connecting …';
    case 'live':
      return 'live';
    case 'whole':
      return 'recorded';
    case 'reconnecting':
      return `connection lost; asking again in ${durationText(status.inMs)} (attempt ${status.attempt})`;
    case 'failed':
      return status.why;
  }
}

const schemes = ['auto', 'light', 'dark'] as const;
const schemeKey = 'quorate colours';

/** Light, dark, or as the reader's system has it. */
function Colours() {
  const scheme = useSignal(localStorage.getItem(schemeKey) ?? 'auto');
  document.documentElement.dataset.scheme = scheme.value;
  return (
    <label class="colours">
      <span class="sr">Colours</span>
      <select
        value={scheme.value}
        onChange={({ currentTarget }) => {
          scheme.value = currentTarget.value;
          localStorage.setItem(schemeKey, currentTarget.value);
        }}
      >
        {schemes.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
