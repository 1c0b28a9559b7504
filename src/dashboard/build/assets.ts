/** The charts as files for the page: each laid out, with its transitions, its rules' sources, and what the documents say of it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { nameOf } from '../../../statecharts/actor/names.ts';
import { compositionOf } from '../../../statecharts/actor/step/guards.ts';
import { transitionsOf } from '../../../statecharts/actor/step/trace.ts';
import { drawingOf } from '../../charts/drawing.ts';
import { type Role, roles } from '../../charts/roles.ts';
import {
  type ChartAsset,
  type ChartIndex,
  type ChartTransition,
  chartIndexPath,
  chartPath,
} from '../model/chart-asset.ts';
import { keptLayoutOf } from './layouts.ts';
import { ruleSources } from './sources.ts';

/** The files, by their paths from the page. @param root the folder of the repository */
export async function chartAssets(root: string): Promise<Readonly<Record<string, string>>> {
  const assets = await assetsOf(root);
  return {
    [chartIndexPath]: JSON.stringify(indexOf(assets)),
    ...Object.fromEntries(assets.map((asset) => [chartPath(asset.name), JSON.stringify(asset)])),
  };
}

/** Every role's chart, with all that is told of it. */
export async function assetsOf(root: string): Promise<readonly ChartAsset[]> {
  const document = readFileSync(join(root, 'docs', 'protocols.md'), 'utf8');
  const assets: ChartAsset[] = [];
  for (const role of roles) assets.push(await assetOf(root, role, document));
  return assets;
}

/** What there is, with the first sentence of each. */
export const indexOf = (assets: readonly ChartAsset[]): ChartIndex =>
  assets.map(({ name, about }) => ({ name, title: about.replace(/\..*$/s, '.') }));

async function assetOf(root: string, { name, chart }: Role, document: string): Promise<ChartAsset> {
  const transitions = chartTransitions(chart);
  const names = new Set(Object.values(transitions).flatMap(({ actions, guards }) => [...actions, ...guards]));
  for (const node of nodesOf(chart.root)) {
    for (const action of [...node.entry, ...node.exit]) names.add(nameOf(action) ?? '');
  }
  return {
    name,
    ...described(document, name),
    machine: chart.id,
    layout: JSON.parse(await keptLayoutOf(root, drawingOf(chart))),
    transitions,
    rules: ruleSources(root, name, names),
  };
}

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...Object.values<AnyStateNode>(node.states).flatMap(nodesOf),
];

/** What the documents say of a role, under its heading, and of its protocol, under the heading above that. */
export function described(document: string, name: string): Pick<ChartAsset, 'about' | 'failures' | 'paper'> {
  const section = document.split(/^## /m).find((text) => text.includes(`### \`${name}\``)) ?? '';
  const paragraphs = section.split(`### \`${name}\``)[1]?.split('<!--')[0]?.trim().split('\n\n') ?? [];
  const [, paper = ''] = section.split('\n\n');
  return {
    about: plain(paragraphs[0] ?? ''),
    failures: plain(paragraphs.find((text) => text.startsWith('*How it fails')) ?? ''),
    paper: plain(paper.replace(/ How it is used: .*$/s, '')),
  };
}

/** Markdown without its marks. */
const plain = (text: string): string =>
  text
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/(?<!\w)\*|\*(?!\w)|`/g, '');

function chartTransitions(chart: AnyStateMachine): Record<string, ChartTransition> {
  const definitions = new Map(nodesOf(chart.root).flatMap((node) => definitionsAt(node)));
  return Object.fromEntries(
    [...transitionsOf(chart)].flatMap(([id, { event, source, targets, guard, rule, isIgnoring }]) => {
      const definition = definitions.get(id);
      if (isIgnoring || definition === undefined) return [];
      const told: ChartTransition = {
        event: eventText(event),
        source,
        targets,
        ...(guard === undefined ? {} : { guard }),
        guards: guardsIn(definition.guard),
        actions: definition.actions.flatMap((action) => nameOf(action) ?? []),
        ...(rule === undefined ? {} : { rule }),
      };
      return [[id, told]];
    }),
  );
}

const definitionsAt = (node: AnyStateNode): (readonly [string, AnyTransitionDefinition])[] =>
  [...[...node.transitions.values()], node.always ?? []].flatMap((group) =>
    group.map((definition, at) => [`${node.id} ${definition.eventType} ${at}`, definition] as const),
  );

function guardsIn(guard: unknown): readonly string[] {
  const composed = compositionOf(guard);
  if (composed !== undefined) return composed.parts.flatMap(guardsIn);
  const name = nameOf(guard);
  return name === undefined ? [] : [name];
}

/** A timer by its delay. */
const eventText = (event: string): string =>
  event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1').replace(/^xstate\.(\w+).*$/, '$1');
