/** Refuses models that cannot be run as they were written, before anything runs. */

import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';

/** @throws ModelError, RefusedInputError for a request that its actor does not take */
export function checkModel<History>(model: Model<History>, nodes: readonly string[]): void {
  const addresses = model.actors.map(({ address }) => address);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw new ModelError(`two actors of model '${model.name}' have the address '${twice}'`);
  if (addresses.length === 0) throw new ModelError(`model '${model.name}' has no actors`);
  for (const { actor, request } of model.requests ?? []) {
    const asked = model.actors.find(({ address }) => address === actor);
    if (asked === undefined) throw new ModelError(`'${request.type}' is asked of '${actor}', which the model lacks`);
    asked.definition.parseRequest(request);
  }
  const stray = model.crashes?.nodes?.find((node) => !nodes.includes(node));
  if (stray !== undefined) throw new ModelError(`crashes.nodes names '${stray}'; nodes: ${nodes.join(', ')}`);
  const reader = model.actors.find(({ definition }) => definition.readsTime);
  if (reader !== undefined && model.clock === undefined) {
    throw new ModelError(`'${reader.address}' reads time; give the model a 'clock'`);
  }
}
