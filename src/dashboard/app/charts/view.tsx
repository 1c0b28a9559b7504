/** The chart of a role as it is drawn from its machine: where an actor stands in it, and the way it has just taken. */

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { activeIn } from '../../model/active-states.ts';
import type { ChartAsset, ChartIndex } from '../../model/chart-asset.ts';
import type { ActorNow, Moment } from '../../model/moment.ts';
import type { Board } from '../board.ts';
import { type BoardProps, Chip } from '../parts.tsx';
import { ActorPanel } from './actor-panel.tsx';
import { fetchChart, fetchIndex } from './assets.ts';
import { ChartPicture } from './picture.tsx';
import { RulePanel } from './rule-panel.tsx';
import { Stage } from './stage.tsx';

export function ChartsView({ board }: BoardProps) {
  const index = useSignal<ChartIndex>([]);
  const asset = useSignal<ChartAsset | undefined>(undefined);
  const failure = useSignal('');
  const picked = useSignal<string | undefined>(undefined);
  const moment = board.moment();
  const actor = actorShown(board, moment);
  const chart = actor?.chart ?? board.place.value.chart ?? index.value[0]?.name;
  useEffect(() => {
    fetchIndex().then(
      (found) => (index.value = found),
      () => (failure.value = 'The charts could not be fetched.'),
    );
  }, [index, failure]);
  useEffect(() => {
    picked.value = undefined;
    if (chart === undefined || index.value.length === 0) return;
    if (!index.value.some(({ name }) => name === chart)) {
      asset.value = undefined;
      failure.value = `'${chart}' is none of the charts that come with Quorate; its state is beside.`;
      return;
    }
    fetchChart(chart).then(
      (found) => {
        asset.value = found;
        failure.value = '';
      },
      () => (failure.value = 'The chart could not be fetched.'),
    );
  }, [chart, index.value]);
  const shown = asset.value?.name === chart ? asset.value : undefined;
  const taken = actor?.transition?.transitions.map(({ id }) => id) ?? [];
  const active = shown === undefined || actor === undefined ? [] : activeIn(shown.layout.root, actor.value);
  const pick = (ids: string): void => {
    picked.value = picked.value === ids ? undefined : ids;
  };
  const isFresh = actor?.transition !== undefined && actor.transition === actor.step;
  return (
    <div class="charts">
      <Chooser board={board} index={index.value} moment={moment} chart={chart} actor={actor} />
      <div class="pictured">
        {failure.value === '' ? null : <p class="empty">{failure.value}</p>}
        {shown === undefined ? null : (
          <Stage chart={shown.name} layout={shown.layout} active={active}>
            {(zoom) => (
              <ChartPicture
                layout={shown.layout}
                machine={shown.machine}
                zoom={zoom}
                active={active}
                taken={taken}
                isFresh={isFresh}
                picked={picked.value}
                onPick={pick}
              />
            )}
          </Stage>
        )}
      </div>
      <aside class="right" aria-label="About the actor and its chart">
        {actor === undefined ? null : <ActorPanel board={board} actor={actor} asset={shown} />}
        {shown === undefined ? null : (
          <RulePanel
            asset={shown}
            ids={picked.value?.split('|') ?? taken}
            isPicked={picked.value !== undefined}
            onPick={pick}
          />
        )}
      </aside>
    </div>
  );
}

/** The actor that is looked at; where it is not there, another of the same chart. */
function actorShown(board: Board, moment: Moment): ActorNow | undefined {
  const { actor, chart } = board.place.value;
  const all = [...moment.actors.values()];
  const found = all.find((it) => it.actor === actor);
  if (found !== undefined || chart === undefined)
    return found ?? (chart === undefined && actor === undefined ? all[0] : undefined);
  const alike = all.filter((it) => it.chart === chart);
  return actor === undefined ? alike[0] : undefined;
}

interface ChooserProps {
  readonly board: Board;
  readonly index: ChartIndex;
  readonly moment: Moment;
  readonly chart: string | undefined;
  readonly actor: ActorNow | undefined;
}

/** So many actors of one chart can be chosen; the others are reached from the cluster's view. */
const maxActors = 50;

function Chooser({ board, index, moment, chart, actor }: ChooserProps) {
  const actors = [...moment.actors.values()];
  const names = [...new Set([...index.map(({ name }) => name), ...actors.map((it) => it.chart)])];
  const live = names.filter((name) => actors.some((it) => it.chart === name));
  const alike = actors.filter((it) => it.chart === chart).slice(0, maxActors);
  const wanted = board.place.value.actor;
  return (
    <div class="chooser">
      <label>
        Chart{' '}
        <select
          aria-label="Chart"
          value={chart ?? ''}
          onChange={({ currentTarget }) => {
            const { actor: _actor, ...place } = board.place.value;
            board.place.value = { ...place, chart: currentTarget.value };
            board.go({});
          }}
        >
          <optgroup label="In this cluster">
            {live.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </optgroup>
          <optgroup label="Others">
            {names.map((name) => (live.includes(name) ? null : <option key={name}>{name}</option>))}
          </optgroup>
        </select>
      </label>
      <div class="buttons">
        {alike.map((it) => (
          <button
            key={it.actor}
            type="button"
            aria-pressed={it === actor}
            onClick={() => board.go({ chart: it.chart, actor: it.actor })}
          >
            {it.actor} {it.role === undefined ? null : <Chip text={it.role} />}
          </button>
        ))}
        {alike.length === 0 ? <span class="dim">No actor of this chart lives.</span> : null}
        {wanted !== undefined && actor === undefined ? <span class="warn">{wanted} is not there now.</span> : null}
      </div>
    </div>
  );
}
