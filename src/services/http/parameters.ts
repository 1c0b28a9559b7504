/** Query parameters: a route takes those that it names, and a misspelt one is an error, lest it change nothing in silence. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpRequestError } from './problems.ts';

/** As `onRequest` of a route: the parameters that it takes. */
export const takes = (...names: readonly string[]) =>
  async function refuseOtherParameters({ query }: FastifyRequest): Promise<void> {
    const other = Object.keys(Object(query)).find((name) => !names.includes(name));
    if (other === undefined) return;
    const known = names.length === 0 ? 'no parameters' : `no parameters but ${names.join(', ')}`;
    throw new HttpRequestError(
      400,
      'UNKNOWN_PARAMETER',
      `expected ${known}, got '${other}'`,
      names.length === 0
        ? 'leave it out'
        : `spell it as ${names.map((name) => `?${name}=...`).join(' or ')}, or leave it out`,
    );
  };

/** Has routes that say nothing about parameters take none. To be called before they are added. */
export function refuseUnknownParameters(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.onRequest ??= takes();
  });
}
