/** Fetches charts, each once. They come with the page, from the same build. */

import { type ChartAsset, type ChartIndex, chartIndexPath, chartPath } from '../../model/chart-asset.ts';
import { addressOf } from '../browser.ts';

let index: Promise<ChartIndex> | undefined;
const charts = new Map<string, Promise<ChartAsset>>();

export function fetchIndex(): Promise<ChartIndex> {
  index ??= fetchJson<ChartIndex>(chartIndexPath);
  return index;
}

export function fetchChart(name: string): Promise<ChartAsset> {
  const known = charts.get(name) ?? fetchJson<ChartAsset>(chartPath(name));
  charts.set(name, known);
  return known;
}

async function fetchJson<Asset>(path: string): Promise<Asset> {
  const answer = await fetch(addressOf(path));
  if (!answer.ok) throw new Error(`expected ${path}, got ${answer.status}`);
  return answer.json();
}
