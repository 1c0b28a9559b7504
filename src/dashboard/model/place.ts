/** What the fragment of the page's URL says: the view and the moment, so that it can be shared. A token is kept, and never shared. */

/** Where a page is. */
export interface Place {
  readonly view: string;
  /** The position on the time line; undefined follows what happens. */
  readonly at?: number;
  /** The actor that is looked at. */
  readonly actor?: string;
  /** The chart that is looked at. */
  readonly chart?: string;
}

/** Reads a fragment, with or without its `#`. What it does not say, or says wrongly, is as on a page that was just opened. */
export function readPlace(fragment: string, views: readonly string[]): Place & { readonly token?: string } {
  const said = new URLSearchParams(fragment.replace(/^#/, ''));
  const view = said.get('view') ?? '';
  const at = Number(said.get('at') ?? Number.NaN);
  const [actor, chart, token] = [said.get('actor'), said.get('chart'), said.get('token')];
  return {
    view: views.includes(view) ? view : (views[0] ?? ''),
    ...(Number.isSafeInteger(at) && at >= 0 ? { at } : {}),
    ...(actor === null ? {} : { actor }),
    ...(chart === null ? {} : { chart }),
    ...(token === null || token === '' ? {} : { token }),
  };
}

/** The fragment that says `place`, without its `#`. Addresses stay readable. */
export function fragmentOf({ view, at, actor, chart }: Place): string {
  const said = new URLSearchParams({ view });
  if (at !== undefined) said.set('at', String(at));
  if (actor !== undefined) said.set('actor', actor);
  if (chart !== undefined) said.set('chart', chart);
  return said.toString().replaceAll('%2F', '/');
}
