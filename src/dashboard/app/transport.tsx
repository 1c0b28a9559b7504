/** The controls of time: back, play, step, live; a slider over the history, with what stands out on it. */

import { speeds } from '../model/playback.ts';
import type { Board } from './board.ts';
import type { BoardProps } from './parts.tsx';

/** So many marks are drawn at most; where there are more, some that are near to others are left out. */
const maxMarks = 200;

export function Transport({ board }: BoardProps) {
  const position = board.position();
  const { first, end } = board.timeline;
  const { mode } = board.playback.value;
  const isRecorded = board.status.value.state === 'whole';
  return (
    <section class="transport" aria-label="Time">
      <div class="buttons">
        <button
          type="button"
          onClick={() => board.toMark(-1)}
          aria-label="To the previous mark"
          title="Previous mark (Shift ←)"
        >
          ⇤
        </button>
        <button type="button" onClick={() => board.step(-1)} aria-label="Back one step" title="Back (←)">
          ◀
        </button>
        <button type="button" class="play" onClick={() => board.playOrPause()} title="Play or pause (space)">
          {mode === 'playing' ? 'Pause' : 'Play'}
        </button>
        <button type="button" onClick={() => board.step(1)} aria-label="Forward one step" title="Step (→)">
          ▶
        </button>
        <button type="button" onClick={() => board.toMark(1)} aria-label="To the next mark" title="Next mark (Shift →)">
          ⇥
        </button>
        <button
          type="button"
          class="live"
          aria-pressed={mode === 'live'}
          onClick={() => board.live()}
          title="Newest (End)"
        >
          {isRecorded ? 'End' : 'Live'}
        </button>
        <label>
          <span class="sr">Speed</span>
          <select
            value={board.speed.value}
            onChange={({ currentTarget }) => board.setSpeed(Number(currentTarget.value))}
          >
            {speeds.map((speed) => (
              <option key={speed} value={speed}>
                {speed}×
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="track">
        <Marks board={board} />
        <input
          type="range"
          aria-label="Position in the history"
          aria-valuetext={`${timeText(board)}, item ${position} of ${end}`}
          min={first}
          max={end}
          value={position}
          onInput={({ currentTarget }) => board.seek(Number(currentTarget.value))}
        />
      </div>
      <p class="now">
        <strong>{timeText(board)}</strong>
        <span>
          {position} / {end}
          {first > 0 ? `, from ${first}: older items are gone` : ''}
        </span>
        <span class="what">{whatText(board)}</span>
      </p>
    </section>
  );
}

function Marks({ board }: BoardProps) {
  const { first, end } = board.timeline;
  const all = board.timeline.marks();
  const every = Math.ceil(all.length / maxMarks);
  const marks = all.filter(({ kind }, at) => every === 1 || kind === 'violation' || at % every === 0);
  return (
    <svg class="marks" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {marks.map(({ position, kind }) => {
        const x = (1000 * (position - first)) / Math.max(1, end - first);
        return <line key={position} class={kind} x1={x} x2={x} y1={0} y2={10} />;
      })}
    </svg>
  );
}

/** When the position is: by the clock for nodes that run, else as the run counts. */
function timeText(board: Board): string {
  const atMs = board.atMs();
  const source = board.timeline.head?.source;
  if (source === 'check') return `step ${atMs}`;
  if (source === 'simulation') return `${(atMs / 1_000).toFixed(3)} s`;
  return atMs === 0 ? '' : new Date(atMs).toISOString().slice(11, 23);
}

/** What has just happened. */
function whatText(board: Board): string {
  const item = board.timeline.item(board.position() - 1);
  if (item === undefined || board.playback.value.mode === 'live') return '';
  switch (item.type) {
    case 'step':
      return `${item.actor} takes in ${item.cause.type} from ${item.from}`;
    case 'sent':
      return `${item.from} sends ${item.message.type} to ${item.to}`;
    case 'lost':
      return `${item.message.type} from ${item.from} to ${item.to} is lost: ${item.reason}`;
    case 'arrived':
      return `${item.to} takes a message in`;
    case 'operation':
      return `${item.client} ${item.phase}: ${item.text}`;
    case 'fault':
      return item.isActive ? item.text : `over: ${item.text}`;
    case 'down':
      return `${item.node} down: ${item.reason}`;
    case 'violation':
      return `violated: ${item.claim}`;
    case 'summary':
      return item.reason;
    case 'peer':
      return `${item.node} finds ${item.peer} ${item.status}`;
    case 'actor':
    case 'gone':
    case 'flushed':
      return `${item.actor} ${item.type === 'actor' ? 'is there' : item.type}`;
    case 'up':
    case 'paused':
    case 'resumed':
      return `${item.node} ${item.type}`;
  }
}
