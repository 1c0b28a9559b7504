/** What is to be played or checked, and what came of it. */

import { useSignal } from '@preact/signals';
import { mostNodes } from '../../model/playground-run.ts';
import type { Board } from '../board.ts';
import type { PlaygroundSource } from './source.ts';

interface SetupProps {
  readonly board: Board;
  readonly source: PlaygroundSource;
}

export function Setup({ board, source }: SetupProps) {
  const run = source.run.value;
  const choices = source.choices.value;
  const { isUnderWay, text, details } = source.outcome.value;
  const chosen = choices.find(({ name }) => name === run.protocol);
  const system = useSignal(0);
  const change = (part: Partial<typeof run>): void => {
    source.run.value = { ...source.run.value, ...part };
  };
  const play = (): void => {
    board.live();
    source.play({ ...source.run.value, edits: [] });
  };
  const check = (): void => {
    const { protocol, twin } = source.run.value;
    board.live();
    source.check({ protocol, system: system.value, ...(twin === undefined ? {} : { twin }) });
  };
  return (
    <form
      class="setup"
      aria-label="What is played"
      onSubmit={(event) => {
        event.preventDefault();
        play();
      }}
    >
      <label>
        Protocol
        <select
          value={run.protocol}
          onChange={({ currentTarget }) => {
            const { twin: _twin, ...rest } = source.run.value;
            source.run.value = { ...rest, protocol: currentTarget.value };
            system.value = 0;
          }}
        >
          {choices.map(({ name, about }) => (
            <option key={name} value={name} title={about}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        with
        <select
          value={run.twin ?? ''}
          onChange={({ currentTarget: { value } }) => {
            const { twin: _twin, ...rest } = source.run.value;
            source.run.value = value === '' ? rest : { ...rest, twin: value };
          }}
        >
          <option value="">no mistake</option>
          {(chosen?.twins ?? []).map(({ name, isSimulated, isChecked }) => (
            <option key={name} value={name}>
              {name} ({[isSimulated ? 'run' : '', isChecked ? 'check' : ''].filter((it) => it !== '').join(', ')})
            </option>
          ))}
        </select>
      </label>
      <Quantity
        name="Nodes"
        least={chosen?.minNodes ?? 1}
        most={mostNodes}
        value={run.nodes}
        onChange={(nodes) => change({ nodes })}
      />
      <Quantity name="Seed" least={0} most={2 ** 31 - 1} value={run.seed} onChange={(seed) => change({ seed })} />
      <label>
        <input
          type="checkbox"
          checked={run.isFaulty}
          onChange={({ currentTarget }) => change({ isFaulty: currentTarget.checked })}
        />
        random faults
      </label>
      <button type="submit">Run</button>
      <label>
        or a small model
        <select
          value={String(system.value)}
          disabled={run.twin !== undefined}
          onChange={({ currentTarget }) => {
            system.value = Number(currentTarget.value);
          }}
        >
          {(chosen?.systems ?? []).map((options, at) => (
            <option key={options} value={String(at)}>
              {options}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={check}>
        Check
      </button>
      {isUnderWay ? (
        <button type="button" onClick={() => source.stop()}>
          Stop
        </button>
      ) : null}
      <div class="result">
        <p role="status">{text}</p>
        {details === '' ? null : (
          <details>
            <summary>The whole result</summary>
            <pre>{details}</pre>
          </details>
        )}
      </div>
    </form>
  );
}

interface QuantityProps {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly value: number;
  onChange(value: number): void;
}

const Quantity = ({ name, least, most, value, onChange }: QuantityProps) => (
  <label>
    {name}
    <input
      type="number"
      min={least}
      max={most}
      step={1}
      required
      value={value}
      onChange={({ currentTarget }) => {
        if (currentTarget.validity.valid) onChange(currentTarget.valueAsNumber);
      }}
    />
  </label>
);
