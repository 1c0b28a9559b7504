/** The message that was chosen: what it says, how it fared, and what led to it and followed of it. */

import type { ItemOf } from '../../model/moment.ts';
import type { Cone } from '../../model/space-time/causes.ts';
import type { Board } from '../board.ts';
import { Panel } from '../parts.tsx';
import { Value } from '../value.tsx';

interface MessageProps {
  readonly board: Board;
  readonly sent: ItemOf<'sent'>;
  readonly cone: Cone;
  onChoose(sent: string): void;
}

/** Messages of a list that are named. */
const maxNamed = 30;

export function MessagePanel({ board, sent, cone, onChoose }: MessageProps) {
  const { timeline } = board;
  const arrival = timeline.arrivalOf(sent.id);
  const step = arrival?.step;
  const fate =
    arrival !== undefined
      ? `taken in ${laterText(board, arrival.atMs - sent.atMs)} later`
      : timeline.isLost(sent.id)
        ? 'lost'
        : 'under way, or not told of';
  const { type, ...content } = sent.message;
  return (
    <Panel title={type} note={`${sent.from} to ${sent.to}, ${fate}`}>
      <Value value={content} isOpen />
      {arrival !== undefined && step === undefined ? (
        <p class="note">A service took it in, which is no actor and takes no steps.</p>
      ) : null}
      {step === undefined ? null : (
        <p class="note">
          It led to{' '}
          {step.transitions.length === 0
            ? 'no transition'
            : step.transitions.map(({ id, rule }) => (rule === undefined ? id : `${id} (${rule})`)).join(', ')}
          {step.effects.length === 0 ? '' : `; ${step.effects.join(', ')}`}.
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={() => board.seek((timeline.placeOf(sent.id) ?? 0) + 1)}>
          To its departure
        </button>
        {arrival === undefined ? null : (
          <button type="button" onClick={() => board.seek(arrival.place + 1)}>
            To its arrival
          </button>
        )}
      </div>
      <Messages title="Causes" board={board} ids={cone.causes} onChoose={onChoose} />
      <Messages title="Effects" board={board} ids={cone.effects} onChoose={onChoose} />
    </Panel>
  );
}

const laterText = (board: Board, ms: number): string =>
  board.timeline.head?.source === 'check' ? `${ms} steps` : `${ms.toFixed(1)} ms`;

interface MessagesProps {
  readonly title: string;
  readonly board: Board;
  readonly ids: Iterable<string>;
  onChoose(sent: string): void;
}

/** Messages by name, each to be chosen: also the way to them without a pointer. */
export function Messages({ title, board, ids, onChoose }: MessagesProps) {
  const all = [...ids];
  const named = all.slice(0, maxNamed).flatMap((id) => {
    const place = board.timeline.placeOf(id);
    const item = place === undefined ? undefined : board.timeline.item(place);
    return item?.type === 'sent' ? [item] : [];
  });
  return (
    <details class="messages" open={named.length > 0 && title !== 'In this window'}>
      <summary>
        {title} <span class="dim">{all.length}</span>
      </summary>
      <ol class="lines">
        {named.map((item) => (
          <li key={item.id}>
            <button type="button" class="link" onClick={() => onChoose(item.id)}>
              {item.message.type}
            </button>{' '}
            <span class="dim">
              {item.from.split('/')[0]} to {item.to.split('/')[0]}
            </span>
          </li>
        ))}
        {all.length > named.length ? <li class="dim">and {all.length - named.length} more</li> : null}
      </ol>
    </details>
  );
}
