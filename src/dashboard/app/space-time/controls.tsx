/** What of the history the diagram shows: how much time, which messages, and of which roles and actors. */

import type { Signal } from '@preact/signals';

/** What a person chose of the diagram. */
export interface Choice {
  /** How much time the window holds, in the feed's milliseconds. */
  readonly spanMs: number;
  /** Where the window begins; left out where it follows the position. */
  readonly fromMs?: number | undefined;
  readonly hiddenTypes: ReadonlySet<string>;
  /** Of roles and charts, empty for all. */
  readonly role: string;
  readonly chart: string;
  readonly text: string;
  /** The message that is looked at. */
  readonly sent?: string | undefined;
}

interface ControlsProps {
  readonly choice: Signal<Choice>;
  readonly types: readonly string[];
  readonly roles: readonly string[];
  readonly charts: readonly string[];
  readonly spanText: string;
}

/** Zooming beyond shows nothing any more, or all. */
const leastSpanMs = 0.5;
const mostSpanMs = 3_600_000;

/** `choice`, with `factor` times as much time around `aroundMs`; around the middle where the window follows the position. */
export function zoomed(choice: Choice, factor: number, aroundMs?: number): Choice {
  const spanMs = Math.min(mostSpanMs, Math.max(leastSpanMs, choice.spanMs * factor));
  if (choice.fromMs === undefined) return { ...choice, spanMs };
  const around = aroundMs ?? choice.fromMs + choice.spanMs / 2;
  return { ...choice, spanMs, fromMs: around - ((around - choice.fromMs) * spanMs) / choice.spanMs };
}

export function Controls({ choice, types, roles, charts, spanText }: ControlsProps) {
  const { hiddenTypes, role, chart, text, fromMs } = choice.value;
  const set = (change: Partial<Choice>): void => {
    choice.value = { ...choice.value, ...change };
  };
  const toggle = (type: string): void => {
    const hidden = new Set(hiddenTypes);
    if (!hidden.delete(type)) hidden.add(type);
    set({ hiddenTypes: hidden });
  };
  return (
    <div class="space-time-controls">
      <div class="buttons">
        <button
          type="button"
          aria-label="Show less time"
          title="Show less time"
          onClick={() => set(zoomed(choice.value, 0.5))}
        >
          +
        </button>
        <button
          type="button"
          aria-label="Show more time"
          title="Show more time"
          onClick={() => set(zoomed(choice.value, 2))}
        >
          −
        </button>
        <span class="number">{spanText}</span>
        <button type="button" aria-pressed={fromMs === undefined} onClick={() => set({ fromMs: undefined })}>
          Follow
        </button>
        <Selection label="Role" names={roles} chosen={role} onChoose={(name) => set({ role: name })} />
        <Selection label="Actors" names={charts} chosen={chart} onChoose={(name) => set({ chart: name })} />
        <label>
          With{' '}
          <input
            type="search"
            size={14}
            placeholder="key, id, ..."
            value={text}
            onInput={({ currentTarget }) => set({ text: currentTarget.value })}
          />
        </label>
      </div>
      <fieldset class="buttons types">
        <legend class="sr">Messages that are shown</legend>
        {types.map((type) => (
          <button
            key={type}
            type="button"
            class={`chip type ${toneOfType(type, types)}`}
            aria-pressed={!hiddenTypes.has(type)}
            onClick={() => toggle(type)}
          >
            {type}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

interface SelectionProps {
  readonly label: string;
  readonly names: readonly string[];
  readonly chosen: string;
  onChoose(name: string): void;
}

/** One of `names`, or all. What is chosen can be seen, and given up, where none has that name any more. */
function Selection({ label, names, chosen, onChoose }: SelectionProps) {
  const isGone = chosen !== '' && !names.includes(chosen);
  return (
    <label>
      {label}{' '}
      <select value={chosen} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">all</option>
        {[...names, ...(isGone ? [chosen] : [])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** Colours repeat after so many types. */
const tones = 8;

/** The colour of a type of message, which stays as long as the same types are there. */
export function toneOfType(type: string, types: readonly string[]): string {
  const at = [...types].sort().indexOf(type);
  return `tone${(at < 0 ? 0 : at) % tones}`;
}
